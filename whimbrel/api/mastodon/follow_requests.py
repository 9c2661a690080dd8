"""Requests to follow a locked account (Mastodon docs: methods/follow_requests)."""

from whimbrel.api.answers import Answer, json_answer
from whimbrel.api.mastodon.listing import accounts_paged
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.mastodon.render.relationships import relationship
from whimbrel.api.paging import ACCOUNTS, page_of
from whimbrel.api.request import Request
from whimbrel.api.router import Route


class FollowRequests:
    """The resource /api/v1/follow_requests. The id in its paths is the account that asks."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def routes(self) -> tuple[Route, ...]:
        """Its part of the route table."""
        one = "/api/v1/follow_requests/{id}"
        return (
            Route("GET", "/api/v1/follow_requests", self.waiting, "read:follows", "user"),
            Route("POST", f"{one}/authorize", self.accept, "write:follows", "user"),
            Route("POST", f"{one}/reject", self.reject, "write:follows", "user"),
        )

    async def waiting(self, request: Request) -> Answer:
        """Who waits for an answer."""
        found = await request.microblog.graph.requests(request.reader, page_of(request, ACCOUNTS))
        return accounts_paged(request, self._render, found)

    async def accept(self, request: Request) -> Answer:
        """Let somebody follow."""
        await request.microblog.graph.accept(request.reader, request.path_id())
        return await self._between(request)

    async def reject(self, request: Request) -> Answer:
        """Do not let somebody follow."""
        await request.microblog.graph.reject(request.reader, request.path_id())
        return await self._between(request)

    async def _between(self, request: Request) -> Answer:
        found = await request.microblog.graph.relationships(request.reader, [request.path_id()])
        return json_answer(relationship(found[0]))
