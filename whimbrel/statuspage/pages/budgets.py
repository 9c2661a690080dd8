"""Error budgets as a page and as JSON: what is promised of each part, what went badly, what is left. Pure.

The figures are those of which burn alerts are made (detection/burn.py); what nobody counted is not there.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from whimbrel.statuspage.detection.burn import PERIOD_MINUTES
from whimbrel.statuspage.pages import sentences
from whimbrel.statuspage.pages.charts import seconds_text
from whimbrel.statuspage.pages.language import Words
from whimbrel.statuspage.pages.look import Look
from whimbrel.statuspage.v2.shapes import time
from whimbrel.statuspage.watching.slo import Budget

DAYS: Final = PERIOD_MINUTES // 1_440
_HOUR_SECONDS: Final = 3_600


class Row(NamedTuple):
    """One promise in words."""

    promise: str
    counted: str
    spent: str
    left: str
    burn: str


Group = tuple[str, str, Sequence[Row]]
"""A part's name, the path of its page (empty on that page itself), its promises."""


def of_all(words: Words, look: Look) -> list[Group]:
    """Every part of the page of which anything was counted, in the page's order."""
    names = sentences.names_in(words, look.shown.components)
    found = [(names[one.id], one.id, _rows(words, look.budgets, one.id)) for one in look.shown.components]
    return [group for group in found if group[2]]


def of_part(words: Words, look: Look, component: str) -> list[Group]:
    """The promises of one part, for its own page."""
    rows = _rows(words, look.budgets, component)
    return [("", "", rows)] if rows else []


def document(look: Look) -> dict[str, Any]:
    """The same as JSON: shares between 0 and 1, times in seconds, `burn` null while no whole hour was measured."""
    return {
        "at": time(look.now_ms),
        "window_seconds": 60 * PERIOD_MINUTES,
        "budgets": [
            {
                "component": one.component,
                "indicator": one.sli,
                "objective": one.objective,
                "limit_seconds": one.limit_seconds,
                "counted_since": time(one.since_ms),
                "bad": one.bad,
                "total": one.total,
                "allowed": round(one.allowed, 3),
                "spent": round(one.spent, 6),
                "remaining": round(one.left, 6),
                "burn": None if one.burn is None else round(one.burn, 3),
                "burn_window_seconds": _HOUR_SECONDS,
            }
            for one in look.budgets
        ],
    }


def _rows(words: Words, budgets: Iterable[Budget], component: str) -> list[Row]:
    return [_row(words, one) for one in budgets if one.component == component]


def _row(words: Words, one: Budget) -> Row:
    limit = "" if one.limit_seconds is None else seconds_text(words, one.limit_seconds)
    return Row(
        promise=f"{words(f'budget.{one.sli}', limit=limit)}: {words.share(one.objective, 3)}",
        counted=words(
            "budget.counted",
            bad=words.number(one.bad),
            total=words.number(one.total),
            moment=words.moment(one.since_ms),
        ),
        spent=words.share(one.spent, 1),
        left=words.share(one.left, 1),
        burn="–" if one.burn is None else words("budget.burn", burn=words.number(one.burn, 1)),
    )
