"""The lists of what one has liked and kept (Mastodon docs: methods/favourites, methods/bookmarks)."""

from whimbrel.api.answers import Answer
from whimbrel.api.mastodon.listing import posts_paged
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.paging import POSTS, page_of
from whimbrel.api.request import Request
from whimbrel.api.router import Route


class Favourites:
    """The resources /api/v1/favourites and /api/v1/bookmarks."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def routes(self) -> tuple[Route, ...]:
        """Its part of the route table."""
        return (
            Route("GET", "/api/v1/favourites", self.favourites, "read:favourites", "user"),
            Route("GET", "/api/v1/bookmarks", self.bookmarks, "read:bookmarks", "user"),
        )

    async def favourites(self, request: Request) -> Answer:
        """Posts that the reader likes, the newest like first."""
        found = await request.microblog.interactions.favourites(request.reader, page_of(request, POSTS))
        return posts_paged(request, self._render, found)

    async def bookmarks(self, request: Request) -> Answer:
        """Posts that the reader keeps, the newest bookmark first."""
        found = await request.microblog.interactions.bookmarks(request.reader, page_of(request, POSTS))
        return posts_paged(request, self._render, found)
