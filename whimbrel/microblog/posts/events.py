"""What can happen to posts. The subject (`id`) is the post; the actor is its author unless said otherwise."""

import msgspec


class Mention(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A person named in a post, resolved when it was written."""

    account_id: int
    name: str


class Tag(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A hashtag: `name` folded for look-up, `shown` as written."""

    name: str
    shown: str


class PostCreated(msgspec.Struct, frozen=True, omit_defaults=True):
    """A new post, whole. `html` is what readers see of `text`; both are kept, so that the renderer may change.

    `conversation_id` is the id of the thread's first post, None when this is the first. `visibility` is public,
    unlisted, private or direct.
    """

    text: str
    html: str
    visibility: str = "public"
    spoiler: str = ""
    sensitive: bool = False
    language: str | None = None
    in_reply_to_id: int | None = None
    in_reply_to_account_id: int | None = None
    conversation_id: int | None = None
    mentions: tuple[Mention, ...] = ()
    tags: tuple[Tag, ...] = ()
    app_id: int | None = None
    app_name: str | None = None
    app_website: str | None = None


class PostEdited(msgspec.Struct, frozen=True, omit_defaults=True):
    """The post now says this. What it said before is kept as history by the views.

    `account_id` is the author; visibility and thread never change.
    """

    account_id: int
    text: str
    html: str
    spoiler: str = ""
    sensitive: bool = False
    language: str | None = None
    mentions: tuple[Mention, ...] = ()
    tags: tuple[Tag, ...] = ()


class PostDeleted(msgspec.Struct, frozen=True, omit_defaults=True):
    """The post (or reblog) is gone. It carries what counters need, so that nobody must look it up.

    The actor is who deleted it (author, moderator, or 0 for the server following up another deletion).
    """

    account_id: int
    visibility: str = "public"
    in_reply_to_id: int | None = None
    reblog_of_id: int | None = None


class Reblogged(msgspec.Struct, frozen=True, omit_defaults=True):
    """The actor shows `post_id` to its followers. The subject is the reblog itself, which takes the event's id."""

    post_id: int
    author_id: int
    visibility: str = "public"
    post_visibility: str = "public"
    language: str | None = None
    mentions: tuple[Mention, ...] = ()
    """Whom the reblogged post names: a home hides a reblog that mentions somebody its reader has blocked."""


class Pinned(msgspec.Struct, frozen=True):
    """The post stands on top of its author's profile."""


class Unpinned(msgspec.Struct, frozen=True):
    """The post no longer stands on top of its author's profile."""


EVENTS = (PostCreated, PostEdited, PostDeleted, Reblogged, Pinned, Unpinned)
