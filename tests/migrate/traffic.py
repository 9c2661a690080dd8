"""People who post and read while the releases take over from each other: what they were told, and what failed them.

Writers keep their connections, as apps do; of the readers some do and some come anew each time. A request counts as
failed when it is not answered, or answered with anything but 200. Nobody here tries again.
"""

import itertools
import json
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple
from urllib.parse import urlsplit

ANSWER_SECONDS = 30.0
WRITERS = 8


class Told(NamedTuple):
    """One acknowledged post."""

    id: str
    text: str


class Traffic:
    """Requests from `with` on until the block ends. Rates are a second, all writers or readers together."""

    def __init__(self, url: str, tokens: list[str], *, posts: float, reads: float) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "", address.port
        self.told: list[Told] = []
        self.failed: list[str] = []
        self.answered: list[float] = []
        """When each read was answered, on the monotonic clock."""
        self._stopping = threading.Event()
        self._numbers = itertools.count(1)
        self._threads = [
            threading.Thread(target=self._work, args=(WRITERS / posts, self._writer(tokens[place % len(tokens)])))
            for place in range(WRITERS)
        ]
        self._threads += [
            threading.Thread(target=self._work, args=(2 / reads, self._reader(fresh=fresh))) for fresh in (True, False)
        ]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @property
    def longest_gap_seconds(self) -> float:
        """The longest time in which no read was answered."""
        times = sorted(self.answered)
        return max((after - before for before, after in itertools.pairwise(times)), default=0.0)

    def _work(self, pause_seconds, ask):
        connection = HTTPConnection(self._host, self._port, timeout=ANSWER_SECONDS)
        due = time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            due = max(due + pause_seconds, time.monotonic())
            try:
                ask(connection)
            except (OSError, HTTPException, ValueError) as error:
                self.failed.append(f"{ask.__name__}: {error!r}")
                connection.close()
        connection.close()

    def _writer(self, token):
        def post(connection):
            text = f"post number {next(self._numbers)} #birds"
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Idempotency-Key": text}
            answer = self._asked(connection, "POST", "/api/v1/statuses", json.dumps({"status": text}), headers)
            if answer is not None:
                self.told.append(Told(answer["id"], text))

        return post

    def _reader(self, *, fresh):
        def read(connection):
            self._asked(connection, "GET", "/api/v1/timelines/public?limit=5")
            self.answered.append(time.monotonic())
            if fresh:
                connection.close()

        return read

    def _asked(self, connection, method, path, body=None, headers=None):
        connection.request(method, path, body=body, headers=headers or {})
        with connection.getresponse() as answer:
            text = answer.read()
            if answer.status != 200:
                self.failed.append(f"{method} {path}: {answer.status} {text[:200]!r}")
                return None
        with suppress(ValueError):
            return json.loads(text)
        self.failed.append(f"{method} {path}: {text[:200]!r}")
        return None
