"""What a person does with a post: like, keep, reblog, pin, mute its conversation. Each answers with the post."""

from whimbrel.api.answers import Answer
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.request import Request
from whimbrel.api.router import Handler, Route
from whimbrel.microblog.posts.values import Shown


class StatusActions:
    """The verbs under /api/v1/statuses/{id}."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def routes(self) -> tuple[Route, ...]:
        """Its part of the route table."""

        def verb(name: str, handler: Handler, scope: str, *budgets: str) -> Route:
            return Route("POST", f"/api/v1/statuses/{{id}}/{name}", handler, scope, "user", budgets=budgets)

        return (
            verb("favourite", self.favourite, "write:favourites"),
            verb("unfavourite", self.unfavourite, "write:favourites"),
            verb("bookmark", self.bookmark, "write:bookmarks"),
            verb("unbookmark", self.unbookmark, "write:bookmarks"),
            verb("reblog", self.reblog, "write:statuses", "post"),
            verb("unreblog", self.unreblog, "write:statuses", "delete"),
            verb("mute", self.mute, "write:mutes"),
            verb("unmute", self.unmute, "write:mutes"),
            verb("pin", self.pin, "write:accounts"),
            verb("unpin", self.unpin, "write:accounts"),
        )

    async def favourite(self, request: Request) -> Answer:
        """Like it."""
        return self._answer(await request.microblog.interactions.favourite(request.reader, request.path_id()))

    async def unfavourite(self, request: Request) -> Answer:
        """Like it no longer."""
        return self._answer(await request.microblog.interactions.unfavourite(request.reader, request.path_id()))

    async def bookmark(self, request: Request) -> Answer:
        """Keep it; nobody else knows."""
        return self._answer(await request.microblog.interactions.bookmark(request.reader, request.path_id()))

    async def unbookmark(self, request: Request) -> Answer:
        """Keep it no longer."""
        return self._answer(await request.microblog.interactions.unbookmark(request.reader, request.path_id()))

    async def reblog(self, request: Request) -> Answer:
        """Show it to one's followers; the answer is the reblog, with the post in it."""
        visibility = request.parameters.text("visibility") or None
        publish = request.microblog.publish
        return self._answer(await publish.reblog(request.reader, request.path_id(), visibility=visibility))

    async def unreblog(self, request: Request) -> Answer:
        """Take one's reblog back; the answer is the post."""
        return self._answer(await request.microblog.publish.unreblog(request.reader, request.path_id()))

    async def mute(self, request: Request) -> Answer:
        """No more notifications from its conversation."""
        return self._answer(await request.microblog.interactions.mute_conversation(request.reader, request.path_id()))

    async def unmute(self, request: Request) -> Answer:
        """Notifications from its conversation again."""
        interactions = request.microblog.interactions
        return self._answer(await interactions.unmute_conversation(request.reader, request.path_id()))

    async def pin(self, request: Request) -> Answer:
        """On top of one's profile."""
        return self._answer(await request.microblog.publish.pin(request.reader, request.path_id()))

    async def unpin(self, request: Request) -> Answer:
        """No longer on top of one's profile."""
        return self._answer(await request.microblog.publish.unpin(request.reader, request.path_id()))

    def _answer(self, shown: Shown) -> Answer:
        return Answer(200, self._render.posts.one(shown))
