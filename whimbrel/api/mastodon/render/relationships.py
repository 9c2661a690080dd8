"""What lies between two accounts, as Mastodon's Relationship."""

from typing import Any

from whimbrel.api.times import moment
from whimbrel.microblog.graph.values import FollowSettings, Relationship


def relationship(value: Relationship) -> dict[str, Any]:
    """Relationship. The settings of a follow that is only asked for are shown too, as Mastodon does."""
    settings = value.following or value.requested or FollowSettings(reblogs=False)
    muting = value.muting
    expires_ms = muting.expires_ms if muting is not None else None
    return {
        "id": str(value.account_id),
        "following": value.following is not None,
        "showing_reblogs": settings.reblogs,
        "notifying": settings.notify,
        "languages": list(settings.languages) or None,
        "followed_by": value.followed_by,
        "blocking": value.blocking,
        "blocked_by": value.blocked_by,
        "muting": muting is not None,
        "muting_notifications": muting is not None and muting.notifications,
        "muting_expires_at": moment(expires_ms) if expires_ms is not None else None,
        "requested": value.requested is not None,
        "requested_by": value.requested_by,
        "domain_blocking": False,
        "endorsed": value.endorsed,
        "note": value.note,
    }
