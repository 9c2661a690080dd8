"""The newest hour of reports in memory: what detector, brigade figures and attribution look at each minute.

Promises: counts by minute; who, from where and in which words only for BRIGADE_MINUTES; bounded, however many networks
there are: beyond TALLY_KEYS_MAX a minute's further ones share buckets, which can only make a crowd look more like one.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from whimbrel.kernel.limits import TALLY_KEYS_MAX
from whimbrel.statuspage.detection.brigade import Composition
from whimbrel.statuspage.reports.rows import AGES, Entry

BRIGADE_MINUTES: Final = 16
KEPT_MINUTES: Final = 60
_BUCKETS: Final = 256


class Minute:
    """What came in one minute about one service."""

    __slots__ = ("again", "ages", "kinds", "networks", "places", "quarters", "reports", "wordings")

    def __init__(self) -> None:
        self.reports = self.quarters = self.again = 0
        self.kinds: Counter[int] = Counter()
        self.places: Counter[int] = Counter()
        self.networks: Counter[int] = Counter()
        self.wordings: Counter[int] = Counter()
        self.ages: Counter[int] = Counter()

    def add(self, entry: Entry) -> None:
        """Count in a report."""
        self.reports += 1
        self.quarters += entry.quarters
        self.kinds[entry.kind] += 1
        self.places[entry.place] += 1
        _bounded(self.networks, entry.network)
        if entry.wording:
            _bounded(self.wordings, entry.wording)
        if entry.age:
            self.ages[entry.age] += 1

    def forget_people(self) -> None:
        """Keep the counts, drop who they were."""
        for counts in (self.networks, self.wordings, self.ages):
            counts.clear()


_NOTHING: Final = Minute()


class Tally:
    """Minutes of services, by the services' numbers."""

    def __init__(self) -> None:
        self._minutes: dict[int, dict[int, Minute]] = {}

    def heard(self, entries: Iterable[tuple[Entry, bool]]) -> None:
        """Count in what was written down."""
        for entry, counts in entries:
            minute = self._minutes.setdefault(entry.service, {}).setdefault(entry.minute, Minute())
            if counts:
                minute.add(entry)
            else:
                minute.again += 1

    def of(self, service: int, minute: int) -> Minute:
        """One minute."""
        return self._minutes.get(service, {}).get(minute, _NOTHING)

    def composition(self, service: int, minute: int) -> Composition:
        """Who reported in the minutes that end with this one."""
        newest = list(self._newest(service, minute, BRIGADE_MINUTES))
        return Composition(
            sum(one.reports for one in newest),
            _named(one.networks for one in newest),
            _named(one.wordings for one in newest),
            {AGES[age]: count for age, count in _sum(one.ages for one in newest).items()},
            _named(one.kinds for one in newest),
        )

    def kinds(self, service: int, minute: int, minutes: int = BRIGADE_MINUTES) -> Counter[int]:
        """Reports by kind in the minutes that end with this one."""
        return _sum(one.kinds for one in self._newest(service, minute, minutes))

    def places(self, service: int, minute: int, minutes: int = BRIGADE_MINUTES) -> Counter[int]:
        """Reports by place in the minutes that end with this one."""
        return _sum(one.places for one in self._newest(service, minute, minutes))

    def forget(self, minute: int) -> None:
        """Drop what is too old, as of a minute."""
        for service, minutes in list(self._minutes.items()):
            for one in [one for one in minutes if not -KEPT_MINUTES < minute - one < KEPT_MINUTES]:
                del minutes[one]
            if (old := minutes.get(minute - BRIGADE_MINUTES)) is not None:
                old.forget_people()
            if not minutes:
                del self._minutes[service]

    def _newest(self, service: int, minute: int, minutes: int) -> Iterable[Minute]:
        known = self._minutes.get(service, {})
        return (known[one] for one in range(minute - minutes + 1, minute + 1) if one in known)


def _bounded(counts: Counter[int], key: int) -> None:
    counts[key if key in counts or len(counts) < TALLY_KEYS_MAX else -1 - key % _BUCKETS] += 1


def _sum(many: Iterable[Counter[int]]) -> Counter[int]:
    found: Counter[int] = Counter()
    for counts in many:
        found.update(counts)
    return found


def _named(many: Iterable[Counter[int]]) -> dict[str, int]:
    return {str(key): count for key, count in _sum(many).items()}
