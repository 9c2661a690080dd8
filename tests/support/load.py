"""People who read and write without a pause while a server changes under them, and who forgive nothing."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from tests.support.serving import Client, Server

HOME = "/api/v1/timelines/home"


class Person:
    """Asks again and again: over one connection or a new one each time, reading home or posting."""

    def __init__(self, server: Server, token: str, name: str, *, posts: bool = False, keeps: bool = True) -> None:
        self.name, self._posts, self._keeps = name, posts, keeps
        self.acknowledged: dict[str, str] = {}
        """The text of each post that was acknowledged, by its id."""
        self.failures: list[object] = []
        self.answers, self.longest_gap_seconds = 0, 0.0
        self._address = urlsplit(server.url)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._connection: HTTPConnection | None = None

    def ask_until(self, over: threading.Event) -> None:
        """Ask without a pause."""
        last = time.monotonic()
        while not over.is_set():
            try:
                self._ask()
            except (OSError, HTTPException) as error:
                self.failures.append(repr(error))
                self._connection = None
            now = time.monotonic()
            self.longest_gap_seconds = max(self.longest_gap_seconds, now - last)
            last = now
        self._let_go()

    def _ask(self) -> None:
        if self._connection is None:
            assert self._address.hostname is not None
            self._connection = HTTPConnection(self._address.hostname, self._address.port, timeout=30)
        text = f"{self.name} {self.answers}"
        if self._posts:
            body = json.dumps({"status": text})
            self._connection.request("POST", "/api/v1/statuses", body, self._headers)
        else:
            self._connection.request("GET", HOME, headers=self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            self.failures.append((answer.status, content))
        elif self._posts:
            self.acknowledged[json.loads(content)["id"]] = text
        self.answers += 1
        if not self._keeps:
            self._let_go()

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def load_on(server: Server, token: str) -> Iterator[list[Person]]:
    """Two who post and two who read, over kept connections and new ones, for as long as the block runs."""
    people = [
        Person(server, token, "keeping writer", posts=True),
        Person(server, token, "returning writer", posts=True, keeps=False),
        Person(server, token, "keeping reader"),
        Person(server, token, "returning reader", keeps=False),
    ]
    over = threading.Event()
    threads = [threading.Thread(target=person.ask_until, args=(over,)) for person in people]
    for thread in threads:
        thread.start()
    try:
        yield people
    finally:
        over.set()
        for thread in threads:
            thread.join()
    for person in people:
        print(f"{person.name}: {person.answers} answers, longest gap {person.longest_gap_seconds * 1000:.0f} ms")


def posted(client: Client) -> dict[str, str]:
    """The texts of all posts of the one who asks, by id."""
    account_id = client.get("/api/v1/accounts/verify_credentials").json["id"]
    found: dict[str, str] = {}
    query = {"limit": 40}
    while page := client.get(f"/api/v1/accounts/{account_id}/statuses", query).json:
        found |= {post["id"]: post["content"].removeprefix("<p>").removesuffix("</p>") for post in page}
        query["max_id"] = page[-1]["id"]
    return found
