"""`bin/drill store`: take the store away from a running server in every way, and ask it everything meanwhile.

Promises held: home, profiles of active people, publish, delete, favourite, reblog and follow are answered from
journal and memory; everything else is answered as before or by 503 with Retry-After and words; nothing is ever empty
that was not, nobody is signed out, no page claims that what exists does not; /readyz says that the store is away. When
the accident is over the store follows again by itself, and `whimbrel verify` finds in it what the journal says.
"""

import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from drill import accidents, cast
from drill.accidents import Accident
from drill.cast import Cast
from drill.report import hold, show
from drill.writers import fault_of
from tests.support.serving import Client, Reply, Server, eventually

SAYS_SO_SECONDS_MAX = 10.0
BACK_SECONDS_MAX = 20.0
ROUNDS = 3


class Counted(NamedTuple):
    """What became of the questions that may be refused, and how long until the store followed again."""

    accident: str
    answered: int
    refused: int
    back_seconds: float


class Stage:
    """A running server, two active people on it, and what they see while nothing is wrong."""

    def __init__(self, server: Server, people: Cast) -> None:
        self.server, self.people = server, people
        self.ada, self.ben = (server.client(people.tokens[name]) for name in people.writers[:2])
        self._numbers = count(1)
        self._before: dict[str, Reply] = {}
        self._published: set[str] = set()
        self.answered = self.refused = 0

    def prepare(self) -> None:
        """Both have written and read lately; note every answer."""
        self._old = [self._publish(self.ben) for _ in range(4)]
        self._own = [self._publish(self.ada) for _ in range(2)]
        self.server.settle()
        for path in self._must_be_read():
            _read(self.ben, path)
            _read(self.ada, path)
        self._before = {path: self.ada.get(path) for path in self._may_be_refused()}
        wrong = [f"{path} {reply.status}" for path, reply in self._before.items() if reply.status != 200]
        hold(not wrong, f"with its store the server answered {wrong}")

    def live_without_the_store(self, number: int) -> None:
        """Everything that must work, and everything that may say that it does not."""
        post = self._publish(self.ada)
        for reader in (self.ada, self.ben):
            home = _read(reader, "/api/v1/timelines/home")
            hold(home and home[0]["id"] == post, "a home does not begin with what was published last")
        for path in self._must_be_read():
            _read(self.ada, path)
        liked = self._old[number]
        _do(self.ada, f"/api/v1/statuses/{liked}/favourite")
        _do(self.ada, f"/api/v1/statuses/{liked}/reblog")
        _do(self.ada, f"/api/v1/accounts/{self.people.ids[self.people.birds[number]]}/follow")
        shown = _read(self.ada, f"/api/v1/statuses/{liked}")
        hold(shown["favourited"] and shown["reblogged"], "a favourite and a reblog are not seen by who did them")
        self._delete(post if number else self._own[0])
        self.ask_the_rest()

    def ask_the_rest(self) -> None:
        """Everything else is answered as before, or by an honest 503."""
        for path, before in self._before.items():
            reply = self.ada.get(path)
            fault = fault_of(reply, allowed=(200,))
            hold(not fault, f"{path} {fault}")
            hold(
                reply.status != 200 or not before.json or reply.json,
                f"{path} is empty, and was not while the store was there",
            )
            self.answered += reply.status == 200
            self.refused += reply.status != 200

    def all_is_there(self) -> None:
        """Afterwards everything is answered again, and nothing that was published meanwhile is missing."""
        for path, before in self._before.items():
            shown = _read(self.ada, path)
            hold(shown or not before.json, f"{path} is empty after the store has come back")
        for path in (f"/api/v1/accounts/{self.people.ids[name]}/statuses" for name in self.people.writers[:2]):
            self._published -= {entry["id"] for entry in _read(self.ben, f"{path}?limit=40")}
        hold(not self._published, f"after the store has come back these posts are missing: {sorted(self._published)}")

    def says_so(self) -> bool:
        """Whether /readyz tells that the store is away, and why."""
        store = self.ada.get("/readyz").json["processes"]["core"]["engines"]["store"]
        return not store["ok"] and bool(store["detail"])

    def is_back(self) -> bool:
        """Whether the store is said to follow and stands at the head, and the API process reads it again."""
        reply = self.ada.get("/readyz")
        if reply.status != 200:
            return False
        core = reply.json["processes"]["core"]
        follows = bool(core["engines"]["store"]["ok"]) and core["views"]["store"]["lag_events"] == 0
        return follows and self.ada.get("/api/v1/bookmarks").status == 200

    def close(self) -> None:
        """Let go of the connections."""
        self.ada.close()
        self.ben.close()

    def _publish(self, who: Client) -> str:
        number = next(self._numbers)
        reply = who.post(
            "/api/v1/statuses",
            {"status": f"a storm, part {number} @{self.people.writers[2]} #storm"},
            {"Idempotency-Key": f"storm-{number}"},
        )
        hold(reply.status == 200, f"publish answered {reply.status}: {str(reply.json)[:300]}")
        self._published.add(str(reply.json["id"]))
        return str(reply.json["id"])

    def _delete(self, post_id: str) -> None:
        reply = self.ada.ask("DELETE", f"/api/v1/statuses/{post_id}")
        hold(reply.status == 200, f"delete answered {reply.status}: {str(reply.json)[:300]}")
        self._published.discard(post_id)
        gone = self.ada.get(f"/api/v1/statuses/{post_id}").status
        hold(gone in (404, 503), f"a post that was deleted while the store was away answered {gone}")
        home = _read(self.ben, "/api/v1/timelines/home")
        hold(post_id not in {entry["id"] for entry in home}, "a home shows a post that was deleted")

    def _must_be_read(self) -> list[str]:
        ids = self.people.ids
        return [
            "/api/v1/timelines/home",
            "/api/v1/accounts/verify_credentials",
            *(f"/api/v1/accounts/{ids[name]}" for name in (*self.people.writers[:2], *self.people.birds)),
            *(f"/api/v1/statuses/{id_}" for id_ in self._old),
            "/api/v2/instance",
        ]

    def _may_be_refused(self) -> list[str]:
        ada, ben = (self.people.ids[name] for name in self.people.writers[:2])
        return [
            "/api/v1/notifications",
            "/api/v2/notifications",
            "/api/v1/notifications?types[]=mention",
            "/api/v1/notifications/unread_count",
            f"/api/v1/accounts/{ben}/statuses",
            f"/api/v1/accounts/{ben}/statuses?max_id={self._old[-1]}",
            f"/api/v1/accounts/{ada}/followers",
            f"/api/v1/accounts/{ada}/following",
            f"/api/v1/accounts/{self.people.ids[cast.READER]}",
            f"/api/v1/accounts/relationships?id[]={ben}",
            f"/api/v1/accounts/lookup?acct={self.people.writers[1]}",
            f"/api/v1/accounts/search?q={self.people.writers[1]}",
            "/api/v2/search?q=storm",
            f"/api/v1/timelines/home?max_id={self._old[-1]}",
            "/api/v1/timelines/public",
            "/api/v1/timelines/tag/storm",
            f"/api/v1/statuses/{self._old[0]}/context",
            f"/api/v1/statuses/{self._old[0]}/favourited_by",
            "/api/v1/favourites",
            "/api/v1/bookmarks",
            "/api/v1/follow_requests",
            "/api/v1/markers?timeline[]=home",
            "/api/v1/preferences",
            "/api/v1/tags/storm",
            "/api/v1/instance",
            "/",
            f"/@{self.people.writers[1]}",
            f"/@{self.people.writers[1]}/{self._old[0]}",
        ]


def run(data: Path, on_accident: Callable[[int], None] = lambda _: None) -> list[Counted]:
    """Every accident after another on one server. Raises Violation at the first broken promise."""
    server, people = cast.make(data, writers=3, birds=4)
    stage = Stage(server, people)
    try:
        counted: list[Counted] = []
        for name, accident in every_accident().items():
            counted.append(happen(stage, name, accident))
            on_accident(len(counted))
        return counted
    finally:
        stage.close()
        server.close()


def every_accident() -> dict[str, Accident]:
    """By name; those that last first."""
    return {**accidents.LASTING, **accidents.MENDED_AT_ONCE}


def happen(stage: Stage, name: str, accident: Accident) -> Counted:
    """One accident from the quiet before to the files after it."""
    stage.prepare()
    stage.answered = stage.refused = 0
    with accident(stage.server.data):
        for number in range(ROUNDS):
            stage.live_without_the_store(number)
        if name in accidents.LASTING:
            eventually(stage.says_so, seconds=SAYS_SO_SECONDS_MAX, what=f"/readyz tells of: {name}")
            _start_anew(stage)
    ended = time.monotonic()
    eventually(stage.is_back, seconds=BACK_SECONDS_MAX, what=f"the store follows again after: {name}")
    back_seconds = time.monotonic() - ended
    stage.all_is_there()
    stage.server.command("verify")
    return Counted(name, stage.answered, stage.refused, back_seconds)


def _start_anew(stage: Stage) -> None:
    """A server that starts without its store remembers nobody; it must say so, and neither deny nor invent anything."""
    stage.close()
    stage.server.kill()
    stage.server.start()
    stage.ask_the_rest()


def _read(who: Client, path: str) -> Any:
    reply = who.get(path)
    hold(reply.status == 200, f"{path} answered {reply.status}: {str(reply.json)[:300]}")
    return reply.json


def _do(who: Client, path: str) -> Any:
    reply = who.post(path)
    hold(reply.status == 200, f"{path} answered {reply.status}: {str(reply.json)[:300]}")
    return reply.json


def report(counted: list[Counted]) -> None:
    """Print what became of the server's answers."""
    rows = [
        (
            one.accident,
            f"what must work did; of the rest {one.answered} answered, {one.refused} refused with 503;"
            f" back after {one.back_seconds:.2f} s",
        )
        for one in counted
    ]
    show("store drill", rows, {"drill": "store", "accidents": [one._asdict() for one in counted]})
