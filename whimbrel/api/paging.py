"""Pages out of parameters, and the Link header both ways (RFC 8288; Mastodon docs: api/guidelines, "Pagination").

A `limit` above the list's most is clamped, as Mastodon does; one that is no number or below 1 is 422, because it is
a client's mistake that an empty or a full page would hide.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeVar

from whimbrel.api.answers import Headers
from whimbrel.api.bodies import query_tree
from whimbrel.api.parameters import Parameters
from whimbrel.api.request import Request
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.pages import Page, Paged

T = TypeVar("T")

POSTS: Final = (20, 40)
ACCOUNTS: Final = (40, 80)
NOTIFICATIONS: Final = (40, 80)
TAGS: Final = (100, 200)
"""The usual number of entries and the most, by what the list holds."""

_OFFSET_MAX: Final = 10_000
_REMEMBERED_BYTES_MAX: Final = 64
_NEVER_REPEATED: Final = (b"max_id", b"since_id", b"min_id", b"access_token")
_FIRST_PAGES: Final = {sizes: Page(limit=sizes[0]) for sizes in (POSTS, ACCOUNTS, NOTIFICATIONS, TAGS)}


def page_of(request: Request, sizes: tuple[int, int]) -> Page:
    """The page that was asked for, from `limit`, `max_id`, `since_id` and `min_id`."""
    if not request.query:
        return _FIRST_PAGES[sizes]
    if len(request.query) <= _REMEMBERED_BYTES_MAX:
        return _page_of_short(request.query, sizes)
    return _page(request.parameters, sizes)


def limit_of(request: Request, sizes: tuple[int, int]) -> int:
    """How many entries were asked for: the usual number when none was said, never more than the most."""
    return _limit(request.parameters, sizes)


def offset_of(request: Request) -> int:
    """How many entries to leave out, for the lists that are paged by number. Raises Invalid."""
    offset = request.parameters.integer("offset") or 0
    if not 0 <= offset <= _OFFSET_MAX:
        raise Invalid(f"offset must be from 0 to {_OFFSET_MAX}, not {offset}")
    return offset


def links_around(request: Request, ids: Sequence[int]) -> Headers:
    """The Link header around a page whose own ids, newest first, are the list's; none around an empty page.

    A page that is not full has its `next` too: what visibility left out of it may not be the end of the list.
    """
    return links(request, next_max_id=ids[-1], prev_min_id=ids[0]) if ids else ()


def links_of(request: Request, paged: Paged[T]) -> Headers:
    """The Link header of a page that knows its own edges."""
    return links(request, next_max_id=paged.next_max_id, prev_min_id=paged.prev_min_id)


def links(request: Request, *, next_max_id: int | None, prev_min_id: int | None) -> Headers:
    """A Link header; every other query parameter is kept."""
    start = request.microblog.options.public_url.encode() + _start(request.path, request.query)
    parts = []
    if next_max_id is not None:
        parts.append(b'<%smax_id=%d>; rel="next"' % (start, next_max_id))
    if prev_min_id is not None:
        parts.append(b'<%smin_id=%d>; rel="prev"' % (start, prev_min_id))
    return ((b"link", b", ".join(parts)),) if parts else ()


@lru_cache(1_024)
def _page_of_short(query: bytes, sizes: tuple[int, int]) -> Page:
    # Clients ask with the same few short queries; reading one costs 6 us, more than rendering 20 posts.
    return _page(Parameters(query_tree(query)), sizes)


def _page(sent: Parameters, sizes: tuple[int, int]) -> Page:
    limit = _limit(sent, sizes)
    return Page(limit=limit, max_id=sent.id("max_id"), since_id=sent.id("since_id"), min_id=sent.id("min_id"))


def _limit(sent: Parameters, sizes: tuple[int, int]) -> int:
    usual, most = sizes
    limit = sent.integer("limit")
    if limit is None:
        return usual
    if limit < 1:
        raise Invalid(f"limit must be at least 1, not {limit}")
    return min(limit, most)


@lru_cache(512)
def _start(path: str, query: bytes) -> bytes:
    kept = [part for part in query.split(b"&") if part and part.partition(b"=")[0] not in _NEVER_REPEATED]
    return _quoted_path(path) + b"?" + b"".join(_quoted(part) + b"&" for part in kept)


def _quoted_path(path: str) -> bytes:
    return _quoted(path.encode("utf-8", "replace")).replace(b"?", b"%3F").replace(b"#", b"%23")


def _quoted(text: bytes) -> bytes:
    # What would end the header's <address> or is not allowed in one; the rest stands as it was sent.
    if text.isascii() and text.isalnum():
        return text
    return b"".join(b"%c" % byte if 0x20 < byte < 0x7F and byte not in b'<>"\\' else b"%%%02X" % byte for byte in text)
