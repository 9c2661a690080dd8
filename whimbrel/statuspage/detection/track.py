"""One service followed minute by minute: its last hour, what is expected now, and when an hour is learned.

What both directions share: a surge looks at the upper tail of these windows, a fall at the lower one. Expected is the
baseline times a local factor, which follows the last two hours: on a holiday all hours are lower, and a service in the
news is higher all day, and neither is an outage. **The counter-example** that shaped it: a local factor that sees the
newest minutes explains the surge away while it begins. So it looks at minutes only when they are `LAG_MINUTES` old,
takes no more than `LOCAL_CLIP` times the expected from each, stands still during an alarm, and never leaves `LOCAL_MIN`
to `LOCAL_MAX`; slow leaks are measured against the baseline alone (`cusum`). **The second one:** a track that learned
nothing from suspicious hours learned from low hours only, held everything for suspicious, and learned nothing more. So
every hour without an alarm teaches, clipped.

Promises: pure (a value in, a value out), constant memory, one call a minute, no memory of more than an hour of counts.
A minute that was not measured is not a zero: windows begin anew after a gap, and an hour with a gap is not learned.
"""

from math import isfinite
from typing import Final

import msgspec

from whimbrel.kernel.errors import Invalid
from whimbrel.statuspage.detection import spread as spreads
from whimbrel.statuspage.detection.baseline import MINUTES_PER_HOUR, Baseline, Line, fresh, learned, line
from whimbrel.statuspage.detection.spread import NOTHING, Sums, spread_of

WINDOWS: Final = (1, 2, 4, 8, 16)
JUMPS: Final = (1, 2, 4, 8)
REFERENCE_MINUTES: Final = 16
LAG_MINUTES: Final = 16
LOCAL_KEPT: Final = 1.0 - 1.0 / 120.0
LOCAL_CLIP: Final = 1.7
LOCAL_MIN: Final = 0.4
LOCAL_MAX: Final = 1.6


class Track(msgspec.Struct, frozen=True, gc=False):
    """What is known of a service at the end of `minute` (counted from 1970; -1: nothing yet).

    `counts` are those of the last 60 measured minutes without a gap, newest last, and `means` what was expected of them
    (local factor included). `spreads` belong to `WINDOWS`, doubt
    about a young level included; `hour_spread` is that of whole hours against the baseline alone.
    """

    baseline: Baseline
    line: Line
    window_sums: tuple[Sums, ...]
    jump_sums: tuple[Sums, ...]
    hour_sums: Sums
    spreads: tuple[float, ...]
    jump_spreads: tuple[float, ...]
    hour_spread: float
    minute: int = -1
    counts: tuple[float, ...] = ()
    means: tuple[float, ...] = ()
    local_seen: float = 0.0
    local_expected: float = 0.0

    @property
    def local(self) -> float:
        """How the last two hours were, as a factor on the baseline."""
        belief = 1.0 / self.hour_spread
        local = (belief + self.local_seen) / (belief + self.local_expected)
        return min(max(local, LOCAL_MIN), LOCAL_MAX)

    @property
    def usual(self) -> float:
        """What the baseline alone expects of the last minute."""
        return self.line.per_minute + self.line.slope * (self.minute - self.line.start)


def begun(baseline: Baseline | None = None) -> Track:
    """A service of which nothing was measured yet."""
    start = baseline or fresh()
    return _refreshed(
        Track(start, line(start, 0), (NOTHING,) * len(WINDOWS), (NOTHING,) * len(JUMPS), NOTHING, (), (), 0.0)
    )


def followed(
    track: Track, minute: int, count: float, *, calm_minutes: int, wary: bool, alarms_teach: bool = True
) -> Track:
    """The track after one more minute.

    `calm_minutes` says how long the last alarm has been over, `wary` whether the newest minutes look suspicious: the
    local factor stands still for both, the spreads for alarms. `alarms_teach` lets hours of an alarm teach the baseline
    a little. Raises `Invalid` for a minute that is not later than the last one, and for a count that is none.
    """
    if minute <= track.minute or not (isfinite(count) and count >= 0):
        raise Invalid(f"minute {minute} with count {count}: expected a count of at least 0 after minute {track.minute}")
    now = track.line if minute < track.line.end else line(track.baseline, minute)
    if minute != track.minute + 1:
        return _after_a_gap(track, minute, count)
    seen, expected, counts, means = track.local_seen, track.local_expected, track.counts, track.means
    mean = (now.per_minute + now.slope * (minute - now.start)) * track.local
    if calm_minutes > LAG_MINUTES and not wary and len(counts) >= LAG_MINUTES:
        was = means[-LAG_MINUTES]
        seen = seen * LOCAL_KEPT + min(counts[-LAG_MINUTES], LOCAL_CLIP * was + LOCAL_CLIP)
        expected = expected * LOCAL_KEPT + now.per_minute + now.slope * (minute - LAG_MINUTES - now.start)
    drop = len(counts) == MINUTES_PER_HOUR
    after = Track(
        track.baseline,
        now,
        track.window_sums,
        track.jump_sums,
        track.hour_sums,
        track.spreads,
        track.jump_spreads,
        track.hour_spread,
        minute,
        (*counts[drop:], count),
        (*means[drop:], mean),
        seen,
        expected,
    )
    if minute % MINUTES_PER_HOUR == MINUTES_PER_HOUR - 1 and len(after.counts) == MINUTES_PER_HOUR:
        calm = calm_minutes >= MINUTES_PER_HOUR
        return _with_the_hour(after, calm=calm) if calm or alarms_teach else after
    return after


def means_of(baseline: Baseline, minute: int, length: int) -> list[float]:
    """Reports that the baseline alone expects in each of `length` minutes from `minute` on."""
    means: list[float] = []
    while len(means) < length:
        at = minute + len(means)
        now = line(baseline, at)
        until = min(now.end, minute + length)
        means += [now.per_minute + now.slope * (one - now.start) for one in range(at, until)]
    return means


def _after_a_gap(track: Track, minute: int, count: float) -> Track:
    now = line(track.baseline, minute)
    return msgspec.structs.replace(
        track,
        line=now,
        minute=minute,
        counts=(count,),
        means=(now.per_minute + now.slope * (minute - now.start),),
        local_seen=0.0,
        local_expected=0.0,
    )


def _with_the_hour(track: Track, *, calm: bool) -> Track:
    """The track with the hour that just ended learned; spreads are learned from calm hours only.

    A young baseline is too wrong for its misses to say anything of the spread: those hours teach it the level alone.
    """
    hour = track.minute // MINUTES_PER_HOUR
    means = means_of(track.baseline, track.minute - MINUTES_PER_HOUR + 1, MINUTES_PER_HOUR)
    total, mean = sum(track.counts), sum(means)
    windows, jumps, hours = track.window_sums, track.jump_sums, track.hour_sums
    if calm and not track.baseline.is_young:
        windows = tuple(
            _windows_taught(sums, length, track.counts, track.means)
            for sums, length in zip(windows, WINDOWS, strict=True)
        )
        jumps = tuple(_jumps_taught(track, sums, length) for sums, length in zip(jumps, JUMPS, strict=True))
        hours = spreads.taught(hours, (total,), (mean,))
    changed = learned(track.baseline, hour, total, spread=track.hour_spread, alarm=not calm)
    now = line(changed, track.minute + 1)
    return _refreshed(
        msgspec.structs.replace(
            track, baseline=changed, line=now, window_sums=windows, jump_sums=jumps, hour_sums=hours
        )
    )


def _windows_taught(sums: Sums, length: int, counts: tuple[float, ...], means: tuple[float, ...]) -> Sums:
    starts = range(0, MINUTES_PER_HOUR - length + 1, length)
    return spreads.taught(
        sums,
        [sum(counts[start : start + length]) for start in starts],
        [sum(means[start : start + length]) for start in starts],
    )


def _jumps_taught(track: Track, sums: Sums, length: int) -> Sums:
    counts, belief = track.counts, 1.0 / track.spreads[-1]
    seen: list[float] = []
    means: list[float] = []
    for start in range(REFERENCE_MINUTES, MINUTES_PER_HOUR - length + 1, length):
        before = sum(counts[start - REFERENCE_MINUTES : start])
        expected = sum(track.means[start - REFERENCE_MINUTES : start])
        seen.append(sum(counts[start : start + length]))
        means.append(sum(track.means[start : start + length]) * (belief + before) / (belief + expected))
    return spreads.taught(sums, seen, means)


def _refreshed(track: Track) -> Track:
    """The track with its spreads worked out anew; done once an hour, read every minute."""
    doubt = track.baseline.doubt
    return msgspec.structs.replace(
        track,
        spreads=tuple(spread_of(sums) + doubt for sums in track.window_sums),
        jump_spreads=tuple(spread_of(sums) + doubt for sums in track.jump_sums),
        hour_spread=spread_of(track.hour_sums) + doubt,
    )
