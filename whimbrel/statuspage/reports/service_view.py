"""What the page of a service shows, every text ready in one language. Pure but for outlines and names, read once.

Promises: every figure of a drawing stands in a table too, and what is not measured is said to be.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from whimbrel.statuspage.detection.surge import ALARM_DECADES
from whimbrel.statuspage.pages import svg
from whimbrel.statuspage.pages.language import Words
from whimbrel.statuspage.reports import drawing, places
from whimbrel.statuspage.reports.assessing import SurgeSeen
from whimbrel.statuspage.reports.front import Said, disagreement
from whimbrel.statuspage.reports.public import WIDTHS, Overview, Share
from whimbrel.statuspage.reports.series import Bin
from whimbrel.statuspage.reports.words import kind_words
from whimbrel.statuspage.values import State

PLACES_FIRST: Final = 10
"""Countries that the table shows at once; the others are unfolded."""
LATE_MINUTES: Final = 5
"""A minute is judged within two of its end; when the newest that was is this old, something stands still."""
_MINUTE_MS: Final = 60_000
STATE_OF: Final[dict[str, State]] = {
    "none": "operational",
    "weak": "operational",
    "moderate": "degraded_performance",
    "strong": "partial_outage",
    "unknown": "unknown",
}
"""With which of the page's marks a crowd is shown."""


class Line(NamedTuple):
    """A row of a table: a name, a count, a share."""

    name: str
    number: str
    share: str


class Standing(NamedTuple):
    """How a service stands: a state for the mark, a sentence, since when, and whether its own page disagrees."""

    id: str
    name: str
    state: State
    word: str
    since: str
    disagreement: str


def standing(texts: Words, said: Said, now_ms: int) -> Standing:
    """How a service stands. What was not judged lately is not called well."""
    late = now_ms // _MINUTE_MS - said.minute > LATE_MINUTES
    state = "unknown" if late else said.state
    seen = said.standing.seen if said.standing is not None and state not in ("none", "unknown") else None
    denied = disagreement(said) if state != "unknown" else None
    return Standing(
        said.service.id,
        said.service.name,
        STATE_OF[state],
        texts(f"crowd.{state}"),
        texts("state.since", moment=_moment(texts, seen.since)) if seen is not None else "",
        texts("disagreement", clock=texts.clock(denied.since * _MINUTE_MS)) if denied is not None else "",
    )


def shown(texts: Words, found: Overview, names: Mapping[str, str], now_ms: int) -> dict[str, Any]:
    """The values of the template. `names`: what each service is called, by id."""
    said = found.said
    countries = [_line(texts, places.name_of(one[0], texts.language), one) for one in found.countries]
    return {
        "standing": standing(texts, said, now_ms),
        "page": _page(texts, said),
        "page_error": said.page.error if said.page is not None else "",
        "counted": texts(f"counted.{found.days}", n=texts.number(found.total)),
        "days": found.days,
        "spans": [(days, texts(f"span.{days}")) for days in WIDTHS],
        "chart": _chart(texts, found),
        "bins": [_row(texts, one) for one in reversed(found.bins)],
        "kinds": [_line(texts, kind_words(one[0], texts), one) for one in found.kinds],
        "world": drawing.world({code: count for code, count, _ in found.countries}, texts),
        "places": countries[:PLACES_FIRST],
        "places_more": countries[PLACES_FIRST:],
        "rest": texts("where.rest", n=texts.number(len(countries[PLACES_FIRST:]))),
        "evidence": _evidence(texts, said),
        "doubts": _doubts(texts, said),
        "bystander": _bystander(texts, said, names),
        "surges": [_surge(texts, one, has_page=said.service.page_url is not None) for one in found.surges],
        "notes": [
            (note.at_ms, places.name_of(places.code_of(note.place), texts.language) if note.place else "", note.words)
            for note in found.notes
        ],
    }


def _page(texts: Words, said: Said) -> str:
    """What the service's own page says."""
    if said.service.page_url is None:
        return ""
    if said.page is None or said.page.indicator is None:
        return "" if said.page is not None and said.page.error else texts("page.unread")
    words = said.page.description or said.page.indicator
    return texts("page.says", words=words, moment=texts.moment(said.page.since_ms))


def _chart(texts: Words, found: Overview) -> str:
    bins = found.bins
    columns = [svg.Column(one.minute * _MINUTE_MS, one.reports, one.expected, one.measured) for one in bins]
    first_ms, last_ms = columns[0].at_ms, (found.said.minute + 1) * _MINUTE_MS
    edge = texts.clock if found.days == 1 else texts.date
    top = texts.number(svg.tallest(columns), 1)
    return svg.columns(
        columns,
        id_="reports",
        title=texts("chart.title", name=found.said.service.name, span=texts(f"span.{found.days}")),
        description=_described(texts, bins, {"from": texts.moment(first_ms), "until": texts.moment(last_ms)}),
        labels=(top, texts.number(0), edge(first_ms), edge(last_ms)),
    )


def _described(texts: Words, bins: Sequence[Bin], span: dict[str, str]) -> str:
    most = max(bins, key=lambda one: one.reports)
    if not most.reports:
        return texts("chart.none", **span)
    figures = {"most": texts.number(most.reports), "usual": texts.number(most.expected, 1)}
    return texts("chart.text", moment=_moment(texts, most.minute), **figures, **span)


def _row(texts: Words, one: Bin) -> tuple[int, str, str, str]:
    """When a bin begins, its reports, what is usual, how much of it was measured."""
    nothing = not one.measured and not one.reports
    reports, usual = ("–", "–") if nothing else (texts.number(one.reports), texts.number(one.expected, 1))
    return one.minute * _MINUTE_MS, reports, usual, texts.share(one.measured)


def _line(texts: Words, name: str, one: Share) -> Line:
    return Line(name, texts.number(one[1]), texts.share(one[2]))


def _evidence(texts: Words, said: Said) -> list[str]:
    reading = said.standing.reading if said.standing is not None else None
    if reading is None:
        return [texts("evidence.none")]
    counts = {"counted": texts.number(reading.seen, 1), "expected": texts.number(reading.expected, 2)}
    return [
        texts("evidence.counted", clock=texts.clock(reading.minute * _MINUTE_MS), **counts),
        texts("evidence.score", score=texts.number(reading.score, 1), alarm=texts.number(ALARM_DECADES, 1)),
    ]


def _doubts(texts: Words, said: Said) -> tuple[str, list[str]] | None:
    """How much reports count for that look made, and why; None when nothing is held against them."""
    weighing = said.standing.weighing if said.standing is not None else None
    if weighing is None or not weighing.reasons:
        return None
    reasons = [
        texts(
            f"doubt.{one.sign}",
            most=texts.number(one.reports),
            of=texts.number(one.of),
            share=texts.share(one.reports / one.of),
            allowed=texts.share(one.allowed),
        )
        for one in weighing.reasons
    ]
    return texts("doubts", share=texts.share(weighing.weight)), reasons


def _bystander(texts: Words, said: Said, names: Mapping[str, str]) -> tuple[str, str, str] | None:
    """That it is another service's trouble: a sentence, the service's id, and its name."""
    seen = said.standing.seen if said.standing is not None else None
    if seen is None or not seen.of:
        return None
    return texts("bystander", share=texts.share(seen.confidence)), seen.of, names.get(seen.of, seen.of)


def _surge(texts: Words, one: SurgeSeen, *, has_page: bool) -> tuple[str, str, str, str]:
    """Since when, until when, the most in a minute, when their own page said so."""
    until = texts("surge.on") if one.until is None else _moment(texts, one.until)
    return _moment(texts, one.since), until, texts.number(one.peak, 1), _lag(texts, one, has_page=has_page)


def _lag(texts: Words, one: SurgeSeen, *, has_page: bool) -> str:
    if not has_page:
        return texts("surge.no_page")
    if one.lag_ms is None:
        return texts("surge.not_yet" if one.until is None else "surge.never")
    return texts("surge.before") if one.lag_ms < 0 else texts.duration(one.lag_ms)


def _moment(texts: Words, minute: int) -> str:
    return texts.moment(minute * _MINUTE_MS)
