"""The Mastodon dialect's route table, whole: every address that this dialect answers, from one file a resource."""

from whimbrel.api.mastodon import markers, notification_policy
from whimbrel.api.mastodon.accounts import Accounts
from whimbrel.api.mastodon.blocks_mutes import BlocksAndMutes
from whimbrel.api.mastodon.favourites import Favourites
from whimbrel.api.mastodon.follow_requests import FollowRequests
from whimbrel.api.mastodon.grouped_notifications import GroupedNotifications
from whimbrel.api.mastodon.notifications import Notifications
from whimbrel.api.mastodon.profile import Profile
from whimbrel.api.mastodon.relationships import Relationships
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.mastodon.search import Search
from whimbrel.api.mastodon.status_actions import StatusActions
from whimbrel.api.mastodon.statuses import Statuses
from whimbrel.api.mastodon.tags import Tags
from whimbrel.api.mastodon.timelines import Timelines
from whimbrel.api.router import Route


def routes(render: Render) -> tuple[Route, ...]:
    """Every route about accounts, posts, timelines and notifications."""
    return (
        *Timelines(render).routes(),
        *Statuses(render).routes(),
        *StatusActions(render).routes(),
        *Favourites(render).routes(),
        *Accounts(render).routes(),
        *Profile(render).routes(),
        *Relationships(render).routes(),
        *BlocksAndMutes(render).routes(),
        *FollowRequests(render).routes(),
        *Notifications(render).routes(),
        *GroupedNotifications(render).routes(),
        *notification_policy.routes(),
        *markers.routes(),
        *Tags(render).routes(),
        *Search(render).routes(),
    )
