"""A read API in the shape that crowd-report sites sell: companies, states, baselines, indicators, incidents.

Field names and enums are theirs (the reference names the operations), so that a client written for one is a base for
ours; the paths are our own. What we do not know (a company's category, the provider of a network) is not made up: those
operations are missing.
"""

from typing import Any, Final

from whimbrel.statuspage.reports.assessing import State, SurgeSeen
from whimbrel.statuspage.reports.front import Said
from whimbrel.statuspage.reports.moments import of_minute
from whimbrel.statuspage.reports.public import Overview
from whimbrel.statuspage.reports.words import kind_words

Document = dict[str, Any]

STATUS: Final[dict[State, str]] = {"none": "success", "weak": "success", "moderate": "warning", "strong": "danger"}
UNDETERMINED, EXTERNAL, INTERNAL, NOT_APPLICABLE = 1, 2, 3, 0
_BIN: Final = 15


def status(said: Said, threshold: int | None = None) -> Document:
    """success, warning or danger; danger from `threshold` reports in 15 minutes on, if there is one."""
    over = threshold is not None and last_15(said) >= threshold
    return {"slug": said.service.id, "status": "danger" if over else STATUS[said.state]}


def last_15(said: Said) -> float:
    """What counted in the newest 15 minutes."""
    return sum(said.standing.watch.track.counts[-_BIN:]) if said.standing is not None else 0.0


def baseline_now(said: Said) -> float:
    """What is usual in 15 minutes, now."""
    return sum(said.standing.watch.track.means[-_BIN:]) if said.standing is not None else 0.0


def company(found: Overview) -> Document:
    """A company with a day of quarters of an hour."""
    said = found.said
    return {
        "id": said.number,
        "slug": said.service.id,
        "name": said.service.name,
        "url": said.service.url,
        "status": STATUS[said.state],
        "baselineCurrent": round(baseline_now(said), 3),
        "stats24": [one.reports for one in found.bins],
        "baseline": [round(one.expected, 3) for one in found.bins],
        "indicators": indicators(found),
    }


def indicators(found: Overview) -> list[Document]:
    """Kinds of trouble with their shares, largest first."""
    return [
        {"slug": slug, "label": kind_words(slug), "amount": count, "percentage": round(100 * share, 1)}
        for slug, count, share in found.kinds
    ]


def report_points(found: Overview) -> list[Document]:
    """Totals over time; every source of ours is an indicator."""
    return [
        {
            "slug": found.said.service.id,
            "pointInTime": of_minute(one.minute),
            "total": one.reports,
            "indicators": one.reports,
            "other": 0,
        }
        for one in found.bins
    ]


def incidents(found: Overview, *, only_active: bool) -> list[Document]:
    """Surges as incidents, newest first, with whose trouble it was."""
    slug = found.said.service.id
    return [_incident(slug, one, found.said.minute) for one in found.surges if one.until is None or not only_active]


def events(found: Overview) -> list[Document]:
    """Windows of measurement with what was expected and what came."""
    width = found.bins[1].minute - found.bins[0].minute if len(found.bins) > 1 else _BIN
    open_since = min((one.since for one in found.surges if one.until is None), default=None)
    return [
        {
            "slug": found.said.service.id,
            "startsAt": of_minute(one.minute),
            "endsAt": of_minute(one.minute + width),
            "expected": round(one.expected, 3),
            "actual": one.reports,
            "isActive": open_since is not None and one.minute + width > open_since,
        }
        for one in found.bins
        if one.reports
    ]


def _incident(slug: str, seen: SurgeSeen, minute: int) -> Document:
    until = minute + 1 if seen.until is None else seen.until
    return {
        "slug": slug,
        "startedAt": of_minute(seen.since),
        "endedAt": of_minute(seen.until) if seen.until is not None else None,
        "isActive": seen.until is None,
        "peak": seen.peak,
        "attribution": _attribution(seen),
        "attributedTo": seen.of or None,
        "dangerDurationS": 60 * max(until - seen.noticed, 0),
    }


def _attribution(seen: SurgeSeen) -> int:
    if seen.role == "undetermined":
        return UNDETERMINED
    return EXTERNAL if seen.role == "bystander" or seen.common_cause else INTERNAL
