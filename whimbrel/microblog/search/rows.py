"""Questions to the store about who and what is found: rows in, ids and values out."""

from collections.abc import Sequence
from typing import Any, Final

from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.sql import Queries
from whimbrel.microblog.search.rules import above, query_words
from whimbrel.microblog.search.values import TagDay, TagInfo

MATCHES_MAX: Final = 5_000
HISTORY_DAYS: Final = 7
DAY_MS: Final = 86_400_000

_sql: Final = Queries("whimbrel.microblog.search")


def accounts(
    rows: Reading, text: str, *, viewer_id: int | None, limit: int, offset: int = 0, following: bool = False
) -> list[int]:
    """Active accounts whose name or display name has words that begin as those of `text` do, the best first."""
    words = query_words(text)
    if not words:
        return []
    low = [*words, "", ""]
    wanted: dict[str, Any] = {"viewer_id": viewer_id, "exact": text.lower(), "following": int(following)}
    for number, prefix in enumerate(low[:3], start=1):
        wanted |= {f"low_{number}": prefix, f"above_{number}": above(prefix)}
    wanted |= {"limit": limit, "offset": offset, "matches_max": MATCHES_MAX}
    return [account_id for (account_id,) in rows.all(_sql.accounts, wanted)]


def tags(rows: Reading, prefix: str, *, limit: int, offset: int, now_ms: int) -> list[TagInfo]:
    """Hashtags whose folded name begins with `prefix`, the exact one first, then by use."""
    wanted = {"low": prefix, "above": above(prefix), "limit": limit, "offset": offset, "matches_max": MATCHES_MAX}
    return _with_history(rows, rows.all(_sql.tags, wanted), now_ms)


def tag(rows: Reading, name: str, shown: str, *, now_ms: int) -> TagInfo:
    """One hashtag by its folded name; one that nobody uses is `shown` as it was asked for."""
    found = rows.all(_sql.tags_by_name, {"names": (name,)}) or [(name, shown)]
    return _with_history(rows, found, now_ms)[0]


def _with_history(rows: Reading, found: Sequence[tuple[Any, ...]], now_ms: int) -> list[TagInfo]:
    today = now_ms // DAY_MS
    wanted = {"names": [name for name, _ in found], "first_day": today - HISTORY_DAYS + 1}
    used = {(name, day): (uses, by) for name, day, uses, by in rows.all(_sql.history, wanted)} if found else {}
    days = range(today, today - HISTORY_DAYS, -1)
    return [
        TagInfo(name, shown, tuple(TagDay(day * DAY_MS, *used.get((name, day), (0, 0))) for day in days))
        for name, shown in found
    ]
