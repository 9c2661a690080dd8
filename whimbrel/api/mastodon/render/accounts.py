"""Accounts as Mastodon's Account, CredentialAccount, MutedAccount and partial accounts.

An account's bytes are kept and used again as long as the very same frozen value is shown (checked by identity), since
every post of a page carries its author whole.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from whimbrel.api.mastodon.render.addresses import Addresses
from whimbrel.api.times import day, midnight, moment
from whimbrel.kernel.limits import ACCOUNTS_RENDERED_MAX
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.graph.values import MuteSettings

_encode = msgspec.json.Encoder().encode

_ROLES = {
    "user": {"id": "-99", "name": "", "color": "", "permissions": "0", "highlighted": False},
    "moderator": {"id": "1", "name": "Moderator", "color": "", "permissions": "0", "highlighted": True},
    "admin": {"id": "2", "name": "Admin", "color": "", "permissions": "0", "highlighted": True},
}
"""Mastodon's roles. No permissions: they speak of Mastodon's own administration pages, which are not here."""


class AccountsJson:
    """Renders accounts."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._kept: dict[int, tuple[Account, bytes]] = {}

    def one(self, account: Account) -> bytes:
        """Account."""
        kept = self._kept.get(account.id)
        if kept is not None and kept[0] is account:
            return kept[1]
        if len(self._kept) >= ACCOUNTS_RENDERED_MAX:
            self._kept.clear()
        body = _encode(self._account(account))
        self._kept[account.id] = (account, body)
        return body

    def many(self, accounts: Iterable[Account]) -> bytes:
        """A list of Account."""
        return b"[" + b",".join([self.one(account) for account in accounts]) + b"]"

    def own(self, account: Account, *, follow_requests: int) -> bytes:
        """CredentialAccount: what only its owner is shown."""
        own = {"source": _source(account, follow_requests), "role": _ROLES[account.role]}
        return self._with(account, own)

    def muted(self, entries: Iterable[tuple[Account, MuteSettings]]) -> bytes:
        """A list of MutedAccount, with when each mute ends."""
        rendered = []
        for account, mute in entries:
            expires_at = moment(mute.expires_ms) if mute.expires_ms is not None else None
            rendered.append(self._with(account, {"mute_expires_at": expires_at}))
        return b"[" + b",".join(rendered) + b"]"

    def partial(self, account: Account) -> bytes:
        """PartialAccountWithAvatar, for crowds."""
        return _encode(
            {
                "id": str(account.id),
                "acct": account.name,
                "locked": account.locked,
                "bot": account.bot,
                "url": self._addresses.account(account.name),
                "avatar": self._addresses.avatar,
                "avatar_static": self._addresses.avatar,
            }
        )

    def _with(self, account: Account, more: dict[str, Any]) -> bytes:
        return self.one(account)[:-1] + b"," + _encode(more)[1:]

    def _account(self, account: Account) -> dict[str, Any]:
        addresses, role = self._addresses, _ROLES[account.role]
        return {
            "id": str(account.id),
            "username": account.name,
            "acct": account.name,
            "display_name": account.display_name,
            "locked": account.locked,
            "bot": account.bot,
            "discoverable": account.discoverable,
            "indexable": account.indexable,
            "noindex": not account.indexable,
            "hide_collections": account.hide_collections,
            "group": False,
            "created_at": midnight(account.created_ms),
            "note": account.note_html,
            "url": addresses.account(account.name),
            "uri": addresses.account_uri(account.name),
            "avatar": addresses.avatar,
            "avatar_static": addresses.avatar,
            "header": addresses.header,
            "header_static": addresses.header,
            "followers_count": account.followers,
            "following_count": account.following,
            "statuses_count": account.posts,
            "last_status_at": day(account.last_post_ms) if account.last_post_ms is not None else None,
            "emojis": [],
            "roles": [{key: role[key] for key in ("id", "name", "color")}] if role["highlighted"] else [],
            "fields": [
                {
                    "name": field.name,
                    "value": field.value_html,
                    "verified_at": moment(field.verified_ms) if field.verified_ms is not None else None,
                }
                for field in account.fields
            ],
        }


def _source(account: Account, follow_requests: int) -> dict[str, Any]:
    return {
        "privacy": account.default_visibility,
        "sensitive": account.default_sensitive,
        "language": account.default_language,
        "note": account.note,
        "fields": [
            {
                "name": field.name,
                "value": field.value,
                "verified_at": moment(field.verified_ms) if field.verified_ms is not None else None,
            }
            for field in account.fields
        ],
        "follow_requests_count": follow_requests,
        "hide_collections": account.hide_collections,
        "discoverable": account.discoverable,
        "indexable": account.indexable,
        "attribution_domains": [],
        "quote_policy": "nobody",
    }
