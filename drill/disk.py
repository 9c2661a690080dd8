"""`bin/drill disk`: fill the disk under a running server to the last byte, and give it back.

On a small file system of its own (drill/small_disk.py). Promises held: below 5 % free the server says so in /readyz,
metrics, answers, doctor and one line of log, sheds what it can do without, and everything people do works as before.
Without a byte left, and with somebody who takes every byte that is given back, posts are refused with 503, a time and
the reason; deletions, disabling, new passwords and revoked tokens are acknowledged and take effect; home and public
timelines are read; a killed core and a restarted server come back. When there is room again all of it works by itself,
nothing that was acknowledged is missing, nothing is doubled, nothing that was refused is there, and `whimbrel verify`
finds in the store what the journal says.
"""

import argparse
import json
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from drill import cast
from drill.cast import READER, Cast
from drill.report import Violation, hold, show
from drill.small_disk import Ballast, mounted
from tests.support.serving import Client, Reply, Server, eventually
from whimbrel.kernel.limits import DISK_FREE_SHARE_MIN, JOURNAL_RESERVE_BYTES

DISK_BYTES = 96 * 1024 * 1024
LOW_SHARE = 0.8 * DISK_FREE_SHARE_MIN
SAYS_SO_SECONDS_MAX = 10.0
BACK_SECONDS_MAX = 20.0
POSTS_UNTIL_FULL_MAX = 20_000
FULL = "The server's disk is full. Nothing was done; try again later."


class Counted(NamedTuple):
    """What the drill did, and what became of it."""

    posts_kept: int
    posts_refused: int
    posts_until_full: int
    deleted_while_full: int
    shut_out_while_full: int
    read_while_full: int
    full_after_seconds: float
    back_seconds: float


class Stage:
    """A server on the small disk, its people, and what they were told."""

    def __init__(self, server: Server, people: Cast, ballast: Ballast) -> None:
        self.server, self.people, self.ballast = server, people, ballast
        self.ada, self.reader = server.client(people.tokens[people.writers[0]]), server.client(people.tokens[READER])
        self.kept: dict[str, str] = {}
        self.deleted: set[str] = set()
        self.refused: list[str] = []
        self.shut_out = self.read = self._count = 0

    def post(self) -> Reply:
        """Write one post, and note what was said of it. Anything but 200 and the honest 503 is a Violation."""
        self._count += 1
        text = f"the disk fills, part {self._count} @{self.people.writers[1]} #ballast"
        reply = self.ada.post("/api/v1/statuses", {"status": text})
        if reply.status == 200:
            self.kept[str(reply.json["id"])] = text
        else:
            _is_refused(reply, "a post")
            self.refused.append(text)
        return reply

    def delete(self) -> None:
        """Delete the oldest post that is left; it must be acknowledged, and gone at once."""
        post_id = next(iter(self.kept))
        reply = self.ada.ask("DELETE", f"/api/v1/statuses/{post_id}")
        hold(reply.status == 200, f"on a full disk a deletion answered {reply.status}: {str(reply.json)[:300]}")
        del self.kept[post_id]
        self.deleted.add(post_id)

    def read_timelines(self) -> None:
        """Home and the public timeline show what was written last, and nothing that was deleted."""
        newest = next(reversed(self.kept))
        for who, path in ((self.reader, "/api/v1/timelines/home"), (self.ada, "/api/v1/timelines/public")):
            reply = who.get(path)
            hold(reply.status == 200, f"{path} answered {reply.status}: {str(reply.json)[:300]}")
            shown = [entry["id"] for entry in reply.json]
            hold(shown and shown[0] == newest, f"{path} does not begin with the newest post")
            hold(self.deleted.isdisjoint(shown), f"{path} shows a post that was deleted")
            self.read += 1

    def engine(self) -> dict[str, Any]:
        """What /readyz says of the disk."""
        found = self.ada.get("/readyz").json["processes"]["core"].get("engines", {}).get("disk", {})
        return dict(found)

    def says(self, level: str) -> bool:
        """Whether /readyz, the metrics and the answers tell of this level."""
        ready, metrics = self.engine(), self.ada.get("/metrics").json
        number = ("ok", "low", "full").index(level)
        header = self.ada.get("/api/v2/instance").headers.get("x-whimbrel-disk", "ok")
        return (
            bool(ready.get("ok")) == (level == "ok")
            and (level == "ok" or str(ready.get("detail", "")).startswith(level))
            and f'whimbrel_disk_level{{process="core"}} {number}\n' in metrics
            and header == level
        )

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The lines of log of this event."""
        lines = [line for line in self.server.log.read_text().splitlines() if f'"event": "{event}"' in line]
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Let go of the connections."""
        self.ada.close()
        self.reader.close()


def run(folder: Path, *, deletions: int) -> Counted:
    """The whole drill on the file system at `folder`. Raises Violation at the first broken promise."""
    server, people = cast.make(folder / "data", writers=5, birds=1)
    ballast = Ballast(folder)
    stage = Stage(server, people, ballast)
    try:
        for _ in range(deletions + 40):
            hold(stage.post().status == 200, "a post is refused before anything has happened")
        server.settle()
        stage.read_timelines()
        _low(stage)
        until_full, full_after_seconds = _full(stage)
        _take_away(stage, deletions)
        _start_anew(stage)
        back_seconds = _room_again(stage)
        _audit(stage)
        return Counted(
            posts_kept=len(stage.kept),
            posts_refused=len(stage.refused),
            posts_until_full=until_full,
            deleted_while_full=len(stage.deleted),
            shut_out_while_full=stage.shut_out,
            read_while_full=stage.read,
            full_after_seconds=full_after_seconds,
            back_seconds=back_seconds,
        )
    finally:
        ballast.vanish()
        stage.close()
        server.close()


def _low(stage: Stage) -> None:
    """Below the least share: said everywhere, the server ready, people served, the logs short."""
    stage.ballast.leave(int(LOW_SHARE * DISK_BYTES))
    eventually(lambda: stage.says("low"), seconds=SAYS_SO_SECONDS_MAX, what="the server says that its disk is low")
    hold(stage.ada.get("/readyz").status == 200, "a low disk makes the server unready")
    hold(stage.post().status == 200, "a low disk keeps people from posting")
    warned = json.loads(stage.server.command("doctor", "--json", code=1))["warnings"]
    hold(any(text.startswith("disk: low") for text in warned), f"doctor does not warn of a low disk: {warned}")
    stage.server.command("snapshot", code=3)
    hold(len(stage.logged("the disk is low")) == 1, "the change of level is not told in one line of log")
    stage.read_timelines()


def _full(stage: Stage) -> tuple[int, float]:
    """To the last byte, and post until the journal has used up what it holds; returns how many posts, and how long."""
    began, before = time.monotonic(), len(stage.kept)
    stage.ballast.eat_everything()
    for _ in range(POSTS_UNTIL_FULL_MAX):
        if stage.post().status != 200:
            break
    hold(stage.refused, "on a full disk every post is acknowledged")
    took = time.monotonic() - began
    eventually(lambda: stage.says("full"), seconds=SAYS_SO_SECONDS_MAX, what="the server says that its disk is full")
    hold(all(stage.post().status == 503 for _ in range(20)), "a post is acknowledged on a full disk")
    hold(stage.ada.get("/readyz").status == 200, "a full disk makes a server unready that reads and takes away")
    stage.read_timelines()
    return len(stage.kept) - before, took


def _take_away(stage: Stage, deletions: int) -> None:
    """What must be possible without a byte: deleting, and shutting out."""
    for number in range(deletions):
        stage.delete()
        if number % 20 == 0:
            stage.read_timelines()
            hold(stage.post().status == 503, "a post is acknowledged on a full disk")
    stage.close()  # the server ends connections on which nothing was asked for a while
    _shut_out(stage)
    for path, body in (
        (f"/api/v1/accounts/{stage.people.ids[stage.people.birds[0]]}/follow", None),
        (f"/api/v1/statuses/{next(iter(stage.kept))}/favourite", None),
        ("/api/v1/apps", {"client_name": "late", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}),
    ):
        _is_refused(stage.ada.post(path, body), path)


def _shut_out(stage: Stage) -> None:
    _, _, disabled, repassworded, revoked = stage.people.writers
    for name, words in (
        (disabled, ("account", "disable", disabled)),
        (repassworded, ("account", "password", repassworded, "--no-password")),
        (revoked, ("account", "sessions", revoked, "--revoke-all")),
    ):
        who = stage.server.client(stage.people.tokens[name])
        hold(_knows(who), f"{name} is shut out too early")
        stage.server.command(*words)
        told = " ".join(words)
        eventually(partial(_shuts_out, who), seconds=SAYS_SO_SECONDS_MAX, what=f"{name} is shut out by: {told}")
        who.close()
        stage.shut_out += 1


def _knows(who: Client) -> bool:
    return who.get("/api/v1/accounts/verify_credentials").status == 200


def _shuts_out(who: Client) -> bool:
    return who.get("/api/v1/accounts/verify_credentials").status in (401, 403)


def _start_anew(stage: Stage) -> None:
    """Without a byte left: the core dies, then all of it, then it is restarted; what comes back does as before."""
    stage.server.kill_child("core")
    hold(stage.post().status == 503, "a post is acknowledged on a full disk by a new core")
    stage.delete()
    stage.close()
    stage.server.kill()
    stage.server.start()
    hold(stage.post().status == 503, "a post is acknowledged on a full disk after a kill")
    stage.delete()
    stage.close()
    stage.server.restart()
    hold(stage.post().status == 503, "a post is acknowledged on a full disk after a restart")
    stage.delete()
    hold(_knows(stage.ada), "after a restart on a full disk nobody is signed in")


def _room_again(stage: Stage) -> float:
    """Give the room back; returns how long until posts are taken, the reserve is kept, and the store follows."""
    stage.ballast.vanish()
    began = time.monotonic()
    eventually(lambda: stage.post().status == 200, seconds=BACK_SECONDS_MAX, what="posts are taken again")
    seconds = time.monotonic() - began
    reserve = stage.server.data / "journal.reserve"
    eventually(
        lambda: reserve.exists() and reserve.stat().st_size >= JOURNAL_RESERVE_BYTES and stage.says("ok"),
        seconds=BACK_SECONDS_MAX,
        what="the reserve is kept again, and nothing is said of the disk",
    )
    stage.server.settle()
    return seconds


def _audit(stage: Stage) -> None:
    """Everything acknowledged is there once, everything deleted is gone, nothing refused has happened."""
    own = f"/api/v1/accounts/{stage.people.ids[stage.people.writers[0]]}/statuses"
    found: list[tuple[str, str]] = []
    page: dict[str, Any] = {"limit": 40}
    while entries := stage.ada.get(own, page).json:
        found += [(entry["id"], entry["content"]) for entry in entries]
        page["max_id"] = entries[-1]["id"]
    ids = [id_ for id_, _ in found]
    hold(len(ids) == len(set(ids)), "a post is there twice")
    missing = set(stage.kept) - set(ids)
    hold(not missing, f"{len(missing)} acknowledged posts are missing")
    extra = [content for id_, content in found if id_ not in stage.kept]
    hold(not extra, f"{len(extra)} posts are there that were deleted or refused: {extra[:3]}")
    stage.read_timelines()
    stage.server.command("verify")


def _is_refused(reply: Reply, what: str) -> None:
    fits = reply.status == 503 and reply.headers.get("retry-after", "").isdigit() and reply.json == {"error": FULL}
    hold(fits, f"on a full disk {what} answered {reply.status}: {str(reply.json)[:300]} {reply.headers}")


def report(counted: Counted) -> None:
    """Print what was counted."""
    rows = [
        ("posts acknowledged and there", str(counted.posts_kept)),
        ("posts refused with 503, and not there", str(counted.posts_refused)),
        ("posts acknowledged between the last free byte and the first refusal", str(counted.posts_until_full)),
        ("deletions acknowledged on the full disk", str(counted.deleted_while_full)),
        ("accounts shut out on the full disk", str(counted.shut_out_while_full)),
        ("timelines read meanwhile", str(counted.read_while_full)),
        ("posts taken again after the room was there", f"{counted.back_seconds:.2f} s"),
    ]
    show("disk drill", rows, {"drill": "disk", "bytes": DISK_BYTES, **counted._asdict()})


def main() -> int:
    """Run the drill in a process that may mount (small_disk.run_inside); returns the exit code."""
    flags = argparse.ArgumentParser(prog="drill.disk")
    flags.add_argument("folder", type=Path)
    flags.add_argument("--deletions", type=int, required=True)
    told = flags.parse_args()
    with mounted(told.folder / "disk", DISK_BYTES) as folder:
        try:
            report(run(folder, deletions=told.deletions))
        except (Violation, AssertionError) as violation:
            log = folder / "data.log"
            os.write(2, log.read_bytes()[-4_000:] if log.exists() else b"")
            print(f"drill: a promise was broken: {violation}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
