"""The newest minutes of reports in memory: what detector, brigade figures and attribution look at each minute.

Promises: counts by minute; who, from where and in which words only for BRIGADE_MINUTES; bounded, however many networks
and services there are: a minute with few reports is a row of numbers for each, one with many is counts, and beyond
TALLY_KEYS_MAX its further networks share buckets, which can only make a crowd look more like one. Services of which
nobody says how long they are to be kept are kept for BRIGADE_MINUTES.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from whimbrel.kernel.limits import TALLY_KEYS_MAX, TALLY_ROWS_MAX
from whimbrel.statuspage.detection.brigade import Composition
from whimbrel.statuspage.reports.rows import AGES, Entry

BRIGADE_MINUTES: Final = 16
KEPT_MINUTES: Final = 60
_BUCKETS: Final = 256

KIND, PLACE, NETWORK, WORDING, AGE = range(5)
_COLUMNS: Final = 5
_PEOPLE: Final = (NETWORK, WORDING, AGE)
_SAYS_NOTHING: Final = (WORDING, AGE)
"""Columns in which 0 means that there is none."""


class Minute:
    """What came in one minute about one service."""

    __slots__ = ("_counts", "_rows", "again", "first_ms", "quarters", "reports")

    def __init__(self) -> None:
        self.reports = self.quarters = self.again = 0
        self.first_ms = 0
        self._rows = array("q")
        self._counts: tuple[Counter[int], ...] = ()

    def add(self, entry: Entry) -> None:
        """Count in a report."""
        self.reports += 1
        self.first_ms = min(self.first_ms or entry.at_ms, entry.at_ms)
        self.quarters += entry.quarters
        row = (entry.kind, entry.place, entry.network, entry.wording, entry.age)
        if self._counts:
            self._count(row)
        elif self.reports <= TALLY_ROWS_MAX:
            self._rows.extend(row)
        else:
            self._counts = tuple(self.counts(column) for column in range(_COLUMNS))
            self._rows = array("q")
            self._count(row)

    def counts(self, column: int) -> Counter[int]:
        """Reports by what stands in a column."""
        if self._counts:
            return self._counts[column]
        found = Counter(self._rows[column::_COLUMNS])
        if column in _SAYS_NOTHING:
            found.pop(0, None)
        return found

    def forget_people(self) -> None:
        """Keep the counts, drop who they were."""
        for column in _PEOPLE:
            if self._counts:
                self._counts[column].clear()
            else:
                self._rows[column::_COLUMNS] = array("q", bytes(8 * (len(self._rows) // _COLUMNS)))

    def _count(self, row: tuple[int, ...]) -> None:
        for column, value in enumerate(row):
            if value or column not in _SAYS_NOTHING:
                _bounded(self._counts[column], value)


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
            _named(one.counts(NETWORK) for one in newest),
            _named(one.counts(WORDING) for one in newest),
            {AGES[age]: count for age, count in _sum(one.counts(AGE) for one in newest).items()},
            _named(one.counts(KIND) for one in newest),
        )

    def kinds(self, service: int, minute: int, minutes: int = BRIGADE_MINUTES) -> Counter[int]:
        """Reports by kind in the minutes that end with this one."""
        return _sum(one.counts(KIND) for one in self._newest(service, minute, minutes))

    def places(self, service: int, minute: int, minutes: int = BRIGADE_MINUTES) -> Counter[int]:
        """Reports by place in the minutes that end with this one."""
        return _sum(one.counts(PLACE) for one in self._newest(service, minute, minutes))

    def forget(self, minute: int, kept: Mapping[int, int]) -> None:
        """Drop what is too old, as of a minute. `kept`: for how many minutes, by service."""
        for service, minutes in list(self._minutes.items()):
            long = kept.get(service, BRIGADE_MINUTES)
            for one in [one for one in minutes if not -KEPT_MINUTES < minute - one < long]:
                del minutes[one]
            if (old := minutes.get(minute - BRIGADE_MINUTES)) is not None:
                old.forget_people()
            if not minutes:
                del self._minutes[service]

    @property
    def size(self) -> int:
        """How many minutes of services are in memory."""
        return sum(len(minutes) for minutes in self._minutes.values())

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
