"""The first draft of a write-up, in Markdown: what is known with exact figures, and "not known" where it is not. Pure.

The sections are those of PagerDuty's post-mortem template (Apache-2.0, its documentation; our words). The draft is
whole as it stands: a statement that something is not known may be published, a gap that looks like one may not.
"""

from whimbrel.statuspage.board.uptime import Parts
from whimbrel.statuspage.book.history import BY_ITSELF
from whimbrel.statuspage.values import SEVERITY
from whimbrel.statuspage.writeup import timeline
from whimbrel.statuspage.writeup.facts import Changes, Delayed, Facts, Proof, together
from whimbrel.statuspage.writeup.judging import went_badly, went_well
from whimbrel.statuspage.writeup.rows import Text
from whimbrel.statuspage.writeup.words import (
    NOT_KNOWN,
    NOT_YET,
    STATES,
    clock,
    day,
    lasted,
    minutes,
    moment,
    number,
    plain,
    share,
)

_TROUBLE = SEVERITY["degraded_performance"]


def first_draft(facts: Facts) -> Text:
    """Title, description and body as the facts alone give them."""
    return Text(title=title_of(facts), description=description_of(facts), body=body_of(facts))


def title_of(facts: Facts) -> str:
    """The incident's name and its day."""
    return f"{facts.incident.name}, {day(facts.from_ms)}"


def description_of(facts: Facts) -> str:
    """Two sentences for a list of posts and for search engines."""
    parts = [f"What happened on {facts.site} on {day(facts.from_ms)} from {clock(facts.from_ms)} UTC"]
    parts.append(f", for {lasted(facts.until_ms - facts.from_ms)}" if _is_over(facts) else ", and is not over yet")
    return "".join(parts) + f". The page said so after {lasted(facts.incident.lag_ms)}."


def body_of(facts: Facts) -> str:
    """Every section, in order, ending in one newline."""
    sections = {
        "Summary": _summary(facts),
        "Owner": ["Not named yet."],
        "What happened": _story(facts),
        "Impact": _impact(facts),
        "Contributing factors": _factors(facts),
        "Resolution": _resolution(facts),
        "Responders": [_responders(facts)],
        "Timeline": timeline.lines(facts),
        "What went well": went_well(facts) or ["Nothing that was measured; what people saw is not written down yet."],
        "What did not go well": went_badly(facts)
        or ["Nothing that was measured; what people saw is not written down yet."],
        "Actions": ["None is decided yet."],
        "In short, to pass on": [_in_short(facts)],
        "Data": _data(facts),
    }
    return "\n".join(f"## {name}\n\n" + "\n".join(lines) + "\n" for name, lines in sections.items())


def picture_in_words(facts: Facts) -> str:
    """What the picture shows, for whoever does not see it."""
    counted = facts.counted()
    peak = max((one.reports for one in counted or ()), default=0)
    reports = f"at most {number(peak)} reports a minute" if counted is not None else "how many reported it is not known"
    return (
        f"Outage reports of {day(facts.from_ms)} against what is usual, over the states of the incident from "
        f"{clock(facts.from_ms)} to {clock(facts.until_ms)} UTC: {reports}."
    )


def _is_over(facts: Facts) -> bool:
    return facts.incident.resolved_ms is not None


def _summary(facts: Facts) -> list[str]:
    incident = facts.incident
    names = ", ".join(plain(course.name) for course in facts.courses) or "no component by name"
    ended = (
        f"It was over at {moment(facts.until_ms)}, after {lasted(facts.until_ms - facts.from_ms)}."
        if _is_over(facts)
        else f"It is not over; this is as of {moment(facts.at_ms)}."
    )
    return [
        f"{plain(incident.name)}: trouble began at {moment(facts.from_ms)} and affected {names}. {ended} "
        f"This page first said so at {clock(incident.changed_ms)} UTC, {lasted(incident.lag_ms)} after the first sign."
    ]


def _story(facts: Facts) -> list[str]:
    first = next((turn for turn in facts.turns if SEVERITY[turn.after] >= _TROUBLE), None)
    lines = [f"Cause: {plain(facts.incident.cause) or NOT_YET}"]
    if first is not None and first.reasons:
        said = "; ".join(timeline.reason(one) for one in first.reasons)
        lines += ["", f"The first measured change, at {clock(first.at_ms)} UTC, rested on: {said}."]
    return lines


def _impact(facts: Facts) -> list[str]:
    worst = together(facts.courses)
    lines = ["| part | " + " | ".join(STATES.values()) + " | not measured |", "| --- " * (len(STATES) + 2) + "|"]
    lines += [_impact_row(plain(course.name), facts.parts(course.spans)) for course in facts.courses]
    if len(facts.courses) != 1:
        lines.append(_impact_row("**the worst of all**", facts.parts(worst)))
    return [*lines, "", *_figures(facts)]


def _impact_row(name: str, parts: Parts) -> str:
    cells = [minutes(parts.by_state.get(state, 0)) for state in STATES]
    return f"| {name} | " + " | ".join([*cells, minutes(parts.unmeasured_ms)]) + " |"


def _figures(facts: Facts) -> list[str]:
    return [
        f"- First sign to page changed (status lag): {lasted(facts.incident.lag_ms)}",
        f"- Requests that failed: {_failed(facts)}",
        f"- Outage reports: {_reported(facts)}",
        f"- Posts delayed: {_delayed(facts.posts_delayed)}",
        f"- Posts lost: {_lost(facts.proof, facts.until_ms)}",
        f"- Staged change under way: {_changed(facts.staged_changes)}",
        f"- Has somebody got in? {_BREACH[facts.incident.breach]}",
        *(
            [f"- What people were told of their data: {plain(facts.incident.data_safety)}"]
            * bool(facts.incident.data_safety)
        ),
    ]


_BREACH = {
    "unknown": NOT_KNOWN,
    "no_evidence": "There is no evidence that anybody has.",
    "yes": "Yes.",
}


def _failed(facts: Facts) -> str:
    if facts.requests is None:
        return NOT_KNOWN
    bad, total = (sum(getattr(one, name) for one in facts.requests.values()) for name in ("bad", "total"))
    if not total:
        return "none were seen at all"
    names = {course.component: course.name for course in facts.courses}
    each = [
        f"{plain(names.get(component, component))} {number(one.bad)} of {number(one.total)}"
        for component, one in facts.requests.items()
    ]
    said = f"{number(bad)} of {number(total)} ({share(bad, total)})"
    return f"{said}: {', '.join(each)}" if len(each) > 1 else said


def _reported(facts: Facts) -> str:
    counted = facts.counted()
    if counted is None:
        return NOT_KNOWN
    total = sum(one.reports for one in counted)
    if not total:
        return "none"
    peak = max(counted, key=lambda one: one.reports)
    known = [one.baseline for one in counted if one.baseline is not None]
    usual = f"; {number(round(sum(known), 1))} are usual in as many minutes" if len(known) == len(counted) else ""
    return f"{number(total)}, at most {number(peak.reports)} in one minute, at {clock(peak.at_ms)} UTC{usual}"


def _lost(proof: Proof | None, until_ms: int) -> str:
    if proof is None:
        return "not verified."
    if proof.findings:
        return f"not known: `whimbrel verify` found {number(len(proof.findings))} things that do not fit."
    if proof.store_cursor is None:
        return "not verified: the check did not compare the store with the journal."
    if proof.at_ms < until_ms:
        return f"not verified since the end: the check is of {moment(proof.at_ms)}."
    parked = f" {number(proof.parked)} of them could not be applied and are kept." if proof.parked else ""
    return (
        f"0. `whimbrel verify` checked all {number(proof.records)} records of the journal at {moment(proof.at_ms)}, "
        f"and found each of them whole and in the store.{parked}"
    )


def _delayed(found: Delayed | None) -> str:
    if found is None:
        return f"{NOT_KNOWN} No figures of the server's views were read during it."
    said = f"{number(found.delayed)} of {number(found.posts)} that were written"
    if found.delayed:
        said += ", which came while home timelines were further behind than promised"
    return f"{said}{_as_far_as(found.seen, found.minutes)}."


def _changed(found: Changes | None) -> str:
    if found is None:
        return f"{NOT_KNOWN} The server did not say during it."
    if not found.under_way:
        return f"none was seen{_as_far_as(found.seen, found.minutes)}."
    said = f"processes were being replaced by others (a restart or an upgrade), {_stretches(found)}"
    return f"{said}{_as_far_as(found.seen, found.minutes)}."


def _as_far_as(seen: int, minutes: int) -> str:
    """What was not looked at is not vouched for."""
    if seen >= minutes:
        return ""
    return f", as seen in {number(seen)} of {number(minutes)} minutes; of the others nothing is known"


def _stretches(found: Changes) -> str:
    return ", ".join(f"{clock(from_ms)[:5]} to {clock(until_ms)[:5]} UTC" for from_ms, until_ms in found.under_way)


def _factors(facts: Facts) -> list[str]:
    lines = [f"- {plain(facts.incident.cause) or NOT_YET}"]
    lines += [
        f"- Maintenance was under way: {plain(window.name)}, from {moment(window.scheduled_ms)} "
        f"until {moment(window.until_ms)}. Whether it had to do with this is not known."
        for window in facts.windows
    ]
    if facts.staged_changes is not None and facts.staged_changes.under_way:
        lines.append(
            f"- The server's processes were being replaced: {_stretches(facts.staged_changes)}. "
            "Whether it had to do with this is not known."
        )
    return lines


def _resolution(facts: Facts) -> list[str]:
    if not _is_over(facts):
        return ["It is not over."]
    lines = []
    if facts.incident.workaround:
        lines += [f"Until then this helped: {plain(facts.incident.workaround)}", ""]
    resolving = next((one for one in facts.incident.updates if one.status == "resolved"), None)
    said = f" What was said then: {plain(resolving.body)}" if resolving is not None else ""
    return [*lines, f"Resolved at {moment(facts.until_ms)}.{said} What was done to end it: {NOT_YET}"]


def _responders(facts: Facts) -> str:
    people = dict.fromkeys(one.actor for one in reversed(facts.incident.updates) if one.actor != BY_ITSELF)
    said = ", ".join(plain(one) for one in people)
    return f"{said} (who spoke on this page)." if said else "Nobody spoke on this page but the program itself."


def _in_short(facts: Facts) -> str:
    ended = f" for {lasted(facts.until_ms - facts.from_ms)}" if _is_over(facts) else ""
    names = ", ".join(plain(course.name) for course in facts.courses) or "parts of it"
    cause = plain(facts.incident.cause) or "The cause is not known yet."
    return (
        f"On {day(facts.from_ms)} there was trouble with {names} on {plain(facts.site)}{ended}. {cause} "
        "What we do about it is not decided yet."
    )


def _data(facts: Facts) -> list[str]:
    id_ = facts.incident.id
    if not facts.url:
        return [f"On the status page, under `/incidents/{id_}` and `/api/v2/incidents.json`."]
    return [
        f"- Everything that was said, when it was said: <{facts.url}/incidents/{id_}>",
        f"- The same for programs: <{facts.url}/api/v2/incidents.json>",
    ]
