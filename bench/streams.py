"""`bin/bench streams`: thousands of open streams on the direct port of the real server, and what they cost the rest.

The server with all its processes is pinned to one core, the listeners to the other. Listeners and posts share one
process, so a delay is the difference of two readings of one clock; what the listeners' own core adds is in it.
"""

import json
import os
import signal
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from bench import client, world
from bench.cases import LOAD_CORE, SERVER_CORE, Row
from bench.checks import page_of
from bench.listeners import (
    Door,
    Job,
    Listener,
    Watch,
    coming_back,
    open_all,
    open_posters,
    post_steadily,
    reached,
)
from bench.serving import Process, Serving, process_of, serving, wait_for_store

POSTERS: Final = 32
SETTLE_SECONDS: Final = 2.0
STREAMING: Final = "whimbrel.streaming_process"


class Size(NamedTuple):
    """How much is measured: sockets that watch, readers and posts a second, seconds of each measurement.

    Idle ones are watched for longer, because a ping goes to each of them only every half minute.
    """

    watching: int
    readers: int
    per_second: float
    seconds: float
    rounds: int
    connects_per_second: float
    idle_seconds: float


FULL: Final = Size(10_000, 1_000, 50.0, 20.0, 3, 1_000.0, 60.0)
QUICK: Final = Size(500, 100, 20.0, 3.0, 1, 500.0, 5.0)


class Place(NamedTuple):
    """What the load needs to know of the running server."""

    host: str
    port: int
    door: Door
    streaming: Process
    author: str
    followers: Sequence[str]

    def requests(self, count: int) -> list[bytes]:
        """The handshakes of so many followers, each at home."""
        return [self.door.request(token) for token in self.followers[:count]]


def measured(size: Size) -> Iterator[Row]:
    """Every measurement, as rows."""
    with tempfile.TemporaryDirectory(prefix="whimbrel-bench-") as directory:
        data = Path(directory) / "audience"
        audience = world.build_audience(data, followers=size.watching, posts=40)
        with serving(data, core=None) as server:
            wait_for_store(data, server)
        with serving(data, core=SERVER_CORE) as server:
            wait_for_store(data, server)
            for case in (_idle, _readers, _followers, _home_beside, _kill):
                yield case(_place(server, audience), size)


def _place(server: Serving, audience: world.Audience) -> Place:
    with urllib.request.urlopen(f"http://{server.host}:{server.port}/api/v2/instance", timeout=30) as answer:
        told = urlsplit(json.load(answer)["configuration"]["urls"]["streaming"])
    door = Door(told.hostname or "", told.port or 0)
    return Place(server.host, server.port, door, process_of(server, STREAMING), audience.author, audience.followers)


def _idle(place: Place, size: Size) -> Row:
    before_mb = place.streaming.memory_mb()
    figures = Job(_stay, place, size.watching, size.idle_seconds, core=LOAD_CORE).result(seconds=600)
    return Row(
        f"{size.watching:,} idle WebSockets", "300 MB, 3 % of a core", {"before_mb": round(before_mb), **figures}
    )


async def _stay(place: Place, count: int, seconds: float) -> dict[str, Any]:
    watch = Watch()
    began = time.perf_counter()
    await open_all(watch, place.door, place.requests(count))
    opened_seconds = time.perf_counter() - began
    await _quiet(place.streaming)
    used, began = place.streaming.cpu_seconds(), time.perf_counter()
    await reached(lambda: time.perf_counter() - began >= seconds or watch.lost > 0, "the time is over")
    share = (place.streaming.cpu_seconds() - used) / (time.perf_counter() - began)
    return {
        "pss_mb": round(place.streaming.memory_mb()),
        "core_percent": round(share * 100, 2),
        "opened_per_s": round(count / opened_seconds),
        "lost": watch.lost,
    }


def _readers(place: Place, size: Size) -> Row:
    figures = Job(_read, place, size.readers, size.per_second, size.seconds, core=LOAD_CORE).result(seconds=600)
    return Row(f"{size.readers:,} readers, {size.per_second:.0f} posts/s", "p99 100 ms on one core", figures)


async def _read(place: Place, readers: int, per_second: float, seconds: float) -> dict[str, Any]:
    watch = Watch()
    listeners = await open_all(watch, place.door, place.requests(readers))
    acknowledged: dict[int, float] = {}
    posters = await open_posters(place.host, place.port, POSTERS, acknowledged)
    await post_steadily(posters, place.author, range(int(per_second * SETTLE_SECONDS)), per_second)
    await _quiet(place.streaming)
    watch.clear()
    numbers = range(1_000_000, 1_000_000 + int(per_second * seconds))
    used, began = place.streaming.cpu_seconds(), time.perf_counter()
    sent = await post_steadily(posters, place.author, numbers, per_second)
    await reached(
        lambda: len(watch.posts) >= len(numbers) * readers or watch.lost > 0,
        f"{len(numbers) * readers} messages came, not {len(watch.posts)}",
    )
    share = (place.streaming.cpu_seconds() - used) / (time.perf_counter() - began)
    _leave(listeners)
    return {
        **_delays("sent", watch, sent),
        **_delays("acknowledged", watch, acknowledged),
        "messages": len(watch.posts),
        "lost": watch.lost,
        "core_percent": round(share * 100),
    }


def _followers(place: Place, size: Size) -> Row:
    figures = Job(_fan_out, place, size.watching, size.rounds * 3, core=LOAD_CORE).result(seconds=600)
    return Row(f"one post to {size.watching:,} watching followers", "1 s to the last", figures)


async def _fan_out(place: Place, count: int, rounds: int) -> dict[str, Any]:
    watch = Watch()
    listeners = await open_all(watch, place.door, place.requests(count))
    acknowledged: dict[int, float] = {}
    posters = await open_posters(place.host, place.port, 1, acknowledged)
    taken = []
    for number in range(rounds):
        await _quiet(place.streaming)
        watch.clear()
        sent = await post_steadily(posters, place.author, [number], 1.0)
        await reached(lambda: len(watch.posts) >= count, f"all {count} followers have the post")
        taken.append((watch.times[-1] - sent[number], watch.times[0] - sent[number]))
    _leave(listeners)
    taken.sort()
    return {
        "last_ms_median": round(taken[len(taken) // 2][0] * 1_000),
        "last_ms_max": round(taken[-1][0] * 1_000),
        "first_ms_median": round(sorted(first for _, first in taken)[len(taken) // 2] * 1_000, 1),
        "posts": rounds,
    }


def _home_beside(place: Place, size: Size) -> Row:
    home = client.get("/api/v1/timelines/home?limit=20", place.followers[0])
    load = client.Load(
        place.host, place.port, [home], 4, size.seconds, check=page_of(20), pause_seconds=0.02, warm_up_seconds=0.5
    )
    found: dict[str, list[client.Figures]] = {"alone": [], "posts": [], "readers": []}
    for _ in range(size.rounds):
        found["alone"].append(client.run(load, core=LOAD_CORE))
        found["posts"].append(_home_while(place, size, 1, load))
        found["readers"].append(_home_while(place, size, size.readers, load))
    p99 = {name: _middle([one.p99_ms for one in figures]) for name, figures in found.items()}
    figures = {
        "p99_ratio": round(p99["readers"] / p99["posts"], 2),
        "p99_ms_alone": p99["alone"],
        "p99_ms_beside_posts": p99["posts"],
        "p99_ms_beside_posts_and_readers": p99["readers"],
        "p50_ms": [_middle([one.p50_ms for one in figures]) for figures in found.values()],
        "answers": sum(one.answers for figures in found.values() for one in figures),
    }
    return Row("home, with the readers going on", "within 10 % of without", figures)


def _home_while(place: Place, size: Size, readers: int, load: client.Load) -> client.Figures:
    """Home beside posts and so many readers: what the readers add is the difference to one reader of the same posts.

    The readers' load gives way to home's on the core that they share, or home's would measure that core.
    """
    seconds = size.seconds + 10 * SETTLE_SECONDS
    reading = Job(_read, place, readers, size.per_second, seconds, core=LOAD_CORE, gives_way=True)
    try:
        time.sleep(3 * SETTLE_SECONDS)
        return client.run(load, core=LOAD_CORE)
    finally:
        reading.stop()


def _kill(place: Place, size: Size) -> Row:
    figures = Job(_come_back, place, size.watching, size.connects_per_second, core=LOAD_CORE).result(seconds=600)
    goal = f"{size.connects_per_second:,.0f} connects/s, none refused"
    return Row(f"{size.watching:,} come back after a kill", goal, figures)


async def _come_back(place: Place, count: int, per_second: float) -> dict[str, Any]:
    watch = Watch()
    listeners = await open_all(watch, place.door, place.requests(count))
    watch.come_back = coming_back(watch, place.door, per_second)
    os.kill(place.streaming.pid, signal.SIGKILL)
    killed = time.perf_counter()
    await reached(lambda: watch.lost >= count, "all have heard of the kill")
    await reached(
        lambda: watch.open + watch.refused >= count, f"all are back; {watch.open} are, {watch.refused} refused"
    )
    seconds = time.perf_counter() - killed
    watch.come_back = None
    _leave(listeners)
    return {
        "refused": watch.refused,
        "back_seconds": round(seconds, 2),
        "spread_seconds": round(count / per_second, 2),
        "per_s": round(count / seconds),
    }


async def _quiet(process: Process) -> None:
    """Wait until the process has done what it had to do, as far as its processor time tells."""
    before, asked = -1.0, 0.0

    def rests() -> bool:
        nonlocal before, asked
        if time.perf_counter() - asked < 0.5:
            return False
        used, asked = process.cpu_seconds(), time.perf_counter()
        still = used - before < 0.03
        before = used
        return still

    await reached(rests, "the process of streams rests")


def _delays(since: str, watch: Watch, began: dict[int, float]) -> dict[str, Any]:
    delays = sorted(
        came - began[number] for number, came in zip(watch.posts, watch.times, strict=True) if number in began
    )
    p50, p99 = (max(0.0, delays[int(len(delays) * share)]) for share in (0.5, 0.99))
    return {f"since_{since}_p50_ms": round(p50 * 1_000, 1), f"since_{since}_p99_ms": round(p99 * 1_000, 1)}


def _leave(listeners: Sequence[Listener]) -> None:
    for listener in listeners:
        listener.close()


def _middle(values: list[float]) -> float:
    return round(sorted(values)[len(values) // 2], 2)
