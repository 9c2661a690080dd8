"""One event's messages, each made once for all who get it: the post with each combination of flags, a notification."""

from typing import NamedTuple

import msgspec

from whimbrel.api.mastodon.render.everything import Render
from whimbrel.kernel.events import Event
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.notifications.values import Notification
from whimbrel.microblog.posts.values import Post, Shown
from whimbrel.streaming.positions import NOTIFICATION, POST, position_of
from whimbrel.streaming.shapes import Shape


class Whole(NamedTuple):
    """A post with its author and, for a reblog, what it shows; else `subject` is the post itself."""

    post: Post
    author: Account
    subject: Post
    subject_author: Account

    def shown(self, marks: int | None) -> Shown:
        """As somebody with these flags sees it; None: somebody without flags."""
        if self.subject is self.post:
            return Shown(self.post, self.author, marks)
        return Shown(self.post, self.author, marks, Shown(self.subject, self.subject_author, marks))

    def subject_alone(self) -> "Whole":
        """What it shows, by itself."""
        return Whole(self.subject, self.subject_author, self.subject, self.subject_author)


class Told(NamedTuple):
    """One notification's facts: what kind, by whom, and its group."""

    kind: str
    account: Account
    group_key: str


class Story:
    """The messages of one event. `word` is what Mastodon calls what has happened to the post."""

    def __init__(self, render: Render, event: Event, word: str = "") -> None:
        self._render, self.event, self._word = render, event, word
        self._posts: dict[int | None, Shape] = {}
        self._notifications: dict[tuple[Told, int | None], Shape] = {}

    def post(self, whole: Whole, marks: int | None) -> Shape:
        """The post, as somebody with these flags sees it."""
        found = self._posts.get(marks)
        if found is None:
            body = self._render.posts.one(whole.shown(marks))
            found = self._posts[marks] = Shape(self._word, body, position_of(self.event.event_id, POST))
        return found

    def notification(self, told: Told, about: Whole | None, marks: int | None) -> Shape:
        """The notification, about a post as its reader sees it."""
        event = self.event
        found = self._notifications.get((told, marks))
        if found is None:
            shown = about.shown(marks) if about is not None else None
            value = Notification(event.event_id, told.kind, event.time_ms, told.account, shown, told.group_key)
            body = self._render.notifications.one(value)
            found = Shape("notification", body, position_of(event.event_id, NOTIFICATION))
            self._notifications[told, marks] = found
        return found


def deletion(event: Event) -> Shape:
    """A post is gone."""
    return Shape("delete", str(event.id).encode(), position_of(event.event_id, POST))


def reset(position: int, reason: str) -> Shape:
    """What was missed cannot be told any more: the client loads afresh."""
    return Shape("reset", msgspec.json.encode({"reason": reason}), position)
