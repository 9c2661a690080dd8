"""`bin/drill status`: how long the status page takes to say what people feel, in real time and with default settings.

Status lag is an objective of its own: first pain to page changed, at most 25 s for a dead server, 60 s when one post in
ten fails, 3 minutes when only users notice. Here it is measured from outside, by somebody who strikes, asks for the
page ten times a second and looks at a clock, beside what the page records of itself in the incident. The two begin at
different signs: the page's lag begins when something failed that it saw.

Dead: everything but the status program is killed, at whatever moment of a round. Wedged: the API process is stopped,
so it takes connections and says nothing. Failing posts: a proxy before the server refuses every tenth (status_proxy);
people post through it for long enough that all windows are full of good posts. Only users: people report trouble from
many places while all probes are green, beginning early, in the middle and late in a minute, because minutes are judged.
"""

import itertools
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from drill.report import hold, show
from drill.status_proxy import POSTS, proxying
from tests.support.ports import free_port
from tests.support.serving import Server, eventually, serving
from tests.support.status_watched import Crowd, StatusPage, page_alone, stopped, watched
from whimbrel.cli.output import Advance
from whimbrel.kernel.limits import CANARY_SECONDS
from whimbrel.statuspage.verdict import DEFAULT

GOALS_SECONDS: Final = {"dead": 25.0, "wedged": 25.0, "posts": 60.0, "users": 180.0}
TOLD: Final = {
    "dead": "server killed",
    "wedged": "API process stopped",
    "posts": "one post in ten fails",
    "users": "only users notice",
}
BEYOND: Final = 2.0
"""Times its goal a change is waited for."""
ONE_IN: Final = 10
PHASES_SECONDS: Final = (1.0, 21.0, 41.0)
POLL_SECONDS: Final = 0.1
FULL_SECONDS: Final = DEFAULT.degraded_seconds + 5.0
AGREES_SECONDS: Final = {"dead": (-1.0, 18.0), "wedged": (-1.0, 18.0), "posts": (-6.0, 7.0), "users": (-1.0, 3.0)}
"""How much longer than the page's own the lag from outside may be, at the least and at the most: the page begins when a
probe was due and had failed; when it read metrics before the failure; with the first report."""
_CHANGED: Final = re.compile(r'class="part (?:degraded_performance|partial_outage|major_outage)"')
_ASKS: Final = 50


class Lag(NamedTuple):
    """One story. From the blow until the page had changed; what the page records; when it saw the first sign."""

    story: str
    outside_seconds: float
    own_seconds: float
    sign_seconds: float


class Figures(NamedTuple):
    """Everything that was measured. The times of `asks_ms` are medians of asking for the page, calm and in a flood."""

    lags: Sequence[Lag]
    posts_per_second: float
    reports_per_minute: float
    asks_ms: tuple[float, float]
    flood_per_second: float


def run(directory: Path, *, kills: int, posts: float, reports: float, advance: Advance) -> Figures:
    """Live through all stories, those that do not disturb each other side by side. Raises AssertionError."""
    done = itertools.count(1)
    lags: list[Lag] = []

    def tell(lag: Lag) -> None:
        lags.append(lag)
        advance(next(done))

    with ThreadPoolExecutor(3) as pool:
        struck = pool.submit(_strike, directory, kills, tell)
        posted = pool.submit(_fail_posts, directory / "posts", posts, tell)
        asked = pool.submit(_report, directory / "users", reports, tell)
        struck.result()
        posted.result()
        calm_ms, flooded_ms, flood_per_second = asked.result()
    return Figures(lags, posts, reports, (calm_ms, flooded_ms), flood_per_second)


def report(figures: Figures) -> None:
    """Print what was measured beside the goals. Raises Violation where one was missed, or the page errs."""
    rows = []
    for story, goal in GOALS_SECONDS.items():
        found = [lag for lag in figures.lags if lag.story == story]
        outside = ", ".join(f"{lag.outside_seconds:.1f}" for lag in found)
        own = ", ".join(f"{lag.own_seconds:.1f} after {lag.sign_seconds:.1f}" for lag in found)
        rows.append((f"{TOLD[story]} (goal {goal:.0f} s)", f"{outside} s\nby the page itself: {own}"))
    rows += [
        ("posts, reports", f"{figures.posts_per_second:g} a second, {figures.reports_per_minute:g} a minute"),
        ("asking for the page", f"{figures.asks_ms[0]:.1f} ms"),
        (f"with {figures.flood_per_second:.0f} reports a second", f"{figures.asks_ms[1]:.1f} ms"),
    ]
    told = figures._asdict() | {"lags": [lag._asdict() for lag in figures.lags]}
    show("status lag, from the blow to the page", rows, {"drill": "status", **told})
    for lag in figures.lags:
        goal = GOALS_SECONDS[lag.story]
        hold(lag.outside_seconds <= goal, f"{TOLD[lag.story]}: the page says so within {goal:.0f} s, not {lag}")
        apart, (least, most) = lag.outside_seconds - lag.own_seconds, AGREES_SECONDS[lag.story]
        hold(least <= apart <= most, f"{TOLD[lag.story]}: the page is right about its lag; {lag}")


def _strike(directory: Path, kills: int, tell: Callable[[Lag], None]) -> None:
    for number in range(kills):
        with watched(directory / f"dead-{number}") as (server, page):
            _wait_for_any_moment()
            tell(_measured("dead", page, partial(server.kill_all_but, "status")))
        with watched(directory / f"wedged-{number}") as (server, page), ExitStack() as stack:
            _wait_for_any_moment()
            tell(_measured("wedged", page, partial(stack.enter_context, stopped(server.children()["api-1"]))))


def _fail_posts(data: Path, posts: float, tell: Callable[[Lag], None]) -> None:
    port, upstream = free_port(), free_port()
    with (
        proxying(port, upstream) as proxy,
        watched(data, port=upstream, watch=proxy.url, nodes=proxy.url) as (server, page),
        _people_post(proxy.url, server, posts) as failures,
    ):
        time.sleep(FULL_SECONDS)
        assert not failures, failures[:3]
        assert not _has_changed(page), "the page says that there is trouble before there is"
        proxy.every = ONE_IN
        eventually(lambda: proxy.refused, seconds=30.0, what="a post is refused")
        tell(_measured("posts", page, lambda: None, since=proxy.refused[0]))


def _report(directory: Path, reports: float, tell: Callable[[Lag], None]) -> tuple[float, float, float]:
    directory.mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(serving(directory / "data"))
        pages = [stack.enter_context(page_alone(directory / f"{at:.0f}", server.url)) for at in PHASES_SECONDS]
        began = _minute_of(time.time()) + 2.0
        with ThreadPoolExecutor(len(pages)) as pool:
            moments = [60.0 * began + phase for phase in PHASES_SECONDS]
            for lag in pool.map(lambda page, at: _reported(page, reports, at), pages, moments):
                tell(lag)
        return _asked_in_a_flood(pages[0])


def _reported(page: StatusPage, reports: float, at: float) -> Lag:
    time.sleep(max(0.0, at - time.time()))
    with Crowd(page, every_seconds=60.0 / reports) as crowd:
        eventually(lambda: crowd.answers, seconds=10.0, what="a report is answered")
        lag = _measured("users", page, lambda: None, since=crowd.answers[0][0])
        found = page.ask("/")
        assert found is not None
        assert "our probes are green" in found[1], "the page says that users and probes disagree"
        return lag


def _asked_in_a_flood(page: StatusPage) -> tuple[float, float, float]:
    calm_ms = _asks_ms(page)
    with Crowd(page, every_seconds=0.0, hands=8) as flood:
        eventually(lambda: flood.taken >= 100, seconds=10.0, what="reports are taken")
        began, taken = time.monotonic(), flood.taken
        flooded_ms = _asks_ms(page)
        return calm_ms, flooded_ms, (flood.taken - taken) / (time.monotonic() - began)


def _asks_ms(page: StatusPage) -> float:
    times = []
    for _ in range(_ASKS):
        began = time.monotonic()
        found = page.ask("/")
        times.append(1_000 * (time.monotonic() - began))
        time.sleep(POLL_SECONDS)
        assert found is not None
        assert found[0] == 200
    return round(median(times), 2)


def _measured(story: str, page: StatusPage, blow: Callable[[], Any], *, since: float = 0.0) -> Lag:
    struck = since or time.time()
    blow()
    seconds = BEYOND * GOALS_SECONDS[story]
    eventually(lambda: _has_changed(page), seconds=seconds, what=f"{TOLD[story]}: the page says so")
    outside = time.time() - struck
    incident = eventually(page.incidents, seconds=5.0, what="an incident is open")[0]
    sign, told = _time(incident["started_at"]), _time(incident["created_at"])
    return Lag(story, round(outside, 2), round(told - sign, 2), round(sign - struck, 2))


def _has_changed(page: StatusPage) -> bool:
    time.sleep(POLL_SECONDS)
    found = page.ask("/")
    return found is not None and _CHANGED.search(found[1]) is not None


def _wait_for_any_moment() -> None:
    time.sleep(random.SystemRandom().uniform(0.0, CANARY_SECONDS))


@contextmanager
def _people_post(url: str, server: Server, per_second: float) -> Iterator[list[str]]:
    """Somebody posts at a steady rate while the block runs; what was answered otherwise than 200 or 503."""
    token = server.provide(["ines"])["ines"]
    over, failures = threading.Event(), list[str]()

    def post_on() -> None:
        number = 0
        while not over.wait(1.0 / per_second):
            number += 1
            code = _post(url, token, f"the flock moves on, part {number}")
            if code not in (200, 503):
                failures.append(f"post {number}: {code}")

    hand = threading.Thread(target=post_on)
    hand.start()
    try:
        yield failures
    finally:
        over.set()
        hand.join()


def _post(url: str, token: str, text: str) -> int:
    address = urlsplit(url)
    assert address.hostname is not None
    connection = HTTPConnection(address.hostname, address.port, timeout=10.0)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request("POST", POSTS, urlencode({"status": text}), headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, HTTPException):
        return 0
    else:
        return answer.status
    finally:
        connection.close()


def _minute_of(at: float) -> float:
    return at // 60.0


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
