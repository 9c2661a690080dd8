"""The rows of operators, their sessions and keys."""

from typing import NamedTuple

from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.sql import Queries
from whimbrel.statuspage.book.history import Entry

_SQL = Queries("whimbrel.statuspage.operators")


class Operator(NamedTuple):
    """A person who may speak for the page."""

    name: str
    created_ms: int


class Credentials(NamedTuple):
    """What a sign-in is compared with."""

    name: str
    password_hash: str
    totp_secret: bytes
    totp_step: int
    created_ms: int


class Key(NamedTuple):
    """A key for programs, without the key itself, which nobody has but its owner."""

    id: str
    operator: str
    label: str
    created_ms: int


class Session(NamedTuple):
    """Who is signed in, since when, and when they were last seen."""

    operator: str
    created_ms: int
    seen_ms: int


def operators(rows: Reading) -> list[Operator]:
    """Everybody, by name."""
    return [Operator._make(row) for row in rows.all(_SQL.operators)]


def credentials(rows: Reading, name: str) -> Credentials | None:
    """What a sign-in under this name is compared with."""
    row = rows.one(_SQL.operator, {"name": name})
    return None if row is None else Credentials._make(row)


def add_operator(rows: Writing, one: Credentials) -> None:
    """One more."""
    rows.run(_SQL.add_operator, one._asdict())


def set_password(rows: Writing, one: Credentials) -> None:
    """Another password and second factor; every session of theirs ends."""
    rows.run(_SQL.set_password, one._asdict())
    rows.run(_SQL.end_sessions, {"operator": one.name})


def remove_operator(rows: Writing, name: str) -> bool:
    """Somebody goes, with sessions and keys; whether there was such a one."""
    return rows.run(_SQL.remove_operator, {"name": name}) > 0


def use_step(rows: Writing, name: str, step: int) -> bool:
    """Use up a code; False when it, or a later one, was used before."""
    return rows.run(_SQL.use_step, {"name": name, "step": step}) > 0


def add_session(rows: Writing, hash_: bytes, operator: str, now_ms: int) -> None:
    """Somebody has signed in."""
    rows.run(_SQL.add_session, {"hash": hash_, "operator": operator, "now_ms": now_ms})


def session(rows: Reading, hash_: bytes) -> Session | None:
    """Who a cookie belongs to."""
    row = rows.one(_SQL.session, {"hash": hash_})
    return None if row is None else Session._make(row)


def see_session(rows: Writing, hash_: bytes, now_ms: int) -> None:
    """It was used just now."""
    rows.run(_SQL.see_session, {"hash": hash_, "now_ms": now_ms})


def end_session(rows: Writing, hash_: bytes) -> None:
    """Signed out."""
    rows.run(_SQL.end_session, {"hash": hash_})


def end_old_sessions(rows: Writing, *, created_before_ms: int, seen_before_ms: int) -> None:
    """Drop what nobody can use any more."""
    rows.run(_SQL.end_old_sessions, {"created_before_ms": created_before_ms, "seen_before_ms": seen_before_ms})


def add_key(rows: Writing, key: Key, hash_: bytes) -> None:
    """A key for programs."""
    rows.run(_SQL.add_key, key._asdict() | {"hash": hash_})


def key_owner(rows: Reading, hash_: bytes) -> str | None:
    """Whose key it is."""
    row = rows.one(_SQL.key_owner, {"hash": hash_})
    return None if row is None else str(row[0])


def keys(rows: Reading) -> list[Key]:
    """Every key, oldest first."""
    return [Key._make(row) for row in rows.all(_SQL.keys)]


def remove_key(rows: Writing, id_: str) -> bool:
    """A key works no more; whether there was such a one."""
    return rows.run(_SQL.remove_key, {"id": id_}) > 0


def history_before(rows: Reading, before: int, limit: int) -> list[Entry]:
    """The newest records of the history below a sequence, newest first."""
    return [Entry._make(row) for row in rows.all(_SQL.history_before, {"before": before, "limit": limit})]
