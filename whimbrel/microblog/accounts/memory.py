"""Accounts, names, sessions and apps in the memory of a process, kept true by the journal.

What an event does to an account is said twice, here and in apply.py; a test compares the two for every event. The
events of the rooms above are known by name (see apply.py). Sessions of a disabled or deleted account stay here: what
they may do is decided at each request by the account's state, which is one look at memory.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from msgspec import UNSET
from msgspec.structs import replace

from whimbrel.kernel.contracts import Reads, Tail
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.kernel.limits import (
    ACCOUNTS_CACHED_MAX,
    APPS_CACHED_MAX,
    NAMES_CACHED_MAX,
    SESSIONS_ABSENT_MAX,
    SESSIONS_CACHED_MAX,
)
from whimbrel.microblog.accounts import rows
from whimbrel.microblog.accounts.events import AccountCreated, ProfileChanged
from whimbrel.microblog.accounts.rules import state_of
from whimbrel.microblog.accounts.values import Account, App, Session
from whimbrel.microblog.shelf import Shelf

T = TypeVar("T")


class AccountsInMemory:
    """Everything that this room holds in memory; one follower feeds it."""

    def __init__(self, reads: Reads, tail: Tail) -> None:
        self.accounts: Shelf[int, Account] = Shelf(
            reads, tail, query=rows.accounts, touched=touched, change=change, items_max=ACCOUNTS_CACHED_MAX
        )
        self.names: Shelf[str, int] = Shelf(
            reads, tail, query=rows.ids_by_name, touched=_never, change=_keep, items_max=NAMES_CACHED_MAX
        )
        self.apps: Shelf[int, App] = Shelf(
            reads, tail, query=rows.apps, touched=_never, change=_keep, items_max=APPS_CACHED_MAX
        )
        self.clients: Shelf[str, App] = Shelf(
            reads, tail, query=rows.apps_by_client_id, touched=_never, change=_keep, items_max=APPS_CACHED_MAX
        )
        self.sessions: Shelf[str, Session] = Shelf(
            reads, tail, query=rows.sessions, touched=_token, change=_revoke, items_max=SESSIONS_CACHED_MAX
        )
        self.absent: dict[str, None] = {}
        """Hashes of tokens that open nothing, the oldest first: guessing costs the store one look each."""
        self._takes: dict[str, Callable[[Event], None]] = {
            **dict.fromkeys(_CHANGES, self.accounts.apply),
            "AccountCreated": self._account_created,
            "AppRegistered": self._app_registered,
            "TokenIssued": self._token_issued,
            "TokenRevoked": self.sessions.apply,
        }

    def apply(self, event: Event) -> None:
        """Take one event in."""
        take = self._takes.get(event.type)
        if take is not None and _readable(event):
            take(event)

    def forget(self) -> None:
        """Drop everything."""
        for shelf in (self.accounts, self.names, self.apps, self.clients, self.sessions):
            shelf.forget()
        self.absent.clear()

    def note_absent(self, token_hash: str) -> None:
        """Remember that a token opens nothing, until one with this hash is issued."""
        if len(self.absent) >= SESSIONS_ABSENT_MAX:
            del self.absent[next(iter(self.absent))]
        self.absent[token_hash] = None

    def _account_created(self, event: Event) -> None:
        account = created(event.id, event.time_ms, event.data)
        self.accounts.put(event.id, account)
        self.names.put(account.name.lower(), event.id)

    def _app_registered(self, event: Event) -> None:
        data = event.data
        app = App(
            id=event.id,
            client_id=data.client_id,
            secret_hash=data.secret_hash,
            name=data.name,
            redirect_uris=data.redirect_uris,
            scopes=data.scopes,
            website=data.website,
            created_ms=event.time_ms,
        )
        self.apps.put(app.id, app)
        self.clients.put(app.client_id, app)

    def _token_issued(self, event: Event) -> None:
        # The app may not be in memory: then the session is held without its name, and Access fills it in.
        data = event.data
        app = self.apps.held(data.app_id) if data.app_id is not None else None
        session = Session(
            id=event.id,
            token_hash=data.token_hash,
            account_id=data.account_id,
            app_id=data.app_id,
            app_name=app.name if app else None,
            app_website=app.website if app else None,
            scopes=data.scopes,
            kind=data.kind,
            created_ms=event.time_ms,
            expires_ms=data.expires_ms,
        )
        self.absent.pop(data.token_hash, None)
        self.sessions.put(data.token_hash, session)


def created(id_: int, created_ms: int, data: AccountCreated) -> Account:
    """The account that AccountCreated makes."""
    return Account(
        id=id_,
        name=data.name,
        created_ms=created_ms,
        display_name=data.display_name,
        role=data.role,
        confirmed=data.confirmed,
        approved=data.approved,
        state=state_of(deleted=False, disabled=False, approved=data.approved, confirmed=data.confirmed),
    )


def with_profile(account: Account, data: ProfileChanged) -> Account:
    """The account after ProfileChanged; a deleted one stays as it is."""
    if account.state == "deleted":
        return account
    fields = ((field, getattr(data, field)) for field in data.__struct_fields__)
    return replace(account, **{field: value for field, value in fields if value is not UNSET})


def touched(event: Event) -> Iterable[int]:
    """Ids of the accounts that an event changes."""
    if event.type not in _CHANGES or not _readable(event):
        return ()
    by_whom = _TOUCHED.get(event.type)
    return by_whom(event) if by_whom else (event.id,)


def change(account_id: int, account: Account, event: Event) -> Account:
    """The account after an event that touches it."""
    return _CHANGES[event.type](account_id, account, event)


def _flagged(account: Account, **flags: bool) -> Account:
    changed = replace(account, **flags)
    state = state_of(
        deleted=account.state == "deleted",
        disabled=changed.disabled,
        approved=changed.approved,
        confirmed=changed.confirmed,
    )
    return replace(changed, state=state)


def _erased(account: Account) -> Account:
    return Account(
        id=account.id,
        name="",
        created_ms=account.created_ms,
        state="deleted",
        confirmed=False,
        approved=True,
        disabled=False,
        followers=account.followers,
        following=account.following,
        posts=account.posts,
        last_post_ms=account.last_post_ms,
    )


def _followed(account_id: int, account: Account, event: Event) -> Account:
    if account_id == event.id:
        return replace(account, followers=account.followers + 1)
    return replace(account, following=account.following + 1)


def _unfollowed(account_id: int, account: Account, event: Event) -> Account:
    if account_id == event.id:
        return replace(account, followers=account.followers - 1)
    return replace(account, following=account.following - 1)


def _posted(_: int, account: Account, event: Event) -> Account:
    return replace(account, posts=account.posts + 1, last_post_ms=event.time_ms)


def _both_ends(event: Event) -> tuple[int, ...]:
    return (event.id, event.data.account_id)


def _poster(event: Event) -> tuple[int, ...]:
    return (event.actor,) if event.data.visibility != "direct" else ()


def _author(event: Event) -> tuple[int, ...]:
    return (event.data.account_id,) if event.data.visibility != "direct" else ()


_CHANGES: Final[dict[str, Callable[[int, Account, Event], Account]]] = {
    "ProfileChanged": lambda _, account, event: with_profile(account, event.data),
    "AccountConfirmed": lambda _, account, __: _flagged(account, confirmed=True),
    "AccountApproved": lambda _, account, __: _flagged(account, approved=True),
    "AccountDisabled": lambda _, account, __: _flagged(account, disabled=True),
    "AccountEnabled": lambda _, account, __: _flagged(account, disabled=False),
    "RoleChanged": lambda _, account, event: replace(account, role=event.data.role),
    "AccountDeleted": lambda _, account, __: _erased(account),
    "Followed": _followed,
    "Unfollowed": _unfollowed,
    "PostCreated": _posted,
    "Reblogged": _posted,
    "PostDeleted": lambda _, account, __: replace(account, posts=account.posts - 1),
}

_TOUCHED: Final[dict[str, Callable[[Event], tuple[int, ...]]]] = {
    "Followed": _both_ends,
    "Unfollowed": _both_ends,
    "PostCreated": _poster,
    "Reblogged": _poster,
    "PostDeleted": _author,
}


def _readable(event: Event) -> bool:
    # A deletion is one whether its (empty) payload was erased or not; everything else needs its payload.
    return event.data.__class__ is not BlankedEvent or event.type == "AccountDeleted"


def _never(_: Event) -> tuple[()]:
    return ()


def _keep(_: object, value: T, __: Event) -> T:
    return value


def _token(event: Event) -> tuple[str, ...]:
    return (event.data.token_hash,) if event.type == "TokenRevoked" and _readable(event) else ()


def _revoke(_: str, __: Session, ___: Event) -> None:
    return None
