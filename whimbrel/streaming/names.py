"""What can be listened to: the names of Mastodon's streams, where each is asked for, and which scopes open it.

Pure. Source: Mastodon 4.6, the streaming server's documentation (methods/streaming) and its behaviour.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from whimbrel.api.scopes import openers
from whimbrel.kernel.errors import BadRequest, NotFound
from whimbrel.kernel.limits import TAG_CHARACTERS_MAX
from whimbrel.microblog.posts.tags import fold

ROOT: Final = "/api/v1/streaming"

USER: Final = "user"
NOTIFICATIONS: Final = "user:notification"
DIRECT: Final = "direct"
LIST: Final = "list"
HASHTAGS: Final = ("hashtag", "hashtag:local")
PUBLIC: Final = ("public", "public:local", "public:remote")
WITH_MEDIA: Final = tuple(f"{kind}:media" for kind in PUBLIC)
OPEN: Final = frozenset((*PUBLIC, *WITH_MEDIA, *HASHTAGS))
"""Streams of what anybody may read: no token, no scope. Everybody may read the public timelines here, so Mastodon's
rule (a token, of whatever scope) would only keep out those who can fetch the same posts."""

KINDS: Final = (USER, NOTIFICATIONS, DIRECT, LIST, *HASHTAGS, *PUBLIC, *WITH_MEDIA)

READS_NOTIFICATIONS: Final = openers(("read:notifications",))
_READS_POSTS: Final = openers(("read:statuses",))

_BY_PATH: Final = {f"{ROOT}/{kind.replace(':', '/')}": kind for kind in (USER, NOTIFICATIONS, DIRECT, LIST)} | {
    f"{ROOT}/{kind.replace(':', '/')}": kind for kind in (*PUBLIC, *HASHTAGS)
}
_TRUE: Final = frozenset(("1", "true", "on", "yes", "t"))


class StreamName(NamedTuple):
    """One stream. `shown` is what follows its kind in messages (a hashtag as it was asked for), `key` what it is
    looked up by (folded); both are empty for streams without one."""

    kind: str
    shown: str = ""
    key: str = ""


def name_of(kind: str | None, *, tag: str | None = None, list_id: str | None = None) -> StreamName:
    """The stream that was asked for. Raises BadRequest for one that does not exist, NotFound for an unknown list."""
    if kind not in KINDS:
        raise BadRequest("Unknown stream type")
    if kind in HASHTAGS:
        if not tag or not tag.strip("#"):
            raise BadRequest("Missing tag name parameter")
        if len(tag) > TAG_CHARACTERS_MAX:
            raise BadRequest(f"A tag name has at most {TAG_CHARACTERS_MAX} characters")
        return StreamName(kind, tag, fold(tag.removeprefix("#")))
    if kind == LIST:
        if not list_id:
            raise BadRequest("Missing list name parameter")
        raise NotFound("List not found", log="there are no lists here yet")
    return StreamName(kind)


def asked_by_path(path: str, query: Mapping[str, str]) -> str | None:
    """The kind of stream that a path asks for; None when it names none."""
    kind = _BY_PATH.get(path)
    if kind in PUBLIC and query.get("only_media", "").lower() in _TRUE:
        return f"{kind}:media"
    return kind


def opened_by(kind: str) -> frozenset[str]:
    """The scopes any one of which opens a stream; none for streams that are open to all."""
    if kind in OPEN:
        return frozenset()
    return READS_NOTIFICATIONS if kind == NOTIFICATIONS else _READS_POSTS
