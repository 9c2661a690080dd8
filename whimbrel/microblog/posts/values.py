"""What other rooms and dialects see of posts."""

from typing import Final, Literal

import msgspec

from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.posts.events import Mention, Tag

Visibility = Literal["public", "unlisted", "private", "direct"]
VISIBILITIES: Final = ("public", "unlisted", "private", "direct")

FAVOURITED: Final = 1
REBLOGGED: Final = 2
MUTED: Final = 4
BOOKMARKED: Final = 8
PINNED: Final = 16


class Post(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A post, or a reblog (then `reblog_of_id` is set and the text is empty). Times are milliseconds since 1970."""

    id: int
    account_id: int
    created_ms: int
    visibility: str
    text: str = ""
    html: str = ""
    spoiler: str = ""
    sensitive: bool = False
    language: str | None = None
    in_reply_to_id: int | None = None
    in_reply_to_account_id: int | None = None
    conversation_id: int = 0
    reblog_of_id: int | None = None
    edited_ms: int | None = None
    mentions: tuple[Mention, ...] = ()
    tags: tuple[Tag, ...] = ()
    app_name: str | None = None
    app_website: str | None = None
    replies: int = 0
    reblogs: int = 0
    favourites: int = 0


class Shown(msgspec.Struct, frozen=True, gc=False):
    """A post as one viewer sees it: all that a dialect needs to render it, with nothing left to look up.

    `marks` is the viewer's own flags (FAVOURITED | REBLOGGED | ...) on this post, None for an anonymous viewer.
    `reblog` is the reblogged post, for a reblog.
    """

    post: Post
    author: Account
    marks: int | None = None
    reblog: "Shown | None" = None


class Revision(msgspec.Struct, frozen=True):
    """One state of a post that was edited, oldest first in a history; `created_ms` is when it began to be so."""

    html: str
    spoiler: str
    sensitive: bool
    created_ms: int
    account: Account


class PostDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants to post. None means: the account's default (visibility, sensitive), or detect (language)."""

    text: str
    visibility: str | None = None
    spoiler: str = ""
    sensitive: bool | None = None
    language: str | None = None
    in_reply_to_id: int | None = None
    app_id: int | None = None
    app_name: str | None = None
    app_website: str | None = None


class Composed(msgspec.Struct, frozen=True, gc=False):
    """A text taken apart and put together again: what `posts.text.compose` returns (pure)."""

    html: str
    mentions: tuple[Mention, ...]
    tags: tuple[Tag, ...]
    characters: int
