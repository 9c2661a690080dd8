"""All renderers of the dialect over one set of kept bytes, made once per process."""

from typing import NamedTuple

from whimbrel.api.mastodon.render.accounts import AccountsJson
from whimbrel.api.mastodon.render.addresses import Addresses
from whimbrel.api.mastodon.render.notifications import NotificationsJson
from whimbrel.api.mastodon.render.posts import PostsJson
from whimbrel.api.mastodon.render.tags import TagsJson


class Render(NamedTuple):
    """Renders every entity of the dialect."""

    accounts: AccountsJson
    posts: PostsJson
    notifications: NotificationsJson
    tags: TagsJson


def render_for(public_url: str) -> Render:
    """The renderers of a server that people reach at `public_url` (without a slash at its end)."""
    addresses = Addresses(public_url)
    accounts = AccountsJson(addresses)
    posts = PostsJson(addresses, accounts)
    return Render(accounts, posts, NotificationsJson(accounts, posts), TagsJson(addresses))
