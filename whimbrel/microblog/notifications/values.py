"""What other rooms and dialects see of notifications."""

from typing import Final

import msgspec

from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.posts.values import Shown

KINDS: Final = ("mention", "reblog", "favourite", "follow", "follow_request", "update", "status")
GROUPED_KINDS: Final = ("favourite", "reblog", "follow")


class Notification(msgspec.Struct, frozen=True, gc=False):
    """One notification. `id` is the id of the event that caused it; `post` is what it is about, if anything.

    For a reblog the post is the reblogged one. `group_key` is `kind-subject-hours` for the grouped kinds and
    `ungrouped-id` for the others (Mastodon's form).
    """

    id: int
    kind: str
    created_ms: int
    account: Account
    post: Shown | None
    group_key: str


class NotificationGroup(msgspec.Struct, frozen=True):
    """Notifications of one kind about one thing, shown as one. `accounts` are the newest eight at most."""

    key: str
    kind: str
    count: int
    newest_id: int
    oldest_id: int
    newest_ms: int
    accounts: tuple[Account, ...]
    post: Shown | None


class Marker(msgspec.Struct, frozen=True, gc=False):
    """How far somebody has read a timeline. `version` counts the moves."""

    timeline: str
    last_read_id: int
    version: int
    updated_ms: int
