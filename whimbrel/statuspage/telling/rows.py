"""The rows of subscriptions and of the outbox."""

from collections.abc import Collection
from typing import Literal, NamedTuple

import msgspec

from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.errors import NotFound
from whimbrel.kernel.sql import Queries
from whimbrel.statuspage.book.history import Entry

_SQL = Queries("whimbrel.statuspage.telling")

Kind = Literal["webhook", "email", "account"]


class Subscription(NamedTuple):
    """Somebody who wants to be told. `components` empty: about all. `secret` signs their links and their payloads."""

    id: str
    kind: Kind
    address: str
    state: Literal["pending", "active", "disabled"]
    components: tuple[str, ...]
    wanted: tuple[str, ...]
    language: str
    secret: bytes
    created_ms: int
    asked_ms: int
    failing_since_ms: int | None = None


class Owed(NamedTuple):
    """One thing that is still to be told to one."""

    subscription: str
    sequence: int
    subject: str
    before: str
    due_ms: int
    tries: int
    last_error: str


def put(rows: Writing, one: Subscription) -> None:
    """Write a subscription as it stands now."""
    lists = {"components": _text(one.components), "wanted": _text(one.wanted)}
    rows.run(_SQL.put_subscription, one._asdict() | lists)


def get(rows: Reading, id_: str) -> Subscription:
    """One. Raises NotFound."""
    row = rows.one(_SQL.subscription, {"id": id_})
    if row is None:
        raise NotFound("There is no such subscription (any more).")
    return _subscription(row)


def of(rows: Reading, kind: Kind, address: str) -> Subscription | None:
    """The one that leads there."""
    row = rows.one(_SQL.subscription_of, {"kind": kind, "address": address})
    return None if row is None else _subscription(row)


def count(rows: Reading) -> int:
    """How many there are."""
    return _number(rows, _SQL.count)


def remove(rows: Writing, id_: str) -> None:
    """Tell them nothing more."""
    rows.run(_SQL.remove, {"id": id_})


def remove_unconfirmed(rows: Writing, before_ms: int) -> None:
    """Forget requests that nobody has confirmed."""
    rows.run(_SQL.remove_unconfirmed, {"before_ms": before_ms})


def disable_other_accounts(rows: Writing, address: str) -> None:
    """Only the account at this address is the official one."""
    rows.run(_SQL.disable_others, {"address": address})
    rows.run(_SQL.drop_others)


class News(NamedTuple):
    """What is to be told: the record of the history, its name among updates, whom and which components it concerns."""

    sequence: int
    subject: str
    kinds: Collection[Kind]
    affected: Collection[str]
    before: str = ""


def announce(rows: Writing, news: News, now_ms: int) -> int:
    """Owe it to everybody whom it concerns; returns how many they are."""
    lists = {"kinds": list(news.kinds), "affected": list(news.affected)}
    return rows.run(_SQL.announce, news._asdict() | lists | {"now_ms": now_ms})


def ask(rows: Writing, subscription: str, now_ms: int) -> None:
    """Owe one the request to confirm."""
    rows.run(_SQL.ask, {"subscription": subscription, "now_ms": now_ms})


def due(rows: Reading, now_ms: int, limit: int) -> list[Owed]:
    """The oldest of each subscription, where it is due."""
    return [Owed._make(row) for row in rows.all(_SQL.due, {"now_ms": now_ms, "limit": limit})]


def done(rows: Writing, owed: Owed) -> None:
    """It was acknowledged, or is given up."""
    rows.run(_SQL.done, {"subscription": owed.subscription, "sequence": owed.sequence})


def again(rows: Writing, owed: Owed, *, due_ms: int, error: str, keep: int) -> None:
    """It failed; of everything owed to this one the newest `keep` stay."""
    place = {"subscription": owed.subscription, "sequence": owed.sequence}
    rows.run(_SQL.again, place | {"due_ms": due_ms, "last_error": error})
    rows.run(_SQL.drop_oldest, {"subscription": owed.subscription, "keep": keep})


def drop_of(rows: Writing, subscription: str) -> None:
    """Owe one nothing."""
    rows.run(_SQL.drop_of, {"subscription": subscription})


def waiting(rows: Reading) -> int:
    """How much is owed."""
    return _number(rows, _SQL.waiting)


def cursor(rows: Reading) -> int | None:
    """Up to which record everything is owed or told; None before the first start."""
    row = rows.one(_SQL.cursor)
    return None if row is None else int(row[0])


def move(rows: Writing, sequence: int) -> None:
    """Everything up to this record is owed."""
    rows.run(_SQL.move, {"sequence": sequence})


def record(rows: Reading, sequence: int) -> Entry:
    """One record of the history. Raises NotFound."""
    row = rows.one(_SQL.record, {"sequence": sequence})
    if row is None:
        raise NotFound(f"the history has no record {sequence}")
    return Entry._make(row)


def told_state(rows: Reading, component: str) -> str:
    """What was told of a component last; it was well before anything was told."""
    row = rows.one(_SQL.told_state, {"component": component})
    return "operational" if row is None else str(row[0])


def put_told_state(rows: Writing, component: str, state: str) -> None:
    """This is told of it now."""
    rows.run(_SQL.put_told_state, {"component": component, "state": state})


def _subscription(row: tuple[object, ...]) -> Subscription:
    one = Subscription._make(row)
    return one._replace(components=_list(one.components), wanted=_list(one.wanted))


def _text(ids: tuple[str, ...]) -> str:
    return msgspec.json.encode(ids).decode()


def _list(text: object) -> tuple[str, ...]:
    return msgspec.json.decode(str(text), type=tuple[str, ...])


def _number(rows: Reading, sql: str) -> int:
    row = rows.one(sql)
    return int(row[0]) if row is not None else 0
