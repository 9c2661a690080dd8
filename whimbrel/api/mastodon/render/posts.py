"""Posts as Mastodon's Status, Context, StatusEdit and StatusSource: kept bytes with holes.

Design note. Encoding 20 posts costs 30 us or more, splicing them under 5: so what everybody sees of a post is encoded
once per value (identity of the frozen Post, which changes with every counter), and a page is one join of post,
viewer's flags, author. Keeping whole pages per viewer was considered: they never hit, since every viewer's differ.
The author's bytes are kept apart from the post's, for they are a third of it and shared by all their posts.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from whimbrel.api.mastodon.render.accounts import AccountsJson
from whimbrel.api.mastodon.render.addresses import Addresses
from whimbrel.api.times import moment
from whimbrel.kernel.limits import POSTS_RENDERED_MAX
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.posts.values import BOOKMARKED, FAVOURITED, MUTED, PINNED, REBLOGGED, Post, Revision, Shown

_encode = msgspec.json.Encoder().encode

_FLAGS: Final = (
    ("favourited", FAVOURITED),
    ("reblogged", REBLOGGED),
    ("muted", MUTED),
    ("bookmarked", BOOKMARKED),
    ("pinned", PINNED),
)
_SIGNED: Final[dict[int | None, bytes]] = {
    None: b',"account":',
    **{
        marks: b","
        + b",".join(b'"%s":%s' % (name.encode(), b"true" if marks & bit else b"false") for name, bit in _FLAGS)
        + b',"filtered":[],"account":'
        for marks in range(32)
    },
}
"""What stands between a post and its author: the viewer's flags, one text for each of their 32 combinations."""

_NO_REBLOG: Final = b',"reblog":null}'
_WITH_REBLOG: Final = b',"reblog":'


class PostsJson:
    """Renders posts."""

    def __init__(self, addresses: Addresses, accounts: AccountsJson) -> None:
        self._addresses, self._accounts = addresses, accounts
        self._kept: dict[int, tuple[Post, bytes]] = {}

    def one(self, shown: Shown) -> bytes:
        """Status."""
        parts: list[bytes] = []
        self._add(parts, shown)
        return b"".join(parts)

    def many(self, page: Sequence[Shown]) -> bytes:
        """A list of Status."""
        if not page:
            return b"[]"
        parts: list[bytes] = []
        for shown in page:
            parts.append(b",")
            self._add(parts, shown)
        parts[0] = b"["
        parts.append(b"]")
        return b"".join(parts)

    def deleted(self, shown: Shown) -> bytes:
        """Status as it was, with its source text, so that a client can offer it for writing again."""
        return self.one(shown)[:-1] + b',"text":' + _encode(shown.post.text) + b"}"

    def context(self, ancestors: Sequence[Shown], descendants: Sequence[Shown]) -> bytes:
        """Context."""
        return b'{"ancestors":%s,"descendants":%s}' % (self.many(ancestors), self.many(descendants))

    def history(self, revisions: Iterable[Revision]) -> bytes:
        """A list of StatusEdit, oldest first."""
        return b"[" + b",".join([self._edit(revision) for revision in revisions]) + b"]"

    def _add(self, parts: list[bytes], shown: Shown) -> None:
        post, author = shown.post, shown.author
        kept = self._kept.get(post.id)
        body = kept[1] if kept is not None and kept[0] is post else self._keep(post, author)
        parts += (body, _SIGNED[shown.marks], self._accounts.one(author))
        if shown.reblog is None:
            parts.append(_NO_REBLOG)
        else:
            parts.append(_WITH_REBLOG)
            self._add(parts, shown.reblog)
            parts.append(b"}")

    def _keep(self, post: Post, author: Account) -> bytes:
        if len(self._kept) >= POSTS_RENDERED_MAX:
            self._kept.clear()
        body = _encode(self._status(post, author))[:-1]
        self._kept[post.id] = (post, body)
        return body

    def _status(self, post: Post, author: Account) -> dict[str, Any]:
        addresses = self._addresses
        return {
            "id": str(post.id),
            "created_at": moment(post.created_ms),
            "edited_at": moment(post.edited_ms) if post.edited_ms is not None else None,
            "in_reply_to_id": _id(post.in_reply_to_id),
            "in_reply_to_account_id": _id(post.in_reply_to_account_id),
            "sensitive": post.sensitive,
            "spoiler_text": post.spoiler,
            "visibility": post.visibility,
            "language": post.language,
            "uri": addresses.post_uri(author.name, post.id),
            "url": addresses.post(author.name, post.id),
            "replies_count": post.replies,
            "reblogs_count": post.reblogs,
            "favourites_count": post.favourites,
            "content": post.html,
            "application": {"name": post.app_name, "website": post.app_website} if post.app_name else None,
            "media_attachments": [],
            "mentions": [
                {
                    "id": str(mention.account_id),
                    "username": mention.name,
                    "url": addresses.account(mention.name),
                    "acct": mention.name,
                }
                for mention in post.mentions
            ],
            "tags": [{"name": tag.name, "url": addresses.tag(tag.name)} for tag in post.tags],
            "emojis": [],
            "card": None,
            "poll": None,
        }

    def _edit(self, revision: Revision) -> bytes:
        edit = {
            "content": revision.html,
            "spoiler_text": revision.spoiler,
            "sensitive": revision.sensitive,
            "created_at": moment(revision.created_ms),
            "media_attachments": [],
            "emojis": [],
        }
        return _encode(edit)[:-1] + b',"account":' + self._accounts.one(revision.account) + b"}"


def source(post: Post) -> dict[str, str]:
    """StatusSource: the post as its author typed it."""
    return {"id": str(post.id), "text": post.text, "spoiler_text": post.spoiler}


def _id(id_: int | None) -> str | None:
    return None if id_ is None else str(id_)
