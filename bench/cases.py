"""The measurements, one function each: what is asked of the server, and what comes back as a row of the table."""

import json
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from bench.checks import entity, page_of, same_as
from bench.client import Figures, Load, get, post, run
from bench.serving import Serving, cpu_seconds

LOAD_CORE = 1
SERVER_CORE = 0


class Row(NamedTuple):
    """One line of the table: what was measured, the goal in words, and the figures."""

    what: str
    goal: str
    figures: dict[str, Any]


def reads(server: Serving, token: str, *, seconds: float, rounds: int) -> Iterator[Row]:
    """The hot reads, each the median of `rounds` runs; home also against its own bytes prebuilt."""
    home = get("/api/v1/timelines/home?limit=20", token)
    newest = json.loads(fetch(server, "/api/v1/timelines/home?limit=20", token))
    one = f"/api/v1/statuses/{newest[0]['id']}"
    cases = (
        ("home timeline, 20 posts", "10,000/s, p99 8 ms", home, page_of(20)),
        ("one post by id", "20,000/s", get(one, token), entity("id")),
        ("verify_credentials", "24,000/s", get("/api/v1/accounts/verify_credentials", token), entity("id")),
        ("public timeline", "8,000/s", get("/api/v1/timelines/public?limit=20", token), page_of(20)),
        ("notifications", "6,000/s", get("/api/v1/notifications?limit=20", token), page_of(20)),
    )
    for what, goal, request, check in cases:
        load = Load(server.host, server.port, [request], 16, seconds, check=check)
        yield Row(what, goal, _row(_median([run(load, core=LOAD_CORE) for _ in range(rounds)])))


def against_prebuilt(server: Serving, token: str, *, seconds: float, rounds: int) -> Row:
    """Home and the same bytes prebuilt on the same HTTP server, in turn; the ratio is what is ours."""
    body = fetch(server, "/api/v1/timelines/home?limit=20", token)
    home = Load(
        server.host, server.port, [get("/api/v1/timelines/home?limit=20", token)], 16, seconds, check=page_of(20)
    )
    ratios, rates = [], []
    with prebuilt(body) as (host, port):
        same = Load(host, port, [get("/")], 16, seconds, check=same_as(body))
        for _ in range(rounds):
            ours, yard = run(home, core=LOAD_CORE), run(same, core=LOAD_CORE)
            ratios.append(ours.per_second / yard.per_second)
            rates.append(yard.per_second)
    ratio = sorted(ratios)[len(ratios) // 2]
    return Row(
        "home against its bytes prebuilt",
        "30 % (50 % stretch)",
        {"ratio": round(ratio, 3), "prebuilt_per_s": round(sorted(rates)[len(rates) // 2])},
    )


POST_GOALS: Final = {
    1: "60 % of the smaller bound",
    16: "1,800/s; 60 % of the smaller bound",
    64: "4,000/s, p99 50 ms; 60 % of the smaller bound",
}


def posting(server: Serving, tokens: list[str], *, connections: int, seconds: float, sync_ms: float) -> Row:
    """Durable posts acknowledged, closed loop; every answer is a post with an id.

    Two limits stand beside the figure: one sync for each post of one connection (batches share one, so it grows with
    the connections), and the processor: what a second of the server's core pays for at the cost per post of this run.
    """
    texts = [f"status={urllib.parse.quote(f'Post {n} of the morning {time.time_ns()}')}".encode() for n in range(5_000)]
    requests = [post("/api/v1/statuses", tokens[n % len(tokens)], text) for n, text in enumerate(texts)]
    load = Load(server.host, server.port, requests, connections, seconds, check=entity("id"))
    before = cpu_seconds(server)
    figures = run(load, core=LOAD_CORE)
    used = cpu_seconds(server) - before
    answered = figures.answers * (load.seconds + load.warm_up_seconds) / load.seconds
    cpu_bound, sync_bound = answered / used, connections * 1_000 / sync_ms
    bounds = {
        "cpu_us_per_post": round(used / answered * 1e6),
        "cpu_bound_per_s": round(cpu_bound),
        "fsync_bound_per_s": round(sync_bound),
        "share_of_smaller_bound": round(figures.per_second / min(cpu_bound, sync_bound), 2),
    }
    return Row(f"durable posts, {connections} in flight", POST_GOALS.get(connections, ""), _row(figures) | bounds)


def visibility_delay(server: Serving, author: str, follower: str, *, count: int) -> Row:
    """From a post's acknowledgement to the first home read of a follower that has it; sequential, idle server."""
    delays = []
    for number in range(count):
        body = urllib.parse.urlencode({"status": f"Can you see me, number {number}? {time.time_ns()}"}).encode()
        posted = json.loads(_send(server, "/api/v1/statuses", author, body))
        acknowledged = time.perf_counter()
        while json.loads(fetch(server, "/api/v1/timelines/home?limit=1", follower))[0]["id"] != posted["id"]:
            if time.perf_counter() - acknowledged > 10:
                raise RuntimeError(f"post {posted['id']} was not in the follower's home after 10 s")
        delays.append((time.perf_counter() - acknowledged) * 1_000)
    delays.sort()
    return Row(
        "acknowledged to visible in a follower's home",
        "p50 2 ms, p99 15 ms",
        {"p50_ms": round(delays[len(delays) // 2], 2), "p99_ms": round(delays[int(len(delays) * 0.99)], 2)},
    )


def deep_pages(server: Serving, token: str, *, depth: int, seconds: float) -> Row:
    """The home page that is `depth` pages down."""
    path = "/api/v1/timelines/home?limit=20"
    for _ in range(depth - 1):
        page = json.loads(fetch(server, path, token))
        if len(page) < 20:
            return Row(f"home, page {depth}", "", {"skipped": f"there are no {depth} pages"})
        path = f"/api/v1/timelines/home?limit=20&max_id={page[-1]['id']}"
    load = Load(server.host, server.port, [get(path, token)], 16, seconds, check=page_of(20))
    return Row(f"home, page {depth}", "", _row(run(load, core=LOAD_CORE)))


def fetch(server: Serving, path: str, token: str) -> bytes:
    """One GET outside the measured load."""
    request = urllib.request.Request(
        f"http://{server.host}:{server.port}{path}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        body: bytes = answer.read()
        return body


@contextmanager
def prebuilt(body: bytes) -> Iterator[tuple[str, int]]:
    """The yardstick server with this body, on the server's core."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        command = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", "bench.prebuilt", file.name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                host, port = process.stdout.readline().split()[1].removeprefix("http://").rsplit(":", 1)
                yield host, int(port)
            finally:
                process.kill()


def _send(server: Serving, path: str, token: str, body: bytes) -> bytes:
    request = urllib.request.Request(
        f"http://{server.host}:{server.port}{path}", data=body, headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        sent: bytes = answer.read()
        return sent


def _median(figures: list[Figures]) -> Figures:
    return sorted(figures, key=lambda one: one.per_second)[len(figures) // 2]


def _row(figures: Figures) -> dict[str, Any]:
    return {
        "per_s": round(figures.per_second),
        "p50_ms": round(figures.p50_ms, 2),
        "p99_ms": round(figures.p99_ms, 2),
        "answers": figures.answers,
        "body_bytes": figures.body_bytes,
    }
