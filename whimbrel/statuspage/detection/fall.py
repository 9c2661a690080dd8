"""Do fewer people post, or read, than the hour of the week explains? A sudden fall is an outage that nobody can report.

On 15 October 2020 the volume fell to one part in four hundred within three minutes, while the status page said that all
was well for 26 minutes. The same machinery as for surges (`track`, `tail`, `runrule`, `onset`), on the lower tail:
counts of posts, of reads, of sign-ins. **The counter-example:** a rate that is so low that nothing is usual for a while
cannot fall; so windows in which fewer than `MEAN_MIN` are expected say nothing, and a minute that was not measured is
no zero but a gap (a collector that died would otherwise report the fall of everything it collected). And an hour of a
fall teaches nothing: a young baseline that learned from the first half of an outage called its second half a return.

Promises: pure; constant memory; 5 to 8 microseconds a minute. A fall begins at its most likely start and ends, as a
*return*, when `RETURN_MINUTES` minutes in a row have `RETURN_RATIO` of the expected; what is there by then is usable
again, which is what people ask. A fall that lasts for `NEW_NORMAL_MINUTES` is the new normal. Proven on the counts of
that day.
"""

from typing import Final, NamedTuple

import msgspec

from whimbrel.statuspage.detection.baseline import Baseline, rescaled
from whimbrel.statuspage.detection.onset import most_likely_start
from whimbrel.statuspage.detection.runrule import agreed
from whimbrel.statuspage.detection.tail import lower_log10
from whimbrel.statuspage.detection.track import LAG_MINUTES, WINDOWS, Track, begun, followed, means_of

ALARM_DECADES: Final = 6.0
SUSPICION_DECADES: Final = 3.0
FALL_RATIO: Final = 0.6
MEAN_MIN: Final = 16.0
RETURN_RATIO: Final = 0.8
RETURN_MINUTES: Final = 2
NEW_NORMAL_MINUTES: Final = 3 * 24 * 60
LONG_AGO_MINUTES: Final = 1_000_000


class Fall(msgspec.Struct, frozen=True, gc=False):
    """A fall that is going on: its most likely first minute, the minute of the alarm, the lowest count of a minute,
    what is missing so far, and for how many minutes in a row it looks like a return.
    """

    since: int
    noticed: int
    lowest: float
    missing: float
    back: int = 0


class FallWatch(msgspec.Struct, frozen=True, gc=False):
    """Everything that is remembered of a rate between two minutes."""

    track: Track
    before: tuple[float, float] = (0.0, 0.0)
    calm_minutes: int = LONG_AGO_MINUTES
    wary_minutes: int = 0
    fall: Fall | None = None


class FallReading(NamedTuple):
    """What one minute said, as `surge.Reading` does; `returned` is True in the minute in which a fall ends."""

    minute: int
    seen: float
    expected: float
    decades: float
    score: float
    fall: Fall | None
    returned: bool


def watching_for_falls(baseline: Baseline | None = None) -> FallWatch:
    """A rate that is watched from now on, with what is known of it or nothing."""
    return FallWatch(begun(baseline))


def fall_observed(watch: FallWatch, minute: int, count: float) -> tuple[FallWatch, FallReading]:
    """Take in the count of one minute (counted from 1970, UTC). A minute that was not measured is left out."""
    calm, wary = watch.calm_minutes, watch.wary_minutes
    track = followed(watch.track, minute, count, calm_minutes=calm, wary=wary > 0, alarms_teach=False)
    expected = track.means[-1]
    decades = _evidence(track, expected)
    score = agreed(decades, watch.before)
    fall = watch.fall
    if fall is not None:
        fall = _continued(fall, count, expected)
    elif score >= ALARM_DECADES:
        fall = _noticed(track)
    returned = watch.fall is not None and fall is None
    calm = 0 if fall is not None else calm + 1
    wary = LAG_MINUTES if decades >= SUSPICION_DECADES else max(wary - 1, 0)
    reading = FallReading(minute, count, expected, decades, score, fall, returned)
    if fall is not None and minute - fall.noticed >= NEW_NORMAL_MINUTES:
        return _settled(track), reading._replace(fall=None)
    before = (0.0, 0.0) if returned else (watch.before[1], decades)
    return FallWatch(track, before, calm, wary, fall), reading


def _evidence(track: Track, expected: float) -> float:
    """The strongest of the windows that end now, in decades."""
    counts = track.counts
    decades, total, reach = 0.0, 0.0, 0
    for length, spread in zip(WINDOWS, track.spreads, strict=True):
        if length > len(counts):
            break
        total += counts[-length] if length - reach == 1 else sum(counts[-length : len(counts) - reach])
        reach = length
        mean = expected * length
        if mean < MEAN_MIN or total > FALL_RATIO * mean:
            continue
        decades = max(decades, -lower_log10(total, mean, spread))
    return decades


def _noticed(track: Track) -> Fall:
    length = most_likely_start(track.counts, track.means, upwards=False)
    newest = track.counts[-length:]
    return Fall(track.minute - length + 1, track.minute, min(newest), sum(track.means[-length:]) - sum(newest))


def _continued(fall: Fall, count: float, expected: float) -> Fall | None:
    """The fall after another minute, or None when enough has come back."""
    back = fall.back + 1 if count >= RETURN_RATIO * expected else 0
    if back >= RETURN_MINUTES:
        return None
    return Fall(fall.since, fall.noticed, min(fall.lowest, count), fall.missing + expected - count, back)


def _settled(track: Track) -> FallWatch:
    """What has lasted for days is the new normal: the baseline moves to what the last hour shows."""
    usual = sum(means_of(track.baseline, track.minute - len(track.counts) + 1, len(track.counts)))
    return FallWatch(begun(rescaled(track.baseline, max(sum(track.counts), 1.0) / usual)))
