"""Random histories: people do random things over the API, and things happen to the server; nobody looks at answers."""

import random
from collections.abc import Callable
from pathlib import Path

from tests.support.doors import InProcess
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.snapshots import Snapshot, take_snapshot, verify_snapshot
from whimbrel.kernel.events import Draft, Group

PEOPLE = 5
VERBS = ("reblog", "unreblog", "favourite", "unfavourite", "bookmark", "unbookmark", "pin", "unpin", "mute", "unmute")
EDGES = ("follow", "follow", "unfollow", "block", "unblock", "mute", "unmute")
VISIBILITIES = ("public", "public", "unlisted", "private", "direct")


class History:
    """What happens to a product in `data`, decided by `seed` alone; `snapshots` are those taken on the way."""

    def __init__(self, data: Path, seed: int) -> None:
        self.data = data
        self.snapshots: list[Snapshot] = []
        self.door = InProcess(data)
        self._random = random.Random(seed)
        self._tokens = self.door.people(PEOPLE)
        self._ids = {name: self._own_id(token) for name, token in self._tokens.items()}
        self._posts: dict[str, str] = {}

    def go_on(self, steps: int) -> None:
        """Let so many things happen."""
        happenings: list[tuple[int, Callable[[], None]]] = [
            (8, self._publish),
            (3, self._edit),
            (3, self._delete),
            (10, self._do_to_a_post),
            (8, self._do_to_a_person),
            (3, self._change_profile),
            (2, self._follow_a_tag),
            (2, self._poison_a_post),
            (1, self._poison_a_profile),
            (1, lambda: self.door.disturb(self._random.choice(("unknown event", "poison", "core restarts")))),
            (2, self.take_snapshot),
        ]
        weights, choices = zip(*happenings, strict=True)
        for happen in self._random.choices(choices, weights, k=steps):
            happen()

    def vanish(self) -> None:
        """Somebody deletes the account."""
        name = self._someone()
        self.door.vanish(name)
        del self._tokens[name]

    def take_snapshot(self) -> None:
        """A verified snapshot of the store as it happens to stand; all are kept."""
        journal = JournalReader(self.data / "journal.sqlite")
        try:
            taken = verify_snapshot(take_snapshot(self.data, gentle=False), journal)
        finally:
            journal.close()
        self.snapshots = [one for one in self.snapshots if one.sequence != taken.sequence] + [taken]

    def _publish(self) -> None:
        name = self._someone()
        words = [f"word{self._random.randrange(10**6)}", f"#tag{self._random.randrange(3)}", f"@{self._someone()}"]
        sent = {"status": " ".join(words), "visibility": self._random.choice(VISIBILITIES)}
        if self._posts and self._random.random() < 0.5:
            sent["in_reply_to_id"] = self._random.choice(list(self._posts))
        reply = self._ask(name, "POST", "statuses", sent)
        if reply.status == 200:
            self._posts[reply.json["id"]] = name

    def _edit(self) -> None:
        if post := self._some_post():
            sent = {"status": f"other{self._random.randrange(10**6)} #tag{self._random.randrange(3)}"}
            self._ask(self._posts[post], "PUT", f"statuses/{post}", sent)

    def _delete(self) -> None:
        post = self._some_post()
        if post:
            self._ask(self._posts[post], "DELETE", f"statuses/{post}")
            del self._posts[post]

    def _do_to_a_post(self) -> None:
        if post := self._some_post():
            verb = self._random.choice(VERBS)
            name = self._posts[post] if verb.endswith("pin") else self._someone()
            self._ask(name, "POST", f"statuses/{post}/{verb}")

    def _do_to_a_person(self) -> None:
        name, other = self._random.sample(list(self._tokens), 2)
        verb = self._random.choice(EDGES)
        self._ask(name, "POST", f"accounts/{self._ids[other]}/{verb}")
        if self._random.random() < 0.2:
            self._ask(name, "POST", f"accounts/{self._ids[other]}/note", {"comment": f"note on {other}"})

    def _change_profile(self) -> None:
        sent = {"display_name": f"n{self._random.randrange(99)}", "locked": self._random.random() < 0.3}
        self._ask(self._someone(), "PATCH", "accounts/update_credentials", sent)

    def _follow_a_tag(self) -> None:
        verb = self._random.choice(("follow", "unfollow"))
        self._ask(self._someone(), "POST", f"tags/tag{self._random.randrange(3)}/{verb}")

    def _poison_a_post(self) -> None:
        """An event about a post that cannot be read: it and what comes later about the post is parked."""
        if post := self._some_post():
            self.door.append(Group((Draft("PostEdited", int(self._ids[self._posts[post]]), b"\xc1", id=int(post)),)))

    def _poison_a_profile(self) -> None:
        """The same about somebody: what they do later is parked, and what others do to them."""
        account_id = int(self._ids[self._someone()])
        self.door.append(Group((Draft("ProfileChanged", account_id, b"\xc1", id=account_id),)))

    def _some_post(self) -> str | None:
        living = [post for post, author in self._posts.items() if author in self._tokens]
        return self._random.choice(living) if living else None

    def _someone(self) -> str:
        return self._random.choice(list(self._tokens))

    def _own_id(self, token: str) -> str:
        return self.door.ask(token, "GET", "/api/v1/accounts/verify_credentials").json["id"]

    def _ask(self, name, method, path, body=None):
        return self.door.ask(self._tokens[name], method, f"/api/v1/{path}", body=body)
