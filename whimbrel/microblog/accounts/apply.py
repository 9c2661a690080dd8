"""Turns events into the rows of accounts, credentials, apps and tokens. The only file that writes them.

The counters of an account are counted here too, from the graph's and the posts' events. Those rooms stand above this
one, so their events are known by name, and read by the few fields that are counted.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import UNSET

from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.microblog.accounts.rows import SQL

_COUNT_FOLLOWERS = SQL.count_followers
_COUNT_FOLLOWING = SQL.count_following
_COUNT_POST = SQL.count_post
_COUNT_REBLOG = SQL.count_reblog
_UNCOUNT_POST = SQL.uncount_post

_encoder = msgspec.msgpack.Encoder()


def apply(rows: Writing, event: Event) -> None:
    """Write what an event means for this room; nothing when it means nothing here, or its content was erased."""
    writes = _ERASED_WRITES if event.data.__class__ is BlankedEvent else _WRITES
    write = writes.get(event.type)
    if write is not None:
        write(rows, event)


def _created(rows: Writing, event: Event) -> None:
    data = event.data
    rows.run(
        SQL.add_account,
        {
            "id": event.id,
            "name": data.name,
            "folded_name": data.name.lower(),
            "created_ms": event.time_ms,
            "display_name": data.display_name,
            "role": data.role,
            "confirmed": int(data.confirmed),
            "approved": int(data.approved),
        },
    )
    rows.run(
        SQL.add_credentials,
        {
            "id": event.id,
            "email": data.email,
            "folded_email": data.email.strip().lower(),
            "password_hash": data.password_hash,
            "locale": data.locale,
            "reason": data.reason,
            "origin": data.origin,
        },
    )


def _created_and_erased(rows: Writing, event: Event) -> None:
    rows.run(SQL.add_erased_account, {"id": event.id, "created_ms": event.time_ms})


def _profile_changed(rows: Writing, event: Event) -> None:
    values = {field: _column(getattr(event.data, field)) for field in event.data.__struct_fields__}
    language_changed = event.data.default_language is not UNSET
    rows.run(SQL.change_profile, {**values, "language_changed": int(language_changed), "id": event.id})


def _column(value: object) -> object:
    if value is UNSET:
        return None
    if isinstance(value, tuple):
        return _encoder.encode(value)
    return int(value) if isinstance(value, bool) else value


def _confirmed(rows: Writing, event: Event) -> None:
    rows.run(SQL.confirm, {"id": event.id})


def _approved(rows: Writing, event: Event) -> None:
    rows.run(SQL.approve, {"id": event.id})


def _disabled(rows: Writing, event: Event) -> None:
    rows.run(SQL.set_disabled, {"id": event.id, "disabled": 1})


def _enabled(rows: Writing, event: Event) -> None:
    rows.run(SQL.set_disabled, {"id": event.id, "disabled": 0})


def _role_changed(rows: Writing, event: Event) -> None:
    rows.run(SQL.set_role, {"id": event.id, "role": event.data.role})


def _password_changed(rows: Writing, event: Event) -> None:
    rows.run(SQL.set_password, {"id": event.id, "password_hash": event.data.password_hash})


def _deleted(rows: Writing, event: Event) -> None:
    for sql in (SQL.erase_account, SQL.erase_credentials, SQL.erase_tokens):
        rows.run(sql, {"id": event.id})


def _followed(rows: Writing, event: Event) -> None:
    rows.run(_COUNT_FOLLOWERS, {"id": event.id, "step": 1})
    rows.run(_COUNT_FOLLOWING, {"id": event.data.account_id, "step": 1})


def _unfollowed(rows: Writing, event: Event) -> None:
    rows.run(_COUNT_FOLLOWERS, {"id": event.id, "step": -1})
    rows.run(_COUNT_FOLLOWING, {"id": event.data.account_id, "step": -1})


def _posted(rows: Writing, event: Event) -> None:
    if event.data.visibility != "direct":
        rows.run(_COUNT_POST, {"id": event.actor, "time_ms": event.time_ms})


def _reblogged(rows: Writing, event: Event) -> None:
    rows.run(_COUNT_REBLOG, {"id": event.actor, "time_ms": event.time_ms, "post_id": event.data.post_id})


def _unposted(rows: Writing, event: Event) -> None:
    if event.data.visibility != "direct":
        rows.run(_UNCOUNT_POST, {"id": event.data.account_id, "post_id": event.id})


def _app_registered(rows: Writing, event: Event) -> None:
    data = event.data
    rows.run(
        SQL.add_app,
        {
            "id": event.id,
            "client_id": data.client_id,
            "secret_hash": data.secret_hash,
            "name": data.name,
            "redirect_uris": "\n".join(data.redirect_uris),
            "scopes": " ".join(data.scopes),
            "website": data.website,
            "created_ms": event.time_ms,
        },
    )


def _token_issued(rows: Writing, event: Event) -> None:
    data = event.data
    rows.run(
        SQL.add_token,
        {
            "id": event.id,
            "token_hash": data.token_hash,
            "account_id": data.account_id,
            "app_id": data.app_id,
            "scopes": " ".join(data.scopes),
            "kind": data.kind,
            "created_ms": event.time_ms,
            "expires_ms": data.expires_ms,
        },
    )


def _token_revoked(rows: Writing, event: Event) -> None:
    rows.run(SQL.remove_token, {"token_hash": event.data.token_hash})


_WRITES: Final[dict[str, Callable[[Writing, Event], None]]] = {
    "AccountCreated": _created,
    "ProfileChanged": _profile_changed,
    "AccountConfirmed": _confirmed,
    "AccountApproved": _approved,
    "AccountDisabled": _disabled,
    "AccountEnabled": _enabled,
    "RoleChanged": _role_changed,
    "PasswordChanged": _password_changed,
    "AccountDeleted": _deleted,
    "Followed": _followed,
    "Unfollowed": _unfollowed,
    "PostCreated": _posted,
    "Reblogged": _reblogged,
    "PostDeleted": _unposted,
    "AppRegistered": _app_registered,
    "TokenIssued": _token_issued,
    "TokenRevoked": _token_revoked,
}

_ERASED_WRITES: Final[dict[str, Callable[[Writing, Event], None]]] = {
    "AccountCreated": _created_and_erased,
    "AccountDeleted": _deleted,
}
