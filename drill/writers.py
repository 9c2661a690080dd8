"""People who write at a steady rate, and who behave as good clients do when the server goes away under them.

An answer that did not come leaves a deed in doubt: it is done again with the same key until it is acknowledged. What
the server says in between is held to its promise: 200, or 503 with Retry-After; anything else is a fault.
"""

import random
import threading
import time
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any

from drill.cast import Cast
from drill.ledger import Deed, Done, Ledger
from tests.support.serving import Client, Reply, Server
from whimbrel.kernel.ids import time_of

RETRY_SECONDS = 0.02
GIVE_UP_SECONDS = 30.0
REST_SECONDS_MAX = 60.0
_POSTS, _REPLIES, _FAVOURITES, _REBLOGS = 0.62, 0.75, 0.87, 0.96


class Crowd:
    """All writers. They begin to write at `go`, and rest between `rest` and `go`."""

    def __init__(self, server: Server, cast: Cast, ledger: Ledger, *, rate: float, seed: int) -> None:
        self.faults: list[str] = []
        self.reachable = threading.Event()
        """Cleared while there is no server at all, so that nobody takes its port by asking for it."""
        self.reachable.set()
        self.hurry = False
        """Whether to write without pause."""
        self._going, self._ended = threading.Event(), threading.Event()
        self._writers = [
            _Writer(self, server, name, ledger, cast=cast, rate=rate / len(cast.writers), seed=seed)
            for name in cast.writers
        ]
        for writer in self._writers:
            writer.start()

    @property
    def going(self) -> bool:
        """Whether they write."""
        return self._going.is_set()

    @property
    def ended(self) -> bool:
        """Whether they are to go home."""
        return self._ended.is_set()

    def go(self) -> None:
        """Have everybody write."""
        for writer in self._writers:
            writer.resting.clear()
        self._going.set()

    def rest(self) -> None:
        """Have everybody finish what is begun, also what is in doubt, and rest; returns when all do."""
        self._going.clear()
        for writer in self._writers:
            if not writer.resting.wait(REST_SECONDS_MAX):
                self.faults.append(f"{writer.name} did not come to rest within {REST_SECONDS_MAX:.0f} s")

    def end(self) -> None:
        """Have everybody go home, whatever they are doing."""
        self._ended.set()
        self._going.set()
        self.reachable.set()
        for writer in self._writers:
            writer.join()

    def wait_until_going(self) -> None:
        """Rest until there is something to do."""
        self._going.wait()


class _Writer(threading.Thread):
    def __init__(
        self, crowd: Crowd, server: Server, name: str, ledger: Ledger, *, cast: Cast, rate: float, seed: int
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.resting = threading.Event()
        self._crowd, self._ledger, self._cast = crowd, ledger, cast
        self._client = server.client(cast.tokens[name])
        self._chance = random.Random(f"{seed} {name}")
        self._others = [other for other in cast.writers if other != name]
        self._pause_seconds = 1 / rate
        self._count = 0
        self._marked: set[tuple[str, str]] = set()
        self._following: set[str] = set()

    def run(self) -> None:
        due = time.monotonic()
        while not self._crowd.ended:
            if not self._crowd.going:
                self.resting.set()
                self._crowd.wait_until_going()
                due = time.monotonic() + self._chance.random() * self._pause_seconds
                continue
            self._do(self._choose())
            due = max(due + self._pause_seconds, time.monotonic() - 1)
            if not self._crowd.hurry:
                time.sleep(max(0.0, due - time.monotonic()))
        self.resting.set()
        self._client.close()

    def _choose(self) -> Deed:
        dice, target = self._chance.random(), self._somebody_elses_post()
        if dice >= _REBLOGS:
            return self._follow_or_not()
        if target is None or dice < _POSTS:
            return self._post(None, self._chance.choice(self._others))
        if dice < _REPLIES:
            return self._post(target, self._ledger.author_of[target])
        kind = "favourite" if dice < _FAVOURITES else "reblog"
        if (kind, target) in self._marked:
            return self._post(None, self._chance.choice(self._others))
        self._marked.add((kind, target))
        return Deed(kind, self.name, target=target)

    def _somebody_elses_post(self) -> str | None:
        recent = list(self._ledger.recent)
        if not recent:
            return None
        target = self._chance.choice(recent)
        return None if self._ledger.author_of[target] == self.name else target

    def _post(self, target: str | None, named: str) -> Deed:
        self._count += 1
        text = f"{self.name} writes {self._count} to @{named} #drill"
        return Deed("post", self.name, f"{self.name}-{self._count}", text, target, named)

    def _follow_or_not(self) -> Deed:
        bird = self._chance.choice(self._cast.birds)
        kind = "unfollow" if bird in self._following else "follow"
        self._following ^= {bird}
        return Deed(kind, self.name, target=bird)

    def _do(self, deed: Deed) -> None:
        path, body, headers = self._request(deed)
        first_lost_ms, attempts = 0, 0
        ends = time.monotonic() + GIVE_UP_SECONDS
        while not self._crowd.ended:
            attempts += 1
            reply = _asked(self._client, path, body, headers)
            if reply is not None and reply.status == 200:
                id_ = str(reply.json["id"])
                lost = deed.kind in ("post", "reblog") and 0 < time_of(int(id_)) <= first_lost_ms
                self._ledger.add(Done(deed, id_, attempts, lost))
                return
            if reply is None:
                first_lost_ms = first_lost_ms or time.time_ns() // 1_000_000
            elif fault := fault_of(reply):
                self._crowd.faults.append(f"{deed}: {fault}")
                return
            if time.monotonic() > ends:
                self._crowd.faults.append(f"{deed}: not acknowledged within {GIVE_UP_SECONDS:.0f} s")
                return
            self._crowd.reachable.wait()
            time.sleep(RETRY_SECONDS)

    def _request(self, deed: Deed) -> tuple[str, Any, dict[str, str]]:
        if deed.kind == "post":
            reply_to = {"in_reply_to_id": deed.target} if deed.target else {}
            return "/api/v1/statuses", {"status": deed.text, **reply_to}, {"Idempotency-Key": deed.key}
        if deed.kind in ("follow", "unfollow"):
            return f"/api/v1/accounts/{self._cast.ids[str(deed.target)]}/{deed.kind}", None, {}
        return f"/api/v1/statuses/{deed.target}/{deed.kind}", None, {}


def _asked(client: Client, path: str, body: Any, headers: dict[str, str]) -> Reply | None:
    """The answer, or None when none came."""
    try:
        return client.post(path, body, headers)
    except (OSError, HTTPException):
        return None


def fault_of(reply: Reply, *, allowed: Sequence[int] = ()) -> str:
    """What is wrong with an answer of a server in trouble; empty when it is an honest 503 (or in `allowed`)."""
    if reply.status in allowed:
        return ""
    if reply.status != 503:
        return f"answered {reply.status}: {str(reply.json)[:300]}"
    if not reply.headers.get("retry-after", "").isdigit():
        return "answered 503 without Retry-After"
    words = reply.json.get("error", "") if isinstance(reply.json, dict) else reply.json
    return "" if words else "answered 503 without a word"
