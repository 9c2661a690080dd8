"""What other rooms and dialects see of the graph."""

import msgspec


class FollowSettings(msgspec.Struct, frozen=True, gc=False):
    """How one account follows another. No languages means every language."""

    reblogs: bool = True
    notify: bool = False
    languages: tuple[str, ...] = ()


class MuteSettings(msgspec.Struct, frozen=True, gc=False):
    """How one account mutes another. `expires_ms` None is for ever; an expired mute counts as none."""

    notifications: bool = True
    expires_ms: int | None = None


class Relationship(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What lies between the viewer and one other account, seen from the viewer."""

    account_id: int
    following: FollowSettings | None = None
    requested: FollowSettings | None = None
    followed_by: bool = False
    requested_by: bool = False
    blocking: bool = False
    blocked_by: bool = False
    muting: MuteSettings | None = None
    endorsed: bool = False
    note: str = ""
