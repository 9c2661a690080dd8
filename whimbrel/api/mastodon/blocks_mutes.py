"""The lists of whom one blocks and mutes (Mastodon docs: methods/blocks, methods/mutes)."""

from whimbrel.api.answers import Answer
from whimbrel.api.mastodon.listing import accounts_paged
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.paging import ACCOUNTS, links_of, page_of
from whimbrel.api.request import Request
from whimbrel.api.router import Route


class BlocksAndMutes:
    """The resources /api/v1/blocks and /api/v1/mutes."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def routes(self) -> tuple[Route, ...]:
        """Its part of the route table."""
        return (
            Route("GET", "/api/v1/blocks", self.blocks, "read:blocks", "user"),
            Route("GET", "/api/v1/mutes", self.mutes, "read:mutes", "user"),
        )

    async def blocks(self, request: Request) -> Answer:
        """Whom the reader blocks."""
        found = await request.microblog.graph.blocks(request.reader, page_of(request, ACCOUNTS))
        return accounts_paged(request, self._render, found)

    async def mutes(self, request: Request) -> Answer:
        """Whom the reader mutes, and until when."""
        found = await request.microblog.graph.mutes(request.reader, page_of(request, ACCOUNTS))
        return Answer(200, self._render.accounts.muted(found.items), links_of(request, found))
