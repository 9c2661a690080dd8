"""A reader: what one active account follows, mutes and blocks, in memory. Every timeline is read through it."""

from collections.abc import Iterable

from whimbrel.microblog.graph.values import FollowSettings, MuteSettings


class Reader:
    """One account's side of the graph. Changed in place by `change`, by nobody else.

    `version` grows with each change, so that what is derived from a reader can be kept beside it.
    """

    __slots__ = (
        "account_id",
        "blocked_by",
        "blocks",
        "derived",
        "follows",
        "mutes",
        "requested",
        "tags",
        "version",
    )

    def __init__(
        self,
        account_id: int,
        *,
        follows: dict[int, FollowSettings] | None = None,
        requested: dict[int, FollowSettings] | None = None,
        blocks: Iterable[int] = (),
        blocked_by: Iterable[int] = (),
        mutes: dict[int, MuteSettings] | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        self.account_id = account_id
        self.follows = follows or {}
        self.requested = requested or {}
        self.blocks = set(blocks)
        self.blocked_by = set(blocked_by)
        self.mutes = mutes or {}
        self.tags = tags or {}
        self.version = 0
        self.derived: object | None = None
        """What a timeline keeps beside this reader; dropped at each change."""

    def hides(self, account_id: int, now_ms: int) -> bool:
        """Whether nothing by, reblogging or mentioning this account may reach the reader's timelines."""
        return account_id in self.blocks or account_id in self.blocked_by or self.mutes_now(account_id, now_ms)

    def severed(self, account_id: int) -> bool:
        """Whether a block stands between the two, in either direction: neither sees the other."""
        return account_id in self.blocks or account_id in self.blocked_by

    def mutes_now(self, account_id: int, now_ms: int) -> bool:
        """Whether the reader mutes this account at `now_ms` (an expired mute is none)."""
        mute = self.mutes.get(account_id)
        return mute is not None and (mute.expires_ms is None or mute.expires_ms > now_ms)
