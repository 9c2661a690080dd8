"""Search: accounts by prefix, hashtags, a post by its address (Mastodon docs: methods/search).

Posts are not searched by their words here; the list of posts holds at most the one whose address was given.
"""

from typing import Final

from whimbrel.api.answers import Answer, json_answer
from whimbrel.api.mastodon.accounts import local_name
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.paging import ACCOUNTS, limit_of, offset_of
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import BadRequest, Invalid, Unauthenticated
from whimbrel.kernel.limits import SEARCH_CHARACTERS_MAX
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.posts.values import Shown

_TYPES: Final = ("accounts", "hashtags", "statuses")
_RESULTS: Final = (20, 40)


class Search:
    """The resources /api/v2/search and /api/v1/accounts/search."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def routes(self) -> tuple[Route, ...]:
        """Its part of the route table."""
        return (
            Route("GET", "/api/v2/search", self.everything, "read:search", "optional"),
            Route("GET", "/api/v1/accounts/search", self.accounts, "read:accounts", "user"),
        )

    async def everything(self, request: Request) -> Answer:
        """Accounts, hashtags and posts, or only one `type` of them."""
        text, wanted = _text(request), request.parameters.text("type")
        if wanted and wanted not in _TYPES:
            raise Invalid(f"type must be one of {', '.join(_TYPES)}")
        if request.viewer is None and offset_of(request):
            raise Unauthenticated("Search queries pagination is not supported without authentication")
        types = (wanted,) if wanted else _TYPES
        accounts = await self._accounts(request, text, _RESULTS) if "accounts" in types else []
        tags = await self._tags(request, text) if "hashtags" in types else b"[]"
        posts = await self._posts(request, text) if "statuses" in types else []
        body = b'{"accounts":%s,"statuses":%s,"hashtags":%s}' % (
            self._render.accounts.many(accounts),
            self._render.posts.many(posts),
            tags,
        )
        return Answer(200, body)

    async def accounts(self, request: Request) -> Answer:
        """Accounts by the beginning of their names."""
        found = await self._accounts(request, _text(request), ACCOUNTS)
        return Answer(200, self._render.accounts.many(found))

    async def _accounts(self, request: Request, text: str, sizes: tuple[int, int]) -> list[Account]:
        search = request.microblog.search
        if _is_address(text):
            account = await search.account_by_url(text)
            return [account] if account is not None else []
        name = local_name(text, request.microblog.options.public_url)
        if not name or text.startswith("#"):
            return []
        return await search.accounts(
            request.viewer,
            name,
            limit=limit_of(request, sizes),
            offset=offset_of(request),
            following=bool(request.parameters.boolean("following")),
        )

    async def _tags(self, request: Request, text: str) -> bytes:
        prefix = text.removeprefix("#")
        if not prefix or _is_address(text) or text.startswith("@"):
            return b"[]"
        limit, offset = limit_of(request, _RESULTS), offset_of(request)
        found = await request.microblog.search.tags(prefix, limit=limit, offset=offset)
        return json_answer([self._render.tags.one(tag, request.viewer) for tag in found]).body

    async def _posts(self, request: Request, text: str) -> list[Shown]:
        if not _is_address(text) or offset_of(request):
            return []
        shown = await request.microblog.search.post_by_url(request.viewer, text)
        return [shown] if shown is not None else []


def _text(request: Request) -> str:
    text = (request.parameters.text("q") or "").strip()
    if not text:
        raise BadRequest("q is missing: what to search for")
    if len(text) > SEARCH_CHARACTERS_MAX:
        raise Invalid(f"q is longer than {SEARCH_CHARACTERS_MAX} characters")
    return text


def _is_address(text: str) -> bool:
    return text.startswith(("https://", "http://"))
