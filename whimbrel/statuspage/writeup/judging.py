"""What went well and what did not, as far as the page's own figures tell. People add what they saw. Pure."""

from typing import Final

from whimbrel.statuspage.writeup.facts import Facts, together
from whimbrel.statuspage.writeup.words import clock, lasted, minutes, number, plain

LAG_MS_MAX: Final = 180_000
"""The goal for the status lag where only users notice; a page that took longer has failed by any of its goals."""


def went_well(facts: Facts) -> list[str]:
    """A Markdown list; empty when nothing that was measured went well."""
    incident, found = facts.incident, []
    if incident.lag_ms <= LAG_MS_MAX:
        found.append(f"- The page changed {lasted(incident.lag_ms)} after the first sign (goal: {lasted(LAG_MS_MAX)}).")
    if incident.updates and not incident.missed_ms:
        found.append(f"- Every update came when it had been promised; there were {number(len(incident.updates))}.")
    return found


def went_badly(facts: Facts) -> list[str]:
    """A Markdown list; empty when nothing that was measured went badly."""
    incident, found = facts.incident, []
    if incident.lag_ms > LAG_MS_MAX:
        found.append(f"- The page changed {lasted(incident.lag_ms)} after the first sign (goal: {lasted(LAG_MS_MAX)}).")
    found += [f"- The update promised for {clock(due_ms)} UTC did not come then." for due_ms in incident.missed_ms]
    names = {course.component: course.name for course in facts.courses}
    found += [
        f"- {plain(names.get(component, component))} was called better than it was measured, "
        f"because: {plain(lowering.reason)}"
        for component, lowering in incident.lowered.items()
    ]
    unseen_ms = facts.parts(together(facts.courses)).unmeasured_ms
    if unseen_ms:
        found.append(f"- For {minutes(unseen_ms)} of it nothing was measured.")
    return found
