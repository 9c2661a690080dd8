"""Posts in the memory of a process: what events change of them, pure, and the shelf that holds them."""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec.structs import replace

from whimbrel.kernel.contracts import Reads, Tail
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.kernel.limits import POSTS_CACHED_MAX
from whimbrel.microblog.posts import rows
from whimbrel.microblog.posts.events import PostCreated, PostDeleted, PostEdited, Reblogged
from whimbrel.microblog.posts.values import Post
from whimbrel.microblog.shelf import Shelf

COUNTED_REPLIES: Final = frozenset({"public", "unlisted"})


def created(event: Event) -> Post:
    """The post that a PostCreated event made."""
    data: PostCreated = event.data
    return Post(
        id=event.id,
        account_id=event.actor,
        created_ms=event.time_ms,
        visibility=data.visibility,
        text=data.text,
        html=data.html,
        spoiler=data.spoiler,
        sensitive=data.sensitive,
        language=data.language,
        in_reply_to_id=data.in_reply_to_id,
        in_reply_to_account_id=data.in_reply_to_account_id,
        conversation_id=data.conversation_id or event.id,
        mentions=data.mentions,
        tags=data.tags,
        app_name=data.app_name,
        app_website=data.app_website,
    )


def reblogged(event: Event) -> Post:
    """The reblog that a Reblogged event made."""
    data: Reblogged = event.data
    return Post(
        id=event.id,
        account_id=event.actor,
        created_ms=event.time_ms,
        visibility=data.visibility,
        language=data.language,
        reblog_of_id=data.post_id,
        mentions=data.mentions,
        conversation_id=event.id,
    )


def touched(event: Event) -> Iterable[int]:
    """Ids of the posts that an event changes; those that it creates are put by `PostsInMemory`."""
    kind, data = event.type, event.data
    if isinstance(data, BlankedEvent):
        return ()
    if kind == "PostCreated":
        return (data.in_reply_to_id,) if data.in_reply_to_id else ()
    if kind == "PostDeleted":
        return [id_ for id_ in (event.id, data.in_reply_to_id, data.reblog_of_id) if id_]
    if kind == "Reblogged":
        return (data.post_id,)
    return (event.id,) if kind in CHANGES else ()


def change(key: int, post: Post, event: Event) -> Post | None:
    """The post under `key` after the event; None when it is gone. Pure."""
    return CHANGES[event.type](key, post, event)


def _replied(_key: int, post: Post, event: Event) -> Post:
    counts = event.data.visibility in COUNTED_REPLIES
    return replace(post, replies=post.replies + 1) if counts else post


def _reblog_counted(_key: int, post: Post, _event: Event) -> Post:
    return replace(post, reblogs=post.reblogs + 1)


def _deleted(key: int, post: Post, event: Event) -> Post | None:
    data: PostDeleted = event.data
    if key == event.id:
        return None
    if key == data.reblog_of_id:
        return replace(post, reblogs=post.reblogs - 1)
    return replace(post, replies=post.replies - 1) if data.visibility in COUNTED_REPLIES else post


def _edited(_key: int, post: Post, event: Event) -> Post:
    data: PostEdited = event.data
    return replace(
        post,
        text=data.text,
        html=data.html,
        spoiler=data.spoiler,
        sensitive=data.sensitive,
        language=data.language,
        mentions=data.mentions,
        tags=data.tags,
        edited_ms=event.time_ms,
    )


def _favourited(_key: int, post: Post, _event: Event) -> Post:
    return replace(post, favourites=post.favourites + 1)


def _unfavourited(_key: int, post: Post, _event: Event) -> Post:
    return replace(post, favourites=post.favourites - 1)


CHANGES: Final[dict[str, Callable[[int, Post, Event], Post | None]]] = {
    "PostCreated": _replied,
    "Reblogged": _reblog_counted,
    "PostDeleted": _deleted,
    "PostEdited": _edited,
    "Favourited": _favourited,
    "Unfavourited": _unfavourited,
}


class PostsInMemory:
    """The newest posts and those lately read, kept true by the journal (a MemoryView)."""

    def __init__(self, reads: Reads, tail: Tail, *, items_max: int = POSTS_CACHED_MAX) -> None:
        self.shelf: Shelf[int, Post] = Shelf(
            reads, tail, query=rows.posts, touched=touched, change=change, items_max=items_max
        )

    def apply(self, event: Event) -> None:
        """Change what is held, and hold what is new."""
        kind = event.type
        if isinstance(event.data, BlankedEvent):
            # Its content was erased, which happens only to what was deleted.
            self.shelf.drop(event.id)
        elif kind in CHANGES:
            self.shelf.apply(event)
            if kind == "PostCreated":
                self.shelf.put(event.id, created(event))
            elif kind == "Reblogged":
                self.shelf.put(event.id, reblogged(event))

    def forget(self) -> None:
        """Hold nothing."""
        self.shelf.forget()
