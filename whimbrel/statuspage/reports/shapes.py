"""The public JSON of outage reports: our own, in plain words. Times are RFC 3339 in UTC, shares between 0 and 1."""

from typing import Any

from whimbrel.statuspage.detection.surge import ALARM_DECADES
from whimbrel.statuspage.reports import places
from whimbrel.statuspage.reports.assessing import STRONG_DECADES, STRONG_MINUTES, SurgeSeen
from whimbrel.statuspage.reports.elsewhere import PageSeen
from whimbrel.statuspage.reports.front import Reports, Said, disagreement
from whimbrel.statuspage.reports.moments import moment, of_minute
from whimbrel.statuspage.reports.public import Overview, Share
from whimbrel.statuspage.reports.series import Bin
from whimbrel.statuspage.verdict import DEFAULT

Document = dict[str, Any]


def service(said: Said) -> Document:
    """A service as it stands."""
    one, seen = said.service, said.standing.seen if said.standing is not None else None
    return {
        "id": one.id,
        "name": one.name,
        "url": one.url,
        "own": one.own,
        "kinds": list(one.kinds),
        "state": said.state,
        "since": of_minute(seen.since) if seen is not None else None,
        "as_of": of_minute(said.minute + 1),
        "evidence": evidence(said),
        "page": page(one.page_url, said.page),
        "disagreement": disagreeing(said),
    }


def evidence(said: Said) -> Document | None:
    """The figures behind the state; None before the first minute, and in lists for a service that is not spoken of."""
    if said.standing is None or said.standing.reading is None:
        return None
    reading, weighing = said.standing.reading, said.standing.weighing
    return {
        "minute": of_minute(reading.minute),
        "counted": reading.seen,
        "expected": reading.expected,
        "decades": reading.decades,
        "window_minutes": reading.window,
        "score": reading.score,
        "thresholds": {
            "alarm_decades": ALARM_DECADES,
            "strong_decades": STRONG_DECADES,
            "strong_minutes": STRONG_MINUTES,
            "weight_min": DEFAULT.crowd_weight_min,
            "tail_max": DEFAULT.crowd_tail,
        },
        "weight": weighing.weight if weighing is not None else 1.0,
        "doubts": [reason.words for reason in weighing.reasons] if weighing is not None else [],
        "surge": surge(said.standing.seen) if said.standing.seen is not None else None,
    }


def surge(seen: SurgeSeen) -> Document:
    """A surge, over or not."""
    return {
        "since": of_minute(seen.since),
        "noticed": of_minute(seen.noticed),
        "until": of_minute(seen.until) if seen.until is not None else None,
        "peak_per_minute": seen.peak,
        "excess": seen.excess,
        "score": seen.score,
        "weight": seen.weight,
        "doubts": list(seen.doubts),
        "attribution": {
            "role": seen.role,
            "of": seen.of or None,
            "confidence": seen.confidence,
            "common_cause": seen.common_cause,
        },
        "page_changed": moment(seen.page_changed_ms) if seen.page_changed_ms is not None else None,
        "page_lag_seconds": seen.lag_ms / 1_000 if seen.lag_ms is not None else None,
    }


def page(url: str | None, seen: PageSeen | None) -> Document | None:
    """What the service's own page says; None when it has none that we know."""
    if url is None:
        return None
    if seen is None:
        return {"url": url, "indicator": None, "description": "", "since": None, "read": None, "error": "not read yet"}
    return {
        "url": url,
        "indicator": seen.indicator,
        "description": seen.description,
        "since": moment(seen.since_ms) if seen.indicator is not None else None,
        "read": moment(seen.read_ms) if seen.read_ms else None,
        "error": seen.error or None,
    }


def disagreeing(said: Said) -> str | None:
    """The disagreement in words."""
    seen = disagreement(said)
    return None if seen is None else f"They say operational; users disagree since {of_minute(seen.since)[11:16]} UTC."


def overview(reports: Reports, found: Overview) -> Document:
    """A service with its counts."""
    return service(found.said) | {
        "days": found.days,
        "reports": found.total,
        "bins": [bin_(reports, one) for one in found.bins],
        "kind_shares": [_share("kind", one) for one in found.kinds],
        "places": [_share("place", one) | {"name": places.name_of(one[0])} for one in found.countries],
        "surges": [surge(one) for one in found.surges],
        "notes": [
            {
                "at": moment(note.at_ms),
                "kind": reports.slug(note.kind),
                "place": places.code_of(note.place) or None,
                "words": note.words,
            }
            for note in found.notes
        ],
    }


def bin_(reports: Reports, one: Bin) -> Document:
    """One bin."""
    return {
        "at": of_minute(one.minute),
        "reports": one.reports,
        "follow_ups": one.again,
        "expected": round(one.expected, 3),
        "measured": round(one.measured, 3),
        "kinds": {reports.slug(kind): count for kind, count in one.kinds.items()},
    }


def _share(name: str, share: Share) -> Document:
    return {name: share[0], "reports": share[1], "share": round(share[2], 4)}
