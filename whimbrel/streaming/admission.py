"""Who may listen: from a token to its session, its account and its side, with the texts that Mastodon's server has.

Everything comes from memory where memory has it; what is lacking is asked of the store for many at once. What ends a
session later (a revoked token, a disabled account) is listening's own affair: see deliveries.py.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import Forbidden, Unauthenticated
from whimbrel.microblog.accounts.access import token_hash
from whimbrel.microblog.accounts.memory import AccountsInMemory
from whimbrel.microblog.accounts.values import Account, Session
from whimbrel.streaming.heads import Head
from whimbrel.streaming.names import OPEN, READS_NOTIFICATIONS, StreamName, opened_by
from whimbrel.streaming.sides import SidesInMemory
from whimbrel.streaming.together import Together


class Freshness(Protocol):
    """Whether this process has taken in what is durable; CoreLink is one."""

    def is_current(self) -> bool:
        """Whether it has."""
        ...

    async def wait_for_head(self) -> None:
        """Wait until it has, or the deadline."""
        ...


class Guest(NamedTuple):
    """Who listens. All are None for somebody who gave no token; `account_id` is None for an app's own token."""

    session: Session | None = None
    account_id: int | None = None

    @property
    def reads_notifications(self) -> bool:
        """Whether its token opens notifications."""
        return self.session is not None and not READS_NOTIFICATIONS.isdisjoint(self.session.scopes)


class Admission:
    """The one door."""

    def __init__(self, *, accounts: AccountsInMemory, sides: SidesInMemory, freshness: Freshness, clock: Clock) -> None:
        self._memory, self._freshness, self._clock = accounts, freshness, clock
        self._sessions: Together[str, Session] = Together(self._sessions_of)
        self._accounts: Together[int, Account] = Together(accounts.accounts.many)
        self.sides = Together(sides.shelf.many)

    async def admit(self, token: str | None) -> Guest:
        """Who presents this token. Raises Unauthenticated, Forbidden, or StoreUnavailable when nobody can say."""
        if token is None:
            return Guest()
        await self.catch_up()
        session = await self._session(token)
        if session.account_id is None:
            return Guest(session)
        account = self._memory.accounts.held(session.account_id) or await self._accounts.one(session.account_id)
        if account is None or account.state == "deleted":
            raise Unauthenticated("Invalid access token")
        if not account.usable:
            raise Forbidden("Your login is currently disabled")
        return Guest(session, account.id)

    def holds(self, guest: Guest) -> bool:
        """Whether memory has what lets a guest in, as things stand now; if not, it must be admitted anew."""
        if guest.session is None:
            return True
        held = self._memory.sessions.held(guest.session.token_hash)
        if held is None or guest.account_id is None:
            return held is not None
        account = self._memory.accounts.held(guest.account_id)
        return account is not None and account.usable

    async def catch_up(self) -> None:
        """Have this process know what is durable now: a token or an id may be from a moment ago and elsewhere."""
        if not self._freshness.is_current():
            await self._freshness.wait_for_head()

    async def close(self) -> None:
        """Ask nothing more."""
        for asking in (self._sessions, self._accounts, self.sides):
            await asking.close()

    async def _session(self, token: str) -> Session:
        digest = token_hash(token)
        session = self._memory.sessions.held(digest)
        if session is None and digest not in self._memory.absent:
            session = await self._sessions.one(digest)
        if session is None:
            self._memory.note_absent(digest)
        elif session.kind == "access" and (session.expires_ms is None or session.expires_ms > self._clock()):
            return session
        raise Unauthenticated("Invalid access token")

    async def _sessions_of(self, digests: Sequence[str]) -> Mapping[str, Session]:
        return await self._memory.sessions.many(digests)


def check_scopes(guest: Guest, name: StreamName) -> None:
    """Raise Unauthenticated unless the guest may listen to a stream (Mastodon answers 401 here, not 403)."""
    if name.kind in OPEN:
        return
    if guest.session is None:
        raise Unauthenticated("Missing access token")
    if opened_by(name.kind).isdisjoint(guest.session.scopes) or guest.account_id is None:
        raise Unauthenticated("Access token does not have the required scopes")


def token_in(head: Head) -> str | None:
    """The token in the head of a request: header first, then query, then what a browser's WebSocket can send."""
    kind, _, token = head.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return token.strip()
    return head.query.get("access_token") or offered_protocol(head)


def offered_protocol(head: Head) -> str | None:
    """The first subprotocol that a WebSocket offers: browsers can send a token there and nowhere else."""
    return head.headers.get("sec-websocket-protocol", "").partition(",")[0].strip() or None
