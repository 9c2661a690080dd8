"""What each verb between two accounts asks of the journal: events, and the keys that decide whether they happen. Pure.

Design note. Which of two racing requests wins must not depend on which process handled it, so nothing is decided
from memory: a follow *forbids* the keys of both blocks and claims its own; a block claims its own and takes back, as
optional drafts, whatever follows and requests stand in the journal at that moment. Whichever comes second meets the
first one's keys. What it costs: a block asks for six keys, of which most are held by nobody.
"""

from whimbrel.kernel.events import Claim, Draft, Group, draft
from whimbrel.microblog import keys
from whimbrel.microblog.graph.events import (
    Blocked,
    Endorsed,
    FollowChanged,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    Muted,
    NoteWritten,
    TagFollowed,
    TagUnfollowed,
    Unblocked,
    Unendorsed,
    Unfollowed,
    Unmuted,
)
from whimbrel.microblog.graph.values import FollowSettings, MuteSettings


def follow(account_id: int, target_id: int, settings: FollowSettings) -> Group:
    """Follow at once. A request that stands from when the target was locked ends with it."""
    ending = _end_request(account_id, target_id, actor=account_id, optional=True)
    return Group((ending, _follow(account_id, target_id, settings)), forbids=_between(account_id, target_id))


def request(account_id: int, target_id: int, settings: FollowSettings) -> Group:
    """Ask a locked account."""
    asked = FollowRequested(account_id, settings.reblogs, settings.notify, settings.languages)
    claims = (Claim(keys.request(account_id, target_id)),)
    forbids = (*_between(account_id, target_id), keys.follow(account_id, target_id))
    return Group((draft(asked, actor=account_id, id=target_id, claims=claims),), forbids=forbids)


def change_request(account_id: int, target_id: int, settings: FollowSettings) -> Group:
    """Ask again, with other settings."""
    ending = _end_request(account_id, target_id, actor=account_id)
    asking = request(account_id, target_id, settings)
    return Group((ending, *asking.drafts), forbids=asking.forbids)


def change_follow(account_id: int, target_id: int, settings: FollowSettings) -> Group:
    """Follow in another way."""
    changed = FollowChanged(account_id, settings.reblogs, settings.notify, settings.languages)
    requires = (keys.follow(account_id, target_id),)
    return Group((draft(changed, actor=account_id, id=target_id),), requires=requires)


def unfollow(account_id: int, target_id: int) -> Group:
    """Follow no longer, ask no longer, and endorse no longer: whichever of them stands."""
    return Group(
        (
            _unfollow(account_id, target_id, actor=account_id),
            _end_request(account_id, target_id, actor=account_id, optional=True),
            _unendorse(account_id, target_id),
        )
    )


def remove_follower(account_id: int, follower_id: int) -> Group:
    """Be followed no longer by somebody."""
    return Group((_unfollow(follower_id, account_id, actor=account_id), _unendorse(follower_id, account_id)))


def accept(account_id: int, requester_id: int, settings: FollowSettings) -> Group:
    """Let somebody follow who has asked."""
    followed = Followed(requester_id, settings.reblogs, settings.notify, settings.languages, accepted=True)
    claims = (Claim(keys.follow(requester_id, account_id)),)
    following = draft(followed, actor=account_id, id=account_id, claims=claims)
    ending = _end_request(requester_id, account_id, actor=account_id)
    return Group((ending, following), forbids=_between(requester_id, account_id))


def reject(account_id: int, requester_id: int) -> Group:
    """Do not let somebody follow who has asked."""
    return Group((_end_request(requester_id, account_id, actor=account_id),))


def block(account_id: int, target_id: int) -> Group:
    """Block, and sever every tie between the two that stands."""
    claims = (Claim(keys.block(account_id, target_id)),)
    ends = ((account_id, target_id), (target_id, account_id))
    ties = [tie for one, other in ends for tie in _ties(one, other, actor=account_id)]
    blocking = draft(Blocked(), actor=account_id, id=target_id, claims=claims)
    return Group((blocking, *ties), forbids=(keys.account_gone(target_id),))


def unblock(account_id: int, target_id: int) -> Group:
    """Block no longer."""
    return Group((draft(Unblocked(), actor=account_id, id=target_id, releases=(keys.block(account_id, target_id),)),))


def mute(account_id: int, target_id: int, settings: MuteSettings) -> Group:
    """Mute, or mute in another way."""
    muted = Muted(settings.notifications, settings.expires_ms)
    return Group((draft(muted, actor=account_id, id=target_id),), forbids=(keys.account_gone(target_id),))


def unmute(account_id: int, target_id: int) -> Group:
    """Mute no longer."""
    return Group((draft(Unmuted(), actor=account_id, id=target_id),))


def write_note(account_id: int, target_id: int, comment: str) -> Group:
    """Keep a private note."""
    return Group(
        (draft(NoteWritten(target_id, comment), actor=account_id, id=account_id),),
        forbids=(keys.account_gone(target_id),),
    )


def endorse(account_id: int, target_id: int) -> Group:
    """Show somebody on one's profile whom one follows."""
    claims = (Claim(keys.endorsement(account_id, target_id)),)
    requires = (keys.follow(account_id, target_id),)
    return Group((draft(Endorsed(), actor=account_id, id=target_id, claims=claims),), requires=requires)


def unendorse(account_id: int, target_id: int) -> Group:
    """Show somebody no longer."""
    return Group((_unendorse(account_id, target_id),))


def follow_tag(account_id: int, tag: str, shown: str) -> Group:
    """Follow a hashtag."""
    claims = (Claim(keys.tag_follow(account_id, tag)),)
    return Group((draft(TagFollowed(tag, shown), actor=account_id, id=account_id, claims=claims),))


def unfollow_tag(account_id: int, tag: str) -> Group:
    """Follow a hashtag no longer."""
    releases = (keys.tag_follow(account_id, tag),)
    return Group((draft(TagUnfollowed(tag), actor=account_id, id=account_id, releases=releases),))


def _between(account_id: int, target_id: int) -> tuple[str, ...]:
    # Whoever blocked, and whoever is gone: none of it may stand when one begins to follow the other.
    return (
        keys.block(account_id, target_id),
        keys.block(target_id, account_id),
        keys.account_gone(target_id),
        keys.account_gone(account_id),
    )


def _ties(account_id: int, target_id: int, *, actor: int) -> tuple[Draft, ...]:
    return (
        _unfollow(account_id, target_id, actor=actor),
        _end_request(account_id, target_id, actor=actor, optional=True),
        _unendorse(account_id, target_id),
    )


def _follow(account_id: int, target_id: int, settings: FollowSettings) -> Draft:
    followed = Followed(account_id, settings.reblogs, settings.notify, settings.languages)
    return draft(followed, actor=account_id, id=target_id, claims=(Claim(keys.follow(account_id, target_id)),))


def _unfollow(account_id: int, target_id: int, *, actor: int) -> Draft:
    releases = (keys.follow(account_id, target_id),)
    return draft(Unfollowed(account_id), actor=actor, id=target_id, releases=releases, optional=True)


def _end_request(account_id: int, target_id: int, *, actor: int, optional: bool = False) -> Draft:
    releases = (keys.request(account_id, target_id),)
    return draft(FollowRequestEnded(account_id), actor=actor, id=target_id, releases=releases, optional=optional)


def _unendorse(account_id: int, target_id: int) -> Draft:
    # The actor is the one whose profile showed the other, also when it is the other's block that ends it.
    releases = (keys.endorsement(account_id, target_id),)
    return draft(Unendorsed(), actor=account_id, id=target_id, releases=releases, optional=True)
