"""The front of the room: what the history says is owed to each subscription, once, and delivered until acknowledged.

Promises: whoever said it (the program, a page, the command line, another process), it is told, because it is taken
from the history by a cursor that moves in the same write as the rows of the outbox; each subscription has exactly one
row for each update, which goes when it was acknowledged. In order for each; who does not answer keeps nobody waiting.
A crash between an answer and its row's going repeats that one delivery, under the same name, by which receivers, mail
programs and the microblog know it.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.errors import NotFound, Unavailable, WhimbrelError
from whimbrel.kernel.limits import (
    BOOK_RETRY_SECONDS,
    ROUND_AFTER_SURPRISE_SECONDS,
    TELLING_AT_ONCE_MAX,
    TELLING_CONFIRM_TRIES_MAX,
    TELLING_DISABLED_AFTER_SECONDS,
    TELLING_HISTORY_MAX,
    TELLING_RETRY_ACCOUNT_SECONDS_MAX,
    TELLING_RETRY_SECONDS,
    TELLING_RETRY_SECONDS_MAX,
    TELLING_TRIES_MAX,
    TELLING_WAITING_PER_SUBSCRIPTION_MAX,
    TURN_SECONDS,
)
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.book.history import Entry
from whimbrel.statuspage.rounds import Rounds
from whimbrel.statuspage.showing import Showing
from whimbrel.statuspage.telling import rows
from whimbrel.statuspage.telling.channels import Channel, DeliveryFailed, Message
from whimbrel.statuspage.telling.rows import Kind, News, Owed, Subscription
from whimbrel.statuspage.telling.story import ComponentChange, Told, told_of
from whimbrel.statuspage.telling.subscriptions import Subscriptions

_log = logging.getLogger("whimbrel.status")

_PEOPLE: Final[tuple[Kind, ...]] = ("webhook", "email", "account")
_PROGRAMS: Final[tuple[Kind, ...]] = ("webhook",)
_CONFIRMING: Final = 0


class Telling:
    """The outbox and its one task. `channels`: by kind of subscription; a kind without one waits."""

    def __init__(
        self,
        *,
        book: Book,
        clock: Clock,
        showing: Showing,
        subscriptions: Subscriptions,
        channels: Mapping[Kind, Channel],
    ) -> None:
        self._book, self._clock, self._showing = book, clock, showing
        self._subscriptions, self.channels = subscriptions, channels
        self._cursor = 0
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._rounds = Rounds("deliveries", self._deliver_round)
        self._running: asyncio.Task[None] | None = None

    async def load(self, official: str = "") -> None:
        """Read the cursor: a new book's news begin now. `official`: where the official account is; empty for none."""
        self._cursor = await self._book.write(lambda pen: self._begin(pen, official))

    async def tell(self) -> int:
        """Owe everybody what the history has since the last call; returns how many records were news."""
        if not await self._book.read(lambda look: history.newest(look)[0] > self._cursor):
            return 0
        news, self._cursor = await self._book.write(self._owe)
        return news

    def start(self) -> None:
        """Deliver from now on."""
        self._running = asyncio.create_task(self._rounds.for_ever())

    async def stop(self) -> None:
        """Let go of what is under way; it is tried again after the next start."""
        tasks = [*self._under_way.values(), *([self._running] if self._running else [])]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    @property
    def failing(self) -> str:
        """Why nothing could be delivered the last time; empty when what is due is on its way."""
        return self._rounds.failing

    async def deliver(self) -> list["asyncio.Task[None]"]:
        """Begin what is due now, as much as may be under way at once; returns everything that is under way."""
        now_ms, busy = self._clock(), len(self._under_way)
        if busy < TELLING_AT_ONCE_MAX:
            owed = await self._book.read(lambda look: rows.due(look, now_ms, TELLING_AT_ONCE_MAX + busy))
            for one in owed:
                if one.subscription not in self._under_way and len(self._under_way) < TELLING_AT_ONCE_MAX:
                    self._under_way[one.subscription] = asyncio.create_task(self._deliver(one))
        return list(self._under_way.values())

    async def waiting(self) -> int:
        """How much is still owed."""
        return await self._book.read(rows.waiting)

    def _begin(self, pen: Writing, official: str) -> int:
        rows.disable_other_accounts(pen, official)
        now_ms = self._clock()
        if official:
            account = rows.of(pen, "account", official)
            if account is None:
                account = Subscription("official", "account", official, "active", (), (), "en", b"", now_ms, now_ms)
            rows.put(pen, account._replace(id=account.id, state="active"))
        cursor = rows.cursor(pen)
        if cursor is None:
            cursor = history.newest(pen)[0]
            rows.move(pen, cursor)
        return cursor

    def _owe(self, pen: Writing) -> tuple[int, int]:
        """Make the rows of the outbox, in the order of the history; a long history takes several turns."""
        cursor, news = rows.cursor(pen) or 0, 0
        for number, entry in enumerate(history.entries(pen, after=cursor)):
            if number >= TELLING_HISTORY_MAX:
                break
            told = told_of(entry)
            news += told is not None and self._announce(pen, entry, told)
            cursor = entry.sequence
        rows.move(pen, cursor)
        return news, cursor

    def _announce(self, pen: Writing, entry: Entry, told: Told) -> bool:
        kinds, before = _PEOPLE, ""
        if isinstance(told.about, ComponentChange):
            kinds, before = _PROGRAMS, rows.told_state(pen, told.about.component)
            if told.about.state in ("unknown", before):
                return False  # that nothing is measured right now is no news; what comes after it may be
            rows.put_told_state(pen, told.about.component, told.about.state)
        rows.announce(pen, News(entry.sequence, told.subject, kinds, told.affected, before), self._clock())
        return True

    async def _deliver_round(self) -> float:
        under_way = await self.deliver()
        if not under_way:
            return TURN_SECONDS
        # A delivery that is over makes room for the next at once; else the outbox is looked at once a second.
        await asyncio.wait(under_way, timeout=TURN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        return 0.0

    async def _deliver(self, owed: Owed) -> None:
        """One delivery, with everything that can come of it; whatever the book refuses is tried again later."""
        try:
            await self._try(owed)
        except NotFound:
            return  # they have unsubscribed meanwhile
        except WhimbrelError as error:
            _log.error("a delivery could not be noted", extra={"error": str(error)})
            await asyncio.sleep(ROUND_AFTER_SURPRISE_SECONDS)  # else it would be due again at once
        except Exception:  # noqa: BLE001 - whatever it is, it must not end in silence what else is owed to them
            _log.exception("a delivery was surprised", extra={"subscription": owed.subscription})
            await asyncio.sleep(ROUND_AFTER_SURPRISE_SECONDS)
        finally:
            del self._under_way[owed.subscription]

    async def _try(self, owed: Owed) -> None:
        to, told = await self._book.read(lambda look: (rows.get(look, owed.subscription), _told(look, owed)))
        try:
            confirmed = await self._send(to, owed, told)
        except DeliveryFailed as failed:
            error = failed  # the name of an except clause is gone before the writer's thread uses it
        except Exception as surprise:  # noqa: BLE001 - who is told is a stranger: what they make us raise is a failure
            _log.exception("a delivery was surprised", extra={"subscription": to.id})
            error = DeliveryFailed(f"this program was surprised ({type(surprise).__name__})")
        else:
            await self._noted(lambda pen: _acknowledged(pen, owed, confirmed=confirmed))
            return
        await self._noted(lambda pen: self._note_failure(pen, owed, error))

    async def _noted(self, work: Callable[[Writing], None]) -> None:
        """Write down how it went, as soon as the disk takes it: until then this subscription is sent nothing, because
        what was acknowledged and cannot be noted would be sent once more, and once more."""
        while True:
            try:
                return await self._book.write(work)
            except Unavailable:
                await asyncio.sleep(BOOK_RETRY_SECONDS)

    async def _send(self, to: Subscription, owed: Owed, told: Told | None) -> bool:
        channel = self.channels.get(to.kind)
        if channel is None:
            raise DeliveryFailed(f"there is no way to send {to.kind} from here")
        shown = self._showing.shown
        links = self._subscriptions.links(to)
        return await channel.send(Message(to, owed.subject, told, owed.before, links, shown))

    def _note_failure(self, pen: Writing, owed: Owed, error: DeliveryFailed) -> None:
        to, now_ms = rows.get(pen, owed.subscription), self._clock()
        noted = {"kind": to.kind, "subscription": to.id, "tries": owed.tries + 1, "error": error.public}
        _log.warning("a delivery failed", extra=noted)
        since_ms = to.failing_since_ms or now_ms
        too_long = now_ms - since_ms >= 1_000 * TELLING_DISABLED_AFTER_SECONDS
        if to.kind != "account" and (error.gone or too_long):
            rows.put(pen, to._replace(state="disabled", failing_since_ms=since_ms))
            rows.drop_of(pen, to.id)
            return
        rows.put(pen, to._replace(failing_since_ms=since_ms))
        if error.permanent or _is_given_up(owed, to.kind):
            rows.done(pen, owed)
            return
        due_ms = now_ms + 1_000 * retry_seconds(owed.tries, to.kind)
        rows.again(pen, owed, due_ms=due_ms, error=error.public[:200], keep=TELLING_WAITING_PER_SUBSCRIPTION_MAX)


def retry_seconds(tries: int, kind: Kind) -> int:
    """How long to wait after so many failures: twice as long each time, up to hours; a minute for the account."""
    longest = TELLING_RETRY_ACCOUNT_SECONDS_MAX if kind == "account" else TELLING_RETRY_SECONDS_MAX
    return min(TELLING_RETRY_SECONDS << min(tries, 20), longest)


def _is_given_up(owed: Owed, kind: Kind) -> bool:
    """The account is never given up: what the page has said is said there, however late."""
    if owed.sequence == _CONFIRMING:
        return owed.tries + 1 >= TELLING_CONFIRM_TRIES_MAX
    return kind != "account" and owed.tries + 1 >= TELLING_TRIES_MAX


def _told(look: Reading, owed: Owed) -> Told | None:
    return None if owed.sequence == _CONFIRMING else told_of(rows.record(look, owed.sequence))


def _acknowledged(pen: Writing, owed: Owed, *, confirmed: bool) -> None:
    rows.done(pen, owed)
    one = rows.get(pen, owed.subscription)._replace(failing_since_ms=None)
    if confirmed:
        one = one._replace(state="active", components=one.wanted)
    rows.put(pen, one)
