"""A whole process in one thread: the real journal, the real store and memory views, in step after each append.

A test appends and looks; nothing runs beside it. `hold_store` lets the store fall behind, `take_store_away` removes it,
as happens to a server. It stands for no engine: it only calls them in the order in which the core and a process do.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.engines.journal.tail import EventTail
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.engines.store.writer import StoreWriter
from whimbrel.kernel.contracts import MemoryView, Reading, Writing
from whimbrel.kernel.errors import JournalUnavailable
from whimbrel.kernel.events import Appended, Event, Group, Outcome, Record, Refused, Stamp
from whimbrel.kernel.sql import schema
from whimbrel.microblog.accounts import apply as accounts
from whimbrel.microblog.graph import apply as graph
from whimbrel.microblog.posts import apply as posts
from whimbrel.microblog.vocabulary import VOCABULARY

T = TypeVar("T")

START_MS = 1_600_000_000_000
"""When the clock of a test begins: 13 September 2020."""


class Room(NamedTuple):
    """A room's side of the store."""

    schema: str
    apply: Callable[[Writing, Event], None]


def room(package: str, apply: Callable[[Writing, Event], None]) -> Room:
    """The room of a package, with its schema."""
    return Room(schema(package), apply)


ACCOUNTS = room("whimbrel.microblog.accounts", accounts.apply)
GRAPH = room("whimbrel.microblog.graph", graph.apply)
POSTS = room("whimbrel.microblog.posts", posts.apply)


class Ticking:
    """A clock that a test moves. Each look is a millisecond later, so times differ and replays agree."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        self.now_ms += 1
        return self.now_ms


class Appending:
    """The contracts' `Appender`, and as `.reads` their `Reads`, over engines in `folder`."""

    def __init__(self, folder: Path, rooms: Sequence[Room] = (ACCOUNTS, GRAPH, POSTS)) -> None:
        self.clock = Ticking()
        self.journal = SqliteJournal(folder / "journal.sqlite", clock=self.clock, synchronous="OFF")
        self.store_path = folder / "store-1.sqlite"
        self.store = StoreWriter(self.store_path, [room.schema for room in rooms], synchronous="OFF")
        self.tail = EventTail(0)
        self.events: list[Event] = []
        """Everything that was appended, decoded, in order."""
        self.reads = LocalReads(self)
        self._rooms = rooms
        self._readable = SqliteStore(self.store_path)
        self._views: list[MemoryView] = []
        self._waiting: list[tuple[Record, Event]] = []
        self._store_held = False
        self._take(self.journal.read(after=0, limit=1_000))

    def add_view(self, view: MemoryView) -> None:
        """Feed a memory view from now on."""
        self._views.append(view)

    async def append(self, group: Group) -> Outcome:
        """The contract's `append`."""
        return self.append_batch((group,))[0]

    def append_batch(self, groups: Sequence[Group]) -> list[Outcome]:
        """Append groups in one transaction, as the core does with what arrives together."""
        outcomes, records = self.journal.append(groups)
        for outcome in outcomes:
            if isinstance(outcome, Refused) and outcome.key.startswith("!"):
                raise JournalUnavailable("The journal does not take this", log=outcome.key)
        self._take(records)
        return outcomes

    def add(self, group: Group) -> int:
        """Append one group that must be taken; returns the id of what its first draft is about."""
        (outcome,) = self.append_batch((group,))
        assert isinstance(outcome, Appended), outcome
        assert outcome.stamps[0] is not None
        return outcome.stamps[0].id

    async def find(self, keys: Sequence[str]) -> dict[str, Stamp]:
        """The contract's `find`."""
        return self.journal.find(keys)

    @contextmanager
    def hold_store(self) -> Iterator[None]:
        """Within this the store takes nothing in; then it catches up."""
        self._store_held = True
        try:
            yield
        finally:
            self._store_held = False
            self._catch_up()

    @contextmanager
    def take_store_away(self) -> Iterator[None]:
        """Within this the store's file is not there."""
        elsewhere = self.store_path.with_suffix(".elsewhere")
        with self.hold_store():
            self.store_path.rename(elsewhere)
            try:
                yield
            finally:
                elsewhere.rename(self.store_path)

    def look(self, query: Callable[[Reading], T]) -> T:
        """Run a query on the store as it stands."""
        with self._readable.reading() as rows:
            return query(rows)

    def close(self) -> None:
        """Let go of the files."""
        self._readable.close()
        self.store.close()
        self.journal.close()

    def _take(self, records: Sequence[Record]) -> None:
        for record in records:
            event = VOCABULARY.decode(record)
            self.events.append(event)
            for view in self._views:
                view.apply(event)
            self.tail.add(event)
            self._waiting.append((record, event))
        self._catch_up()

    def _catch_up(self) -> None:
        if self._store_held or not self._waiting:
            return
        with self.store.writing() as pen:
            for record, event in self._waiting:
                for room in self._rooms:
                    room.apply(pen, event)
                pen.move(record)
        self._waiting.clear()


class LocalReads:
    """The contract's `Reads`: the store of an `Appending`, which is never read from another thread."""

    def __init__(self, appending: Appending) -> None:
        self._appending = appending

    async def read(self, query: Callable[[Reading], T], *, fresh: bool = True) -> T:  # noqa: ARG002
        """Run the query now; `fresh` asks for nothing, for whether the store is behind is the test's to say."""
        return self._appending.look(query)

    def age_seconds(self) -> float:
        """How far the store is behind; the tests of rooms do not ask."""
        return 0.0
