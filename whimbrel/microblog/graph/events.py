"""What can happen between two accounts, or between an account and a hashtag.

The subject (`id`) of each is the target account, the actor the account that acts, unless said otherwise.
Each is a transition that really happened: the journal's keys see to that, so counters simply count.
"""

import msgspec


class Followed(msgspec.Struct, frozen=True, omit_defaults=True):
    """`account_id` follows the subject. `languages` empty means every language."""

    account_id: int
    reblogs: bool = True
    notify: bool = False
    languages: tuple[str, ...] = ()
    accepted: bool = False
    """True when this ends a follow request, which the subject accepted."""


class FollowChanged(msgspec.Struct, frozen=True, omit_defaults=True):
    """The settings of a follow that exists are now these."""

    account_id: int
    reblogs: bool = True
    notify: bool = False
    languages: tuple[str, ...] = ()


class Unfollowed(msgspec.Struct, frozen=True):
    """`account_id` no longer follows the subject (by its own wish, by removal, by a block, by a deletion)."""

    account_id: int


class FollowRequested(msgspec.Struct, frozen=True, omit_defaults=True):
    """`account_id` asks the locked subject."""

    account_id: int
    reblogs: bool = True
    notify: bool = False
    languages: tuple[str, ...] = ()


class FollowRequestEnded(msgspec.Struct, frozen=True):
    """The request of `account_id` is no more: accepted (a Followed stands beside it), rejected or withdrawn."""

    account_id: int


class Blocked(msgspec.Struct, frozen=True):
    """The actor blocks the subject. The follows that it severs are events of their own in the same group."""


class Unblocked(msgspec.Struct, frozen=True):
    """The actor no longer blocks the subject."""


class Muted(msgspec.Struct, frozen=True, omit_defaults=True):
    """The actor mutes the subject, until `expires_ms` when set. A second one replaces the first."""

    notifications: bool = True
    expires_ms: int | None = None


class Unmuted(msgspec.Struct, frozen=True):
    """The actor no longer mutes the subject."""


class NoteWritten(msgspec.Struct, frozen=True):
    """The actor's private note about `target_id` is now `comment`; empty removes it.

    The subject is the actor itself: a note is erased with the account of who wrote it.
    """

    target_id: int
    comment: str


class Endorsed(msgspec.Struct, frozen=True):
    """The actor shows the subject on its profile."""


class Unendorsed(msgspec.Struct, frozen=True):
    """The actor no longer shows the subject on its profile."""


class TagFollowed(msgspec.Struct, frozen=True):
    """The actor follows the hashtag (subject: the actor itself). `tag` is folded, `shown` as it was written."""

    tag: str
    shown: str


class TagUnfollowed(msgspec.Struct, frozen=True):
    """The actor no longer follows the hashtag."""

    tag: str


EVENTS = (
    Followed,
    FollowChanged,
    Unfollowed,
    FollowRequested,
    FollowRequestEnded,
    Blocked,
    Unblocked,
    Muted,
    Unmuted,
    NoteWritten,
    Endorsed,
    Unendorsed,
    TagFollowed,
    TagUnfollowed,
)
