"""Sending and fetching objects: content in, hash out, a few at a time, each checked.

What the place has already is not sent again. A thread of its own for each of a few objects hides the way to a distant
place; the number of those under way is bounded, and with it the memory.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import msgspec

from whimbrel.engines.backup.documents import Image, hash_of, object_name
from whimbrel.engines.backup.packing import Segment, packed
from whimbrel.engines.backup.place import Place
from whimbrel.kernel.contracts import Row
from whimbrel.kernel.errors import Corrupt, NotFound
from whimbrel.kernel.giving_way import give_way
from whimbrel.kernel.limits import BACKUP_OBJECTS_AT_ONCE


class Wanted(NamedTuple):
    """An object by its hash, and what it holds, for whoever reads that it is damaged."""

    hash: str
    what: str


class Sender:
    """Puts objects into a place, for as long as the block runs; when it has ended without an error all are there."""

    def __init__(self, place: Place, there: Mapping[str, int]) -> None:
        """`there`: what the place has, by hash, and how long it is; an object that is cut short is sent again."""
        self._place, self._there = place, dict(there)
        self._pool = ThreadPoolExecutor(BACKUP_OBJECTS_AT_ONCE, "backup", initializer=give_way)
        self._room = threading.BoundedSemaphore(2 * BACKUP_OBJECTS_AT_ONCE)
        self._under_way: list[Future[None]] = []
        self.objects = self.bytes = 0

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._pool.shutdown(cancel_futures=kind is not None)
        if kind is None:
            self._settle()

    def send(self, content: bytes) -> str:
        """Have the place hold `content`; returns its hash. Raises what an earlier one met."""
        hash_ = hash_of(content)
        if self._there.get(hash_) == len(content):
            return hash_
        self._there[hash_] = len(content)
        self.objects, self.bytes = self.objects + 1, self.bytes + len(content)
        self._room.acquire()
        self._under_way = [one for one in self._under_way if not (one.done() and one.exception() is None)]
        if failed := next((one for one in self._under_way if one.done()), None):
            failed.result()
        self._under_way.append(self._pool.submit(self._put, hash_, content))
        return hash_

    def wait(self) -> None:
        """Return when everything that was sent is there for good."""
        self._settle()
        self._place.settle()

    def _put(self, hash_: str, content: bytes) -> None:
        try:
            self._place.put(object_name(hash_), content)
        finally:
            self._room.release()

    def _settle(self) -> None:
        for one in self._under_way:
            one.result()
        self._under_way = []


def fetch(place: Place, hash_: str, what: str) -> memoryview:
    """An object's content, checked. Raises Corrupt, which names the object and `what` it holds."""
    name = object_name(hash_)
    try:
        content = place.get(name)
    except NotFound as error:
        raise Corrupt("The backup is damaged.", log=f"{place.shown}: {name} is missing; it holds {what}") from error
    if hash_of(content) != hash_:
        raise Corrupt("The backup is damaged.", log=f"{place.shown}: {name} is not what was sent; it holds {what}")
    return content


def fetch_in_order(place: Place, wanted: Iterable[Wanted]) -> Iterator[tuple[memoryview, str]]:
    """Several objects in their order, each with what it holds; the next ones are on their way meanwhile."""
    under_way: deque[Future[tuple[memoryview, str]]] = deque()
    with ThreadPoolExecutor(BACKUP_OBJECTS_AT_ONCE, "restore") as pool:
        try:
            for one in wanted:
                under_way.append(pool.submit(_fetched, place, one))
                if len(under_way) >= BACKUP_OBJECTS_AT_ONCE:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for left in under_way:
                left.cancel()


def _fetched(place: Place, one: Wanted) -> tuple[memoryview, str]:
    name = f"{place.shown}: {object_name(one.hash)}, which holds {one.what}"
    return fetch(place, one.hash, one.what), name


def send_value(sender: Sender, value: Image | Segment | list[Row]) -> tuple[str, int]:
    """Send a listing, a segment or a piece of claims; returns its hash and its size."""
    content = msgspec.json.encode(value) if isinstance(value, Image) else packed(value)
    return sender.send(content), len(content)
