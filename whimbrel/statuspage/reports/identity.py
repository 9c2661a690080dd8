"""Who reports, if they want to say so: an account of the watched service, proven by a token of theirs.

The token is shown to the watched service (`verify_credentials`) and to nobody else; what is kept of the account is a
salted hash and its weight. Promises: bounded; and it never stands between people and their report: while the service
that they report about does not answer, they count by their address like everybody else.
"""

from datetime import datetime
from hashlib import blake2b
from typing import Final

import msgspec

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import Unauthenticated
from whimbrel.kernel.limits import IDENTITIES_ASKED_AT_ONCE, IDENTITIES_KEPT_MAX, IDENTITY_KEPT_MS
from whimbrel.statuspage.reports.voices import Account
from whimbrel.statuspage.watching.fetching import FetchFailed, Request, fetch
from whimbrel.statuspage.watching.reaching import Reach

ASK_SECONDS: Final = 2.0
_DAY_SECONDS: Final = 86_400
_REFUSED: Final = (401, 403)


class _Credentials(msgspec.Struct):
    id: str
    created_at: str
    statuses_count: int = 0


class Identities:
    """Asks the watched service at `url` (empty: there is none) whose a token is."""

    def __init__(self, *, url: str, clock: Clock, reach: Reach) -> None:
        self._url, self._clock, self._reach = url.rstrip("/"), clock, reach
        self._known: dict[bytes, tuple[int, Account]] = {}
        self._asking = 0

    async def account(self, token: str) -> Account | None:
        """The account, or None while that cannot be found out. Raises Unauthenticated for a token that is none."""
        key = blake2b(token.encode("utf-8", "replace"), digest_size=16).digest()
        known = self._known.get(key)
        now_ms = self._clock()
        if known is not None and abs(now_ms - known[0]) < IDENTITY_KEPT_MS:
            return known[1]
        if not self._url or self._asking >= IDENTITIES_ASKED_AT_ONCE or not token.isascii() or not token.isprintable():
            return None
        found = await self._asked(token)
        if found is not None:
            if len(self._known) >= IDENTITIES_KEPT_MAX:
                self._known.clear()
            self._known[key] = (now_ms, found)
        return found

    async def _asked(self, token: str) -> Account | None:
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        address = f"{self._url}/api/v1/accounts/verify_credentials"
        self._asking += 1
        try:
            answer = await fetch(Request(address, headers=headers, total_seconds=ASK_SECONDS, reach=self._reach))
            if answer.status in _REFUSED:
                raise Unauthenticated("This token is not one of the service's. Report without it, or sign in again.")
            return _account(answer.expect(200).body, self._clock())
        except FetchFailed:
            return None
        finally:
            self._asking -= 1


def _account(body: bytes, now_ms: int) -> Account | None:
    try:
        found = msgspec.json.decode(body, type=_Credentials)
        made = datetime.fromisoformat(found.created_at)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return None
    age_seconds = now_ms / 1_000 - made.timestamp() if made.tzinfo is not None else 0.0
    return Account(found.id[:100], max(age_seconds, 0.0) / _DAY_SECONDS, found.statuses_count)
