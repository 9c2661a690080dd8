"""Notifications, their groups and markers as Mastodon's Notification, GroupedNotificationsResults and Marker."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from whimbrel.api.mastodon.render.accounts import AccountsJson
from whimbrel.api.mastodon.render.posts import PostsJson
from whimbrel.api.times import moment
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.notifications.values import Marker, Notification, NotificationGroup
from whimbrel.microblog.posts.values import Shown

_encode = msgspec.json.Encoder().encode

POLICY: Final = {
    "for_not_following": "accept",
    "for_not_followers": "accept",
    "for_new_accounts": "accept",
    "for_private_mentions": "accept",
    "for_limited_accounts": "accept",
    "summary": {"pending_requests_count": 0, "pending_notifications_count": 0},
}
"""NotificationPolicy: everything is let in, since nothing is filtered here."""


class NotificationsJson:
    """Renders notifications."""

    def __init__(self, accounts: AccountsJson, posts: PostsJson) -> None:
        self._accounts, self._posts = accounts, posts

    def one(self, notification: Notification) -> bytes:
        """Notification. Written out, for it has four plain fields and a page has forty of it."""
        post = notification.post
        head = (
            f'{{"id":"{notification.id}","type":"{notification.kind}",'
            f'"created_at":"{moment(notification.created_ms)}","group_key":"{notification.group_key}","account":'
        ).encode()
        account = self._accounts.one(notification.account)
        return head + account + (b',"status":' + self._posts.one(post) + b"}" if post is not None else b"}")

    def many(self, page: Iterable[Notification]) -> bytes:
        """A list of Notification."""
        return b"[" + b",".join([self.one(notification) for notification in page]) + b"]"

    def groups(self, groups: Sequence[NotificationGroup], *, partial_avatars: bool) -> bytes:
        """GroupedNotificationsResults: every account and post once, beside the groups that name them.

        With `partial_avatars` only the newest account of each group is whole, as the parameter promises.
        """
        whole: dict[int, Account] = {}
        posts: dict[int, Shown] = {}
        for group in groups:
            named = group.accounts[:1] if partial_avatars else group.accounts
            whole.update((account.id, account) for account in named)
            if group.post is not None:
                posts[group.post.post.id] = group.post
        some = {account.id: account for group in groups for account in group.accounts if account.id not in whole}
        partial = b""
        if partial_avatars:
            partial = (
                b',"partial_accounts":[' + b",".join([self._accounts.partial(one) for one in some.values()]) + b"]"
            )
        return b'{"accounts":%s%s,"statuses":%s,"notification_groups":%s}' % (
            self._accounts.many(whole.values()),
            partial,
            self._posts.many(list(posts.values())),
            _encode([_group(group) for group in groups]),
        )


def marker(value: Marker) -> dict[str, Any]:
    """Marker."""
    return {
        "last_read_id": str(value.last_read_id),
        "version": value.version,
        "updated_at": moment(value.updated_ms),
    }


def _group(group: NotificationGroup) -> dict[str, Any]:
    rendered: dict[str, Any] = {
        "group_key": group.key,
        "notifications_count": group.count,
        "type": group.kind,
        "most_recent_notification_id": group.newest_id,
        "page_min_id": str(group.oldest_id),
        "page_max_id": str(group.newest_id),
        "latest_page_notification_at": moment(group.newest_ms),
        "sample_account_ids": [str(account.id) for account in group.accounts],
    }
    if group.post is not None:
        rendered["status_id"] = str(group.post.post.id)
    return rendered
