"""The posting rate and the reading rate, minute by minute, against their own hour of the week (fall.py).

Promises: a minute counts only when every node was seen in it from its beginning to its end; any other is a gap and not
a zero, or a collector that died would report the fall of everything it collected. What was learned survives a restart.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.sql import Queries
from whimbrel.statuspage.detection.fall import FallReading, FallWatch, fall_observed, watching_for_falls
from whimbrel.statuspage.evidence import FallSeen

_SQL: Final = Queries("whimbrel.statuspage.watching")
RATES: Final = {"posting": "posting", "home": "reading"}
"""Which rate speaks for which component."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(FallWatch).decode


class Rates:
    """Both rates."""

    def __init__(self) -> None:
        self._watches = {rate: watching_for_falls() for rate in RATES.values()}
        self._readings: dict[str, FallReading] = {}
        self._minute = -1
        self._whole = False
        self._counts: dict[str, int] = {}

    def load(self, look: Reading) -> None:
        """Go on with what was learned; what does not decode was another release's, and is learned anew."""
        for rate in self._watches:
            row = look.one(_SQL.kept, {"name": f"fall {rate}"})
            if row is not None:
                try:
                    self._watches[rate] = _decode(row[0])
                except msgspec.MsgspecError:
                    continue

    def count(self, minute: int, counts: Mapping[str, int]) -> None:
        """Count what one scrape added."""
        self._move_to(minute)
        for rate, count in counts.items():
            self._counts[rate] = self._counts.get(rate, 0) + count

    def missed(self, minute: int) -> None:
        """A node was not seen: this minute says nothing."""
        self._move_to(minute)
        self._whole = False

    def write(self, pen: Writing) -> None:
        """Keep what was learned."""
        for rate, watch in self._watches.items():
            pen.run(_SQL.keep, {"name": f"fall {rate}", "value": _encode(watch)})

    def falls(self, component: str, minute: int) -> tuple[FallSeen, ...]:
        """The rate of a component that has fallen, as the last whole minute shows it; nothing after a gap."""
        rate = RATES.get(component, "")
        reading = self._readings.get(rate)
        if reading is None or reading.fall is None or minute - reading.minute > 2:
            return ()
        since_ms = reading.fall.since * 60_000
        return (FallSeen(rate=rate, since_ms=since_ms, actual=reading.seen, expected=reading.expected),)

    def _move_to(self, minute: int) -> None:
        if minute == self._minute:
            return
        if self._whole:
            for rate in self._watches:
                count = float(self._counts.get(rate, 0))
                if self._minute > self._watches[rate].track.minute:
                    self._watches[rate], self._readings[rate] = fall_observed(self._watches[rate], self._minute, count)
        # The first minute that is seen began before we looked.
        self._whole = self._minute >= 0 and minute == self._minute + 1
        self._minute, self._counts = minute, {}
