"""Hashtags, and following them (Mastodon docs: methods/tags, methods/followed_tags)."""

from whimbrel.api.answers import Answer, json_answer
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.paging import TAGS, links_of, page_of
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import NotFound
from whimbrel.microblog.posts.entities import Hashtag, entities_of
from whimbrel.microblog.posts.tags import fold


class Tags:
    """The resources /api/v1/tags and /api/v1/followed_tags."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def routes(self) -> tuple[Route, ...]:
        """Its part of the route table."""
        one = "/api/v1/tags/{name}"
        return (
            Route("GET", one, self.show, "read", "optional"),
            Route("POST", f"{one}/follow", self.follow, "write:follows", "user", budgets=("follow",)),
            Route("POST", f"{one}/unfollow", self.unfollow, "write:follows", "user"),
            Route("GET", "/api/v1/followed_tags", self.followed, "read:follows", "user"),
        )

    async def show(self, request: Request) -> Answer:
        """A hashtag, and how it was used lately."""
        tag = await request.microblog.search.tag(_name(request))
        return json_answer(self._render.tags.one(tag, request.viewer))

    async def follow(self, request: Request) -> Answer:
        """Have its posts in one's home."""
        await request.microblog.graph.follow_tag(request.reader, _name(request))
        return await self.show(request)

    async def unfollow(self, request: Request) -> Answer:
        """Have its posts in one's home no longer."""
        await request.microblog.graph.unfollow_tag(request.reader, fold(_name(request)))
        return await self.show(request)

    async def followed(self, request: Request) -> Answer:
        """The hashtags that the reader follows."""
        found = await request.microblog.graph.followed_tags(request.reader, page_of(request, TAGS))
        tags = [self._render.tags.plain(name, shown) for name, shown in found.items]
        return json_answer(tags, headers=links_of(request, found))


def _name(request: Request) -> str:
    # What a post could not carry as a hashtag is none, and nobody can follow it.
    name = request.path_text("name")
    found = entities_of(f"#{name}")
    if len(found) != 1 or not isinstance(found[0], Hashtag) or found[0].shown != name:
        raise NotFound
    return name
