"""Who is told of what, and what is shown as one. Pure: facts in, answers out.

Sources: Mastodon 4.6, NotifyService (who is not told) and Notification::Groups (hours and span of a group).
"""

from typing import Final

import msgspec

from whimbrel.microblog.notifications.values import GROUPED_KINDS
from whimbrel.microblog.posts.events import PostCreated

QUIETED_KINDS: Final = frozenset({"mention", "favourite", "reblog"})
GROUP_HOURS_MAX: Final = 12
HOUR_MS: Final = 3_600_000


class Facts(msgspec.Struct, frozen=True):
    """What stands between a recipient and the one who acts, when it happens.

    `severed`: a block, either way; `muted`: a mute that covers notifications; `quiet`: the recipient has muted the
    conversation.
    """

    state: str = "active"
    severed: bool = False
    muted: bool = False
    quiet: bool = False


def wanted(kind: str, facts: Facts) -> bool:
    """Whether a recipient, who is not the one who acts, is told."""
    if facts.state == "deleted" or facts.severed or facts.muted:
        return False
    return not (facts.quiet and kind in QUIETED_KINDS)


def for_watchers(author_id: int, post: PostCreated) -> bool:
    """Whether followers who want to hear of each post hear of this one: no replies to others, nothing direct."""
    return post.visibility != "direct" and post.in_reply_to_account_id in (None, author_id)


def group_prefix(kind: str, post_id: int | None) -> str | None:
    """What the keys of all groups of this kind about this thing begin with; None for kinds that are not grouped."""
    if kind not in GROUPED_KINDS:
        return None
    return f"{kind}-{post_id}-" if post_id is not None else f"{kind}-"


def group_key(prefix: str, now_ms: int, latest: str | None) -> str:
    """The group that something belongs to: the `latest` one while it is younger than twelve hours, else a new one."""
    hours = now_ms // HOUR_MS
    if latest is not None and hours < int(latest.removeprefix(prefix)) + GROUP_HOURS_MAX:
        return latest
    return f"{prefix}{hours}"


def ungrouped_key(notification_id: int) -> str:
    """The key of a notification that stands for itself."""
    return f"ungrouped-{notification_id}"
