"""The pages that anybody may read without an app: the front, people, posts and their threads, hashtags, about.

Promises: the viewer is anonymous, whoever asks, so a page shows what is public (and unlisted, at its own address)
and nothing else; the rooms decide that, not the templates. Without JavaScript, without cookies. When the store is
away the front still shows what memory has, and says so where it cannot.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from whimbrel.kernel.errors import NotFound, StoreUnavailable, WhimbrelError
from whimbrel.kernel.ids import parse_id
from whimbrel.kernel.pages import Page
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.front import Microblog
from whimbrel.microblog.posts.tags import fold
from whimbrel.microblog.posts.values import Shown
from whimbrel.web.files import file_routes
from whimbrel.web.rendering import Pages, server_of

POSTS_PER_PAGE: Final = 20

Handler = Callable[[Request], Awaitable[Response]]


def application(microblog: Microblog) -> ASGIApp:
    """Every page and file as one ASGI application, with pages for what goes wrong.

    A slash at the end of an address changes nothing, as in the API.
    """
    problems = _Problems(Pages(server_of(microblog.options)))
    pages = Starlette(
        routes=routes(microblog),
        exception_handlers={HTTPException: problems.http, WhimbrelError: problems.ours, Exception: problems.unforeseen},
    )
    # Its own redirects lead to whatever host and scheme the request names: to anywhere, or from https back to http.
    pages.router.redirect_slashes = False

    async def slash_or_not(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        await pages({**scope, "path": path[:-1]} if len(path) > 1 and path[-1] == "/" else scope, receive, send)

    return slash_or_not


def routes(microblog: Microblog) -> list[Route]:
    """The addresses of the pages. Their errors become pages in `application` only."""
    reading = _Reading(microblog, Pages(server_of(microblog.options)))
    return [
        Route("/", reading.front),
        Route("/about", reading.about),
        Route("/tags/{tag}", reading.tag),
        Route("/@{name}", reading.profile),
        Route("/@{name}/{id}", reading.thread),
        Route("/users/{name}", reading.account_named_by_uri),
        Route("/users/{name}/statuses/{id}", reading.post_named_by_uri),
        *file_routes(),
    ]


class _Reading:
    def __init__(self, microblog: Microblog, pages: Pages) -> None:
        self._microblog, self._pages = microblog, pages

    async def front(self, request: Request) -> Response:
        page = _page(request)
        posts: list[Shown] = []
        away = False
        try:
            posts = await self._microblog.timelines.public(None, page, local=True)
        except StoreUnavailable:
            away = True
        return self._pages.page(
            request, "front.html", posts=posts, older=_older(posts), first=page.max_id is None, away=away
        )

    async def about(self, request: Request) -> Response:
        return self._pages.page(request, "about.html")

    async def tag(self, request: Request) -> Response:
        shown = request.path_params["tag"]
        posts = await self._microblog.timelines.tag(None, fold(shown), _page(request))
        return self._pages.page(request, "tag.html", tag=shown, posts=posts, older=_older(posts))

    async def profile(self, request: Request) -> Response:
        account = await self._account(request)
        page = _page(request)
        posts = await self._microblog.timelines.account(None, account, page, exclude_replies=True)
        first = page.max_id is None
        pinned = (
            await self._microblog.timelines.account(None, account, Page(POSTS_PER_PAGE), pinned=True) if first else []
        )
        return self._pages.page(
            request, "profile.html", account=account, posts=posts, pinned=pinned, older=_older(posts), first=first
        )

    async def thread(self, request: Request) -> Response:
        account = await self._account(request)
        post_id = parse_id(request.path_params["id"])
        if post_id is None:
            raise NotFound
        subject = await self._microblog.posts.get(None, post_id)
        if subject.post.account_id != account.id or subject.reblog is not None:
            # The address names somebody else's post, or a reblog, which has no page of its own.
            shown = subject.reblog or subject
            return RedirectResponse(f"/@{shown.author.name}/{shown.post.id}", status_code=302)
        above, below = await self._microblog.timelines.context(None, post_id)
        return self._pages.page(request, "thread.html", subject=subject, above=above, below=below)

    async def account_named_by_uri(self, request: Request) -> Response:
        # What the API calls an account's uri names it; its page is at another address.
        return RedirectResponse(f"/@{request.path_params['name']}", status_code=302)

    async def post_named_by_uri(self, request: Request) -> Response:
        return RedirectResponse("/@{name}/{id}".format(**request.path_params), status_code=302)

    async def _account(self, request: Request) -> Account:
        account = await self._microblog.accounts.by_name(request.path_params["name"])
        if not account.usable:
            raise NotFound
        return account


class _Problems:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def http(self, _request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        return self._page(status, headers)

    async def ours(self, _request: Request, error: Exception) -> Response:
        status = error.status if isinstance(error, WhimbrelError) else 500
        seconds = error.retry_after_seconds if isinstance(error, WhimbrelError) else None
        return self._page(status, {"retry-after": str(seconds)} if seconds is not None else {})

    async def unforeseen(self, _request: Request, _error: Exception) -> Response:
        # Starlette raises the error again once this page is sent, so that the server logs it.
        return self._page(500, {})

    def _page(self, status: int, headers: dict[str, str]) -> Response:
        return self._pages.problem("problem.html", status=status, headers=headers, code=status)


def _page(request: Request) -> Page:
    return Page(POSTS_PER_PAGE, max_id=parse_id(request.query_params.get("max_id", "")))


def _older(posts: list[Shown]) -> int | None:
    """The id below which the next page begins; None when a short page says that this is the end."""
    return posts[-1].post.id if len(posts) >= POSTS_PER_PAGE else None
