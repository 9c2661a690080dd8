"""Each page as a template and its values, for who serves it and for who writes copies of it. Pure."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from whimbrel.kernel.limits import HISTORY_TOLD_PER_PAGE
from whimbrel.statuspage.board.uptime import DAY_MS, with_gaps
from whimbrel.statuspage.pages import badge, budgets, sentences, svg, views
from whimbrel.statuspage.pages.charts import Figures, charts
from whimbrel.statuspage.pages.language import Words
from whimbrel.statuspage.pages.look import NO_PAST, PAST_DAYS, Look
from whimbrel.statuspage.pages.rule import rule
from whimbrel.statuspage.v2.routes import documents
from whimbrel.statuspage.values import Component, Incident, Maintenance

RECENT_DAYS: Final = 14
_SPANS_MAX: Final = 50
SEEN: Final = "<!--seen-->"
"""Stands in a page where it says when we last looked: that alone differs from one answer to the next."""

Told = Incident | Maintenance


class Making(NamedTuple):
    """What a page is made of."""

    template: str
    values: dict[str, Any]


def front(words: Words, look: Look) -> Making:
    """The state of all, what is going on, every part, what is planned, what was."""
    names = views.names_of(words, look.shown)
    going_on = [one for one in look.shown.incidents if one.status not in views.OVER]
    planned = [one for one in look.shown.maintenances if one.status not in views.OVER]
    recent_ms = look.now_ms - RECENT_DAYS * DAY_MS
    recent = [one for one in told(look) if one.status in views.OVER and began_ms(one) >= recent_ms]
    state = views.overall(look)
    return Making(
        "front.html",
        {
            **_of(words, look),
            "state": state,
            "headline": words(f"overall.{views.headline(look, state)}"),
            "stories": [views.incident(words, one, names, look.now_ms) for one in going_on],
            "windows": [views.window(words, one, names) for one in sorted(planned, key=lambda one: one.scheduled_ms)],
            "groups": views.groups(words, look),
            "recent": [views.told(words, one, names, look.now_ms) for one in recent],
            "days": PAST_DAYS,
        },
    )


def history(words: Words, look: Look, page: Sequence[Told], *, older_ms: int | None, first: bool) -> Making:
    """A page of what happened. `older_ms`: before when the next one begins, or None when this is the last."""
    names = views.names_of(words, look.shown)
    stories = [views.told(words, one, names, look.now_ms) for one in page]
    return Making("history.html", {**_of(words, look), "stories": stories, "older_ms": older_ms, "first": first})


def story(words: Words, look: Look, one: Told) -> Making:
    """An incident's or a window's own page."""
    found = views.told(words, one, views.names_of(words, look.shown), look.now_ms)
    return Making("incident.html", {**_of(words, look), "story": found})


def component(words: Words, look: Look, one: Component, figures: Sequence[Figures]) -> Making:
    """A part's own page."""
    past = look.past.get(one.id, NO_PAST)
    names = views.names_of(words, look.shown)
    concerning = [incident for incident in told(look) if one.id in incident.components]
    days = [(look.now_ms - back * DAY_MS, day) for back, day in enumerate(reversed(past.days))]
    spans = [span for span in reversed(with_gaps(past.spans)) if span.until_ms > span.from_ms][:_SPANS_MAX]
    return Making(
        "component.html",
        {
            **_of(words, look),
            "part": views.part(words, look, one),
            "group": sentences.group_name(words, one.group) if one.group else "",
            "past": [(at_ms, day) for at_ms, day in days],
            "spans": spans,
            "charts": charts(words, figures),
            "budgets": budgets.of_part(words, look, one.id),
            "stories": [views.told(words, incident, names, look.now_ms) for incident in concerning],
            "days": PAST_DAYS,
        },
    )


def error_budgets(words: Words, look: Look) -> Making:
    """What is promised of every part, and what is left of it."""
    return Making("budgets.html", {**_of(words, look), "budgets": budgets.of_all(words, look), "days": budgets.DAYS})


def published_rule(words: Words, look: Look) -> Making:
    """The rule by which all of it is decided."""
    return Making("rule.html", {**_of(words, look), "rule": rule(words, look.thresholds)})


def api(words: Words, look: Look) -> Making:
    """What programs find here."""
    paths = list(documents())
    shapes = [path for path in paths if path.startswith("api/")]
    feeds = [path for path in paths if not path.startswith("api/")]
    badges = [badge.PATH, *(badge.path_of(component.id) for component in look.shown.components)]
    return Making("api.html", {**_of(words, look), "shapes": shapes, "feeds": feeds, "badges": badges})


def told(look: Look) -> list[Told]:
    """Incidents and windows that have begun, as one story, newest first."""
    windows = [one for one in look.shown.maintenances if one.status != "scheduled"]
    return sorted((*look.shown.incidents, *windows), key=lambda one: -began_ms(one))


def first_page(look: Look) -> tuple[list[Told], int | None]:
    """The newest page of the history, and before when the next one begins."""
    return paged(told(look))


def paged(found: Sequence[Told]) -> tuple[list[Told], int | None]:
    """The first HISTORY_TOLD_PER_PAGE, and before when the next page begins; None when there is none."""
    page = list(found[:HISTORY_TOLD_PER_PAGE])
    return page, began_ms(page[-1]) if len(found) > len(page) else None


def began_ms(one: Told) -> int:
    """By what the history is ordered."""
    return one.created_ms if isinstance(one, Incident) else one.scheduled_ms


def _of(words: Words, look: Look) -> dict[str, Any]:
    blind = words("seen.blind", moment=words.moment(look.seen_ms)) if look.seen_ms else words("seen.never")
    return {
        "look": look,
        "blind": blind if look.blind else "",
        "away": words("seen.away", clock="{clock}"),
        "live": True,
        "svg": svg,
        "now_ms": look.now_ms,
    }
