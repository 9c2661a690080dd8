"""From a look to what a template shows: every text ready in one language, nothing left to decide. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from whimbrel.statuspage.board.uptime import DAY_MS, Parts
from whimbrel.statuspage.book.history import BY_ITSELF
from whimbrel.statuspage.incidents.windows import rule_of
from whimbrel.statuspage.pages import sentences, svg
from whimbrel.statuspage.pages.language import Words
from whimbrel.statuspage.pages.look import NO_PAST, PAST_DAYS, Look
from whimbrel.statuspage.v2.shapes import Shown
from whimbrel.statuspage.values import Component, Impact, Incident, Maintenance, State, Update, Verdict, worst

_STATE_OF: Final[Mapping[Impact, State]] = {
    "none": "operational",
    "maintenance": "operational",
    "minor": "degraded_performance",
    "major": "partial_outage",
    "critical": "major_outage",
}
_TOLD_DAYS_MAX: Final = 12
OVER: Final = ("resolved", "postmortem", "completed")


class Said(NamedTuple):
    """One entry of an incident's story: an update, or a promise that was not kept (then without a body)."""

    id: str
    kind: str
    title: str
    body: str
    at_ms: int
    edited: str = ""
    by: str = ""


class Story(NamedTuple):
    """An incident or a maintenance window. `facts`: pairs of a label and a text; `said`: newest first."""

    id: str
    name: str
    kind: str
    status: str
    impact: str
    began_ms: int
    over: bool
    written: bool
    summary: str
    lag: str
    promise: str
    components: Sequence[tuple[str, str]]
    said: Sequence[Said]
    facts: Sequence[tuple[str, str]]


class Part(NamedTuple):
    """A component as it stands now."""

    id: str
    name: str
    text: str
    state: State
    word: str
    since: str
    reasons: Sequence[tuple[str, str]]
    disagreement: str
    waiting: str
    bars: str
    uptime: str
    measured: str


class Group(NamedTuple):
    """Components under one name; the name may be empty."""

    name: str
    parts: Sequence[Part]


class Names(NamedTuple):
    """What components are called: in the reader's language, and as incidents are named in English."""

    here: Mapping[str, str]
    english: Mapping[str, str]


def names_of(words: Words, shown: Shown) -> Names:
    """Of everything that is shown."""
    english = {component.id: component.name for component in shown.components}
    return Names(sentences.names_in(words, shown.components), english)


def overall(look: Look) -> State:
    """The state of all: the worst part, or what people say in an incident when that is worse."""
    told = [_STATE_OF[one.impact] for one in look.shown.incidents if one.status not in OVER and not one.automatic]
    return worst([*look.shown.counted, *told])


def headline(look: Look, state: State) -> str:
    """Which words say so: not that everything works, where there is a part of which nobody knows."""
    unseen = "unknown" in [look.shown.states.get(component.id, "unknown") for component in look.shown.components]
    return "measured" if state == "operational" and unseen else state


def groups(words: Words, look: Look) -> list[Group]:
    """Every component that is to be shown, in the page's order."""
    found: dict[str, list[Part]] = {}
    for component in look.shown.components:
        one = part(words, look, component)
        if one.state != "operational" or not component.only_show_if_degraded:
            found.setdefault(component.group, []).append(one)
    return [Group(sentences.group_name(words, name) if name else "", parts) for name, parts in found.items()]


def part(words: Words, look: Look, component: Component) -> Part:
    """One component."""
    verdict = look.verdicts.get(component.id)
    past = look.past.get(component.id, NO_PAST)
    state = look.shown.states.get(component.id, "unknown")
    uptime = past.whole.uptime
    measured = 1 - past.whole.unmeasured_ms / past.whole.total_ms if past.whole.total_ms else 0.0
    return Part(
        id=component.id,
        name=sentences.component_name(words, component),
        text=sentences.component_text(words, component),
        state=state,
        word=words(f"state.{state}"),
        since=words("state.since", moment=words.moment(verdict.since_ms)) if verdict else "",
        reasons=_reasons(words, verdict, state),
        disagreement=sentences.disagreement(words, verdict) if verdict else "",
        waiting=_waiting(words, verdict),
        bars=_bars(words, look, component),
        uptime=words("uptime.none") if uptime is None else words("uptime", share=words.share(uptime, 3)),
        measured=words("measured", share=words.share(measured, 1)),
    )


def incident(words: Words, one: Incident, names: Names, now_ms: int) -> Story:
    """An incident with everything that was said about it, and every promise that was missed."""
    over = one.status in OVER
    ended_ms = one.resolved_ms or now_ms
    lasted = words.duration(ended_ms - one.pain_ms)
    promise = words("next", moment=words.moment(one.next_update_ms)) if one.next_update_ms and not over else ""
    missed = [Said("", "missed", words("missed", moment=words.moment(due)), "", due) for due in one.missed_ms]
    said = [*missed, *(_said(words, update, names) for update in one.updates)]
    return Story(
        id=one.id,
        name=sentences.incident_name(words, one, names.here, names.english),
        kind=one.impact,
        status=words(f"status.{one.status}"),
        impact=words(f"impact.{one.impact}"),
        began_ms=one.pain_ms,
        over=over,
        written=one.status == "postmortem",
        summary=words("lasted" if over else "goes_on", duration=lasted),
        lag=words("lag", lag=words.duration(one.lag_ms), moment=words.moment(one.pain_ms)),
        promise=promise,
        components=[(id_, names.here.get(id_, id_)) for id_ in one.components],
        said=sorted(said, key=lambda entry: -entry.at_ms),
        facts=_facts(words, one, names, lasted),
    )


def window(words: Words, one: Maintenance, names: Names) -> Story:
    """A maintenance window."""
    affected = [(id_, names.here.get(id_, id_)) for id_ in one.components]
    lasts = words("window", **{"from": words.moment(one.scheduled_ms), "until": words.moment(one.until_ms)})
    facts = [
        (words("fact.state"), words(f"status.{one.status}")),
        (words("fact.window"), lasts),
        (words("fact.components"), ", ".join(name for _, name in affected)),
        (words("fact.expected"), words(f"state.{one.expected}")),
    ]
    return Story(
        id=one.id,
        name=one.name,
        kind="maintenance",
        status=words(f"status.{one.status}"),
        impact=words("impact.maintenance"),
        began_ms=one.scheduled_ms,
        over=one.status in OVER,
        written=False,
        summary=lasts,
        lag="",
        promise="",
        components=affected,
        said=[_said(words, update, names) for update in one.updates],
        facts=facts
        + ([(words("fact.recurs"), sentences.recurrence(words, rule_of(one.recurs)))] if one.recurs else []),
    )


def told(words: Words, one: Incident | Maintenance, names: Names, now_ms: int) -> Story:
    """Either."""
    return incident(words, one, names, now_ms) if isinstance(one, Incident) else window(words, one, names)


def _said(words: Words, update: Update, names: Names) -> Said:
    edited = words("edited", moment=words.moment(update.edited_ms)) if update.edited_ms is not None else ""
    return Said(
        id=update.id,
        kind=update.status,
        title=words(f"status.{update.status}"),
        body=sentences.body(words, update, names.here),
        at_ms=update.displayed_ms,
        edited=edited,
        by=words("by.program" if update.actor == BY_ITSELF else "by.people"),
    )


def _facts(words: Words, one: Incident, names: Names, lasted: str) -> list[tuple[str, str]]:
    moments = (("fact.monitoring", one.monitoring_ms), ("fact.resolved", one.resolved_ms))
    texts = (("fact.safety", one.data_safety), ("fact.workaround", one.workaround), ("fact.cause", one.cause))
    affected = [f"{names.here.get(id_, id_)} ({words(f'state.{state}')})" for id_, state in one.components.items()]
    lowered = [
        words("lowered", name=names.here.get(id_, id_), reason=lowering.reason)
        for id_, lowering in one.lowered.items()
        if lowering.counts
    ]
    found = [
        ("fact.state", words(f"status.{one.status}")),
        ("fact.impact", words(f"impact.{one.impact}")),
        ("fact.components", ", ".join(affected)),
        ("fact.began", words.moment(one.pain_ms)),
        ("fact.said", words.moment(one.changed_ms)),
        ("fact.lag", words.duration(one.lag_ms)),
        *((key, words.moment(time_ms)) for key, time_ms in moments if time_ms is not None),
        ("fact.duration", lasted),
        ("fact.breach", words(f"breach.{one.breach}")),
        *texts,
        ("fact.lowered", "\n".join(lowered)),
    ]
    return [(words(key), text) for key, text in found if text]


def _reasons(words: Words, verdict: Verdict | None, state: State) -> list[tuple[str, str]]:
    """Pairs of a sentence and since when."""
    if verdict is not None and verdict.reasons:
        return [
            (sentences.reason(words, one), words("reason.since", moment=words.moment(one.since_ms)))
            for one in verdict.reasons
        ]
    return [(words("why_silent"), "")] if state == "unknown" else []


def _waiting(words: Words, verdict: Verdict | None) -> str:
    return "" if verdict is None else sentences.waiting(words, verdict)


def _bars(words: Words, look: Look, component: Component) -> str:
    days = look.past.get(component.id, NO_PAST).days
    title = words("bars.label", name=sentences.component_name(words, component), count=PAST_DAYS)
    text = _in_words(words, days, look.now_ms)
    return svg.bars(days, id_=f"bars-{component.id}", title=title, description=text)


def _in_words(words: Words, days: Sequence[Parts], now_ms: int) -> str:
    """What the bars show: each day with trouble, newest first, as far as somebody wants to listen."""
    if not any(day.by_state for day in days):
        return words("bars.nothing")
    troubled = [
        words("bars.day", date=words.date(now_ms - back * DAY_MS), parts=", ".join(found))
        for back, day in enumerate(reversed(days))
        if (found := _troubles(words, day))
    ]
    return "; ".join(troubled[:_TOLD_DAYS_MAX]) + "." if troubled else words("bars.all_well")


def _troubles(words: Words, day: Parts) -> list[str]:
    states: tuple[State, ...] = ("major_outage", "partial_outage", "degraded_performance", "under_maintenance")
    return [
        f"{words(f'state.{state}')} {words.duration(day.by_state[state])}"
        for state in states
        if day.by_state.get(state)
    ]
