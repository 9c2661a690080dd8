"""The directory: who is here and wants to be found, the newest ones or those who posted lately.

Sorting all accounts is one look at the whole table, so it is done at most once in DIRECTORY_KEPT_SECONDS for each
order, and kept DIRECTORY_ENTRIES_MAX long; the pages are cut from that.
"""

from typing import Final, Literal

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reads
from whimbrel.kernel.sql import Queries
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.accounts.values import Account

DIRECTORY_KEPT_SECONDS: Final = 60
DIRECTORY_ENTRIES_MAX: Final = 1_000

Order = Literal["active", "new"]

_queries = Queries("whimbrel.microblog", "directory.sql")
_SQL: Final = {"active": _queries.most_recent, "new": _queries.newest}


class Directory:
    """The verb is `page`."""

    def __init__(self, *, reads: Reads, accounts: Accounts, clock: Clock) -> None:
        self._reads, self._accounts, self._clock = reads, accounts, clock
        self._kept: dict[Order, tuple[int, list[int]]] = {}

    async def page(self, order: Order, *, offset: int, limit: int) -> list[Account]:
        """Accounts in that order. Raises StoreUnavailable when the order is not kept and the store is away."""
        ids = (await self._ids(order))[offset : offset + limit]
        found = await self._accounts.many(ids)
        return [account for id_ in ids if (account := found.get(id_)) is not None and _shown(account)]

    async def _ids(self, order: Order) -> list[int]:
        now_ms = self._clock()
        taken_ms, ids = self._kept.get(order, (0, []))
        if now_ms - taken_ms >= DIRECTORY_KEPT_SECONDS * 1000:
            rows = await self._reads.read(lambda look: look.all(_SQL[order], {"limit": DIRECTORY_ENTRIES_MAX}))
            ids = [row[0] for row in rows]
            self._kept[order] = (now_ms, ids)
        return ids


def _shown(account: Account) -> bool:
    # Whoever has hidden since the list was taken is hidden now.
    return account.usable and account.discoverable
