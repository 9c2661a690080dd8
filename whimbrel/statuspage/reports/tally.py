"""The newest minutes of reports in memory: what detector, brigade figures and attribution look at each minute.

Promises: counts by minute; who, from where and in which words only for BRIGADE_MINUTES; bounded, however many networks
and services there are: a minute with few reports is a row of bytes for each, one with many is counts, and beyond
TALLY_KEYS_MAX its further networks share buckets, which can only make a crowd look more like one. Services of which
nobody says how long they are to be kept are kept for BRIGADE_MINUTES.

Design note. What is here is small and there is much of it: 16 minutes of 2,000 services, most with one report. An
object and a dictionary for each took 300 bytes, a third of what the program had; rows as bytes, in one dictionary for
all services of a minute, take 140.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from struct import Struct
from typing import Final, NamedTuple

from whimbrel.kernel.limits import TALLY_KEYS_MAX, TALLY_ROWS_MAX
from whimbrel.statuspage.detection.brigade import Composition
from whimbrel.statuspage.reports.rows import AGES, Entry

BRIGADE_MINUTES: Final = 16
KEPT_MINUTES: Final = 60
_BUCKETS: Final = 256
_MINUTE_MS: Final = 60_000

_ROW: Final = Struct("=7q")
_MS, _QUARTERS, KIND, PLACE, NETWORK, WORDING, AGE = range(7)
_COUNTED: Final = (KIND, PLACE, NETWORK, WORDING, AGE)
_PEOPLE: Final = (NETWORK, WORDING, AGE)
_SAYS_NOTHING: Final = (WORDING, AGE)
"""Columns in which 0 means that there is none."""

_Row = tuple[int, ...]
_FOLLOW_UP: Final = _ROW.pack(0, 0, 0, 0, 0, 0, 0)
"""No report counts nothing, so a row without quarters is a voice that has counted before."""


class Minute(NamedTuple):
    """What came in one minute about one service: reports that count, what they count in quarters, follow-ups."""

    reports: int = 0
    quarters: int = 0
    again: int = 0
    first_ms: int = 0
    """When the first of them came; 0 for none."""


class _Crowd:
    """A minute with many reports: counts."""

    __slots__ = ("counts", "figures")

    def __init__(self, rows: bytes) -> None:
        self.figures = Minute()
        self.counts = {column: Counter[int]() for column in _COUNTED}
        for row in _ROW.iter_unpack(rows):
            self.add(row)

    def add(self, row: _Row) -> None:
        """Count in a row."""
        self.figures = _with(self.figures, row)
        if row[_QUARTERS]:
            for column in _COUNTED:
                if row[column] or column not in _SAYS_NOTHING:
                    _bounded(self.counts[column], row[column])

    def without_people(self) -> "_Crowd":
        """The counts without who they were."""
        for column in _PEOPLE:
            self.counts[column].clear()
        return self


_Came = bytes | _Crowd


class Tally:
    """Minutes of services, by the services' numbers."""

    def __init__(self) -> None:
        self._minutes: dict[int, dict[int, _Came]] = {}

    def heard(self, entries: Iterable[tuple[Entry, bool]]) -> None:
        """Count in what was written down."""
        for entry, counts in entries:
            services = self._minutes.setdefault(entry.minute, {})
            services[entry.service] = _and(services.get(entry.service, b""), _row(entry) if counts else _FOLLOW_UP)

    def of(self, service: int, minute: int) -> Minute:
        """One minute."""
        came = self._minutes.get(minute, {}).get(service, b"")
        figures = came.figures if isinstance(came, _Crowd) else _figures(came)
        return figures._replace(first_ms=_MINUTE_MS * minute + figures.first_ms) if figures.reports else figures

    def composition(self, service: int, minute: int) -> Composition:
        """Who reported in the minutes that end with this one."""
        newest = list(self._newest(service, minute, BRIGADE_MINUTES))
        ages, kinds = _counted(newest, AGE), _counted(newest, KIND)
        return Composition(
            kinds.total(),
            _named(_counted(newest, NETWORK)),
            _named(_counted(newest, WORDING)),
            {AGES[age]: count for age, count in ages.items()},
            _named(kinds),
        )

    def kinds(self, service: int, minute: int, minutes: int = BRIGADE_MINUTES) -> Counter[int]:
        """Reports by kind in the minutes that end with this one."""
        return _counted(self._newest(service, minute, minutes), KIND)

    def places(self, service: int, minute: int, minutes: int = BRIGADE_MINUTES) -> Counter[int]:
        """Reports by place in the minutes that end with this one."""
        return _counted(self._newest(service, minute, minutes), PLACE)

    def forget(self, minute: int, kept: Mapping[int, int]) -> None:
        """Drop what is too old, as of a minute. `kept`: for how many minutes, by service."""
        for one in [one for one in self._minutes if not -KEPT_MINUTES < minute - one < BRIGADE_MINUTES]:
            services = self._minutes.pop(one)
            ago = minute - one
            longer = {
                service: _without_people(came) if ago >= BRIGADE_MINUTES else came
                for service, came in services.items()
                if -KEPT_MINUTES < ago < kept.get(service, BRIGADE_MINUTES)
            }
            if longer:
                self._minutes[one] = longer

    @property
    def size(self) -> int:
        """How many minutes of services are in memory."""
        return sum(len(services) for services in self._minutes.values())

    def _newest(self, service: int, minute: int, minutes: int) -> Iterator[_Came]:
        for one in range(minute - minutes + 1, minute + 1):
            came = self._minutes.get(one, {}).get(service)
            if came is not None:
                yield came


def _row(entry: Entry) -> bytes:
    return _ROW.pack(
        entry.at_ms % _MINUTE_MS, entry.quarters, entry.kind, entry.place, entry.network, entry.wording, entry.age
    )


def _and(came: _Came, row: bytes) -> _Came:
    """What has come with one more row."""
    if isinstance(came, _Crowd):
        came.add(_ROW.unpack(row))
        return came
    return came + row if len(came) < TALLY_ROWS_MAX * _ROW.size else _Crowd(came + row)


def _figures(rows: bytes) -> Minute:
    found = Minute()
    for row in _ROW.iter_unpack(rows):
        found = _with(found, row)
    return found


def _with(figures: Minute, row: _Row) -> Minute:
    reports, quarters, again, first_ms = figures
    if not row[_QUARTERS]:
        return Minute(reports, quarters, again + 1, first_ms)
    return Minute(reports + 1, quarters + row[_QUARTERS], again, min(first_ms, row[_MS]) if reports else row[_MS])


def _counted(many: Iterable[_Came], column: int) -> Counter[int]:
    """Reports by what stands in a column."""
    found: Counter[int] = Counter()
    for came in many:
        if isinstance(came, _Crowd):
            found.update(came.counts[column])
        else:
            found.update(row[column] for row in _ROW.iter_unpack(came) if row[_QUARTERS])
    if column in _SAYS_NOTHING:
        found.pop(0, None)
    return found


def _without_people(came: _Came) -> _Came:
    """The same reports without who made them."""
    if isinstance(came, _Crowd):
        return came.without_people()
    return b"".join(_ROW.pack(*row[:NETWORK], 0, 0, 0) for row in _ROW.iter_unpack(came))


def _bounded(counts: Counter[int], key: int) -> None:
    counts[key if key in counts or len(counts) < TALLY_KEYS_MAX else -1 - key % _BUCKETS] += 1


def _named(counts: Mapping[int, int]) -> dict[str, int]:
    return {str(key): count for key, count in counts.items()}
