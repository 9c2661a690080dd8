"""Questions to the store about notifications, their groups and markers: rows in, values out, newest first."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from whimbrel.kernel.contracts import Parameters, Reading
from whimbrel.kernel.pages import Page
from whimbrel.kernel.sql import Queries
from whimbrel.microblog.notifications.rules import ungrouped_key
from whimbrel.microblog.notifications.values import KINDS, Marker

NEWEST_MAX: Final = 80
GROUP_SAMPLE_ACCOUNTS: Final = 8
GROUP_SCAN_ROWS: Final = 400
GROUP_SCANS_MAX: Final = 20

_sql: Final = Queries("whimbrel.microblog.notifications")


class Noted(NamedTuple):
    """One notification as stored: who did what, about which post. `group_key` only for the grouped kinds."""

    id: int
    kind: str
    from_account_id: int
    post_id: int | None
    created_ms: int
    group_key: str | None

    def key(self, grouped_kinds: Iterable[str] | None = None) -> str:
        """The group's key, or the one of a notification for itself; only `grouped_kinds` (None: all) are grouped."""
        if self.group_key is None or (grouped_kinds is not None and self.kind not in grouped_kinds):
            return ungrouped_key(self.id)
        return self.group_key


class Newest(NamedTuple):
    """What memory holds of one reader: its newest notifications, and what would change them.

    `complete`: there are no others below. `watched`: the accounts of whose posts the reader wants to hear.
    """

    rows: tuple[Noted, ...]
    complete: bool
    watched: frozenset[int]


class Wanted(NamedTuple):
    """Which notifications are asked for: of these kinds, and of one account only when `from_id` is set."""

    kinds: tuple[str, ...] = KINDS
    from_id: int | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self.from_id is None and len(self.kinds) == len(KINDS)


class Grouped(NamedTuple):
    """One group as stored. `newest` is its newest member, `account_ids` those of the newest few, newest first."""

    key: str
    newest: Noted
    size: int
    newest_id: int
    oldest_id: int
    newest_ms: int
    account_ids: tuple[int, ...]


def latest_group(rows: Reading, account_id: int, prefix: str) -> str | None:
    """The newest group of an account whose key begins so (rules.group_prefix)."""
    # "." is the character after "-": the range holds every key that begins with the prefix.
    found = rows.one(_sql.latest_group, {"account_id": account_id, "lowest": prefix, "above": prefix[:-1] + "."})
    return found[0] if found else None


def named_by(rows: Reading, post_id: int, event_id: int) -> list[int]:
    """Whom an event was the first to name in a post."""
    return [account_id for (account_id,) in rows.all(_sql.named_by, {"post_id": post_id, "event_id": event_id})]


def newest(rows: Reading, account_id: int) -> Newest:
    """What memory holds of a reader."""
    found = rows.all(_sql.newest, {"account_id": account_id, "limit": NEWEST_MAX})
    watched = frozenset(target for (target,) in rows.all(_sql.watched, {"account_id": account_id}))
    return Newest(tuple(map(Noted._make, found)), len(found) < NEWEST_MAX, watched)


def page(rows: Reading, account_id: int, page: Page, wanted: Wanted) -> list[Noted]:
    """One page of what an account was told."""
    if wanted.from_id is None:
        down, up = _sql.page_down, _sql.page_up
    else:
        down, up = _sql.page_from_down, _sql.page_from_up
    more = {"account_id": account_id, "kinds": wanted.kinds, "from_id": wanted.from_id}
    return _noted(rows, page, down=down, up=up, more=more)


def some(rows: Reading, account_id: int, ids: Sequence[int]) -> list[Noted]:
    """Those of `ids` that are the account's."""
    return list(map(Noted._make, rows.all(_sql.some, {"account_id": account_id, "ids": ids})))


def unread(rows: Reading, account_id: int, wanted: Wanted, grouped_kinds: frozenset[str], limit: int) -> int:
    """How many, or how many groups of the grouped kinds, the account was told since its marker, up to `limit`."""
    more = {"kinds": wanted.kinds, "from_id": wanted.from_id, "grouped": tuple(grouped_kinds)}
    bounds = {"limit": limit, "rows": GROUP_SCANS_MAX * GROUP_SCAN_ROWS}
    found = rows.one(_sql.unread, {"account_id": account_id, **more, **bounds})
    return int(found[0]) if found else 0


def groups(
    rows: Reading, account_id: int, wished: Page, wanted: Wanted, grouped_kinds: frozenset[str]
) -> list[Grouped]:
    """A page of groups by their newest member within the page's bounds, each counted in full below its ceiling.

    Reads at most GROUP_SCANS_MAX times GROUP_SCAN_ROWS rows to find the groups: a page may end early there.
    """
    firsts: dict[str, Noted] = {}
    part = Page(GROUP_SCAN_ROWS, wished.max_id, wished.since_id, wished.min_id)
    for _ in range(GROUP_SCANS_MAX):
        found = page(rows, account_id, part, wanted)
        for one in reversed(found) if wished.ascending else found:
            if len(firsts) < wished.limit:
                firsts.setdefault(one.key(grouped_kinds), one)
        if len(found) < part.limit or len(firsts) >= wished.limit:
            break
        last = found[0].id if wished.ascending else found[-1].id
        part = replace(part, min_id=last) if wished.ascending else replace(part, max_id=last)
    grouped = _grouped(rows, account_id, firsts, wished.ceiling)
    return sorted(grouped, key=lambda group: group.newest_id, reverse=True)


def group(rows: Reading, account_id: int, key: str) -> Grouped | None:
    """One group in full, by its key; None when nothing of it is there."""
    members = members_of(rows, account_id, key, Page(1))
    return next(iter(_grouped(rows, account_id, {key: members[0]}, Page().ceiling)), None) if members else None


def members_of(rows: Reading, account_id: int, key: str, page: Page) -> list[Noted]:
    """A page of the members of one group."""
    if key.startswith("ungrouped-"):
        number = key.removeprefix("ungrouped-")
        ids = [int(number)] if number.isascii() and number.isdigit() and len(number) < 20 else []
        return [one for one in some(rows, account_id, ids) if page.floor < one.id < page.ceiling]
    more = {"account_id": account_id, "key": key}
    return _noted(rows, page, down=_sql.group_members_down, up=_sql.group_members_up, more=more)


def markers(rows: Reading, account_ids: Sequence[int]) -> dict[int, dict[str, Marker]]:
    """How far each account has read, by timeline."""
    found: dict[int, dict[str, Marker]] = {account_id: {} for account_id in account_ids}
    for account_id, *marker in rows.all(_sql.markers, {"account_ids": account_ids}):
        found[account_id][marker[0]] = Marker(*marker)
    return found


def _grouped(rows: Reading, account_id: int, firsts: dict[str, Noted], ceiling: int) -> list[Grouped]:
    keys = [key for key, one in firsts.items() if key == one.group_key]
    sums: dict[str, Any] = {}
    if keys:
        found = rows.all(_sql.group_sums, {"account_id": account_id, "keys": keys, "ceiling": ceiling})
        sums = {key: rest for key, *rest in found}
    sample = Page(GROUP_SAMPLE_ACCOUNTS, ceiling)
    grouped: list[Grouped] = []
    for key, one in firsts.items():
        if key not in sums:
            grouped.append(Grouped(key, one, 1, one.id, one.id, one.created_ms, (one.from_account_id,)))
            continue
        members = members_of(rows, account_id, key, sample)
        size, oldest_id, newest_id, newest_ms = sums[key]
        account_ids = tuple(member.from_account_id for member in members)
        grouped.append(Grouped(key, members[0], size, newest_id, oldest_id, newest_ms, account_ids))
    return grouped


def _noted(rows: Reading, page: Page, *, down: str, up: str, more: Parameters) -> list[Noted]:
    bounds = {"ceiling": page.ceiling, "floor": page.floor, "limit": page.limit}
    found = rows.all(up if page.ascending else down, {**bounds, **more})
    return list(map(Noted._make, reversed(found) if page.ascending else found))
