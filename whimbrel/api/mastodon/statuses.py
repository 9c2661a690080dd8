"""Posts one by one: reading, writing, editing, deleting (Mastodon docs: methods/statuses)."""

from whimbrel.api.answers import Answer, json_answer
from whimbrel.api.mastodon.drafts import draft_of, idempotency_key
from whimbrel.api.mastodon.listing import accounts_paged
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.mastodon.render.posts import source
from whimbrel.api.paging import ACCOUNTS, page_of
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.limits import IDS_PER_REQUEST_MAX


class Statuses:
    """The resource /api/v1/statuses."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def routes(self) -> tuple[Route, ...]:
        """Its part of the route table."""
        one, read, write = "/api/v1/statuses/{id}", "read:statuses", "write:statuses"
        people = ("read:accounts", read)  # Mastodon's code asks for the one, its documentation for the other
        return (
            Route("GET", "/api/v1/statuses", self.some, read, "optional"),
            Route("POST", "/api/v1/statuses", self.publish, write, "user", budgets=("post",)),
            Route("GET", one, self.show, read, "optional"),
            Route("PUT", one, self.edit, write, "user", budgets=("post",)),
            Route("DELETE", one, self.delete, write, "user", budgets=("delete",)),
            Route("GET", f"{one}/context", self.context, read, "optional"),
            Route("GET", f"{one}/history", self.history, read, "optional"),
            Route("GET", f"{one}/source", self.source, read, "user"),
            Route("GET", f"{one}/favourited_by", self.favourited_by, people, "optional"),
            Route("GET", f"{one}/reblogged_by", self.reblogged_by, people, "optional"),
        )

    async def show(self, request: Request) -> Answer:
        """One post."""
        shown = await request.microblog.posts.get(request.viewer, request.path_id())
        return Answer(200, self._render.posts.one(shown))

    async def some(self, request: Request) -> Answer:
        """Several posts by their ids, in that order; those that are not there, or not visible, are left out."""
        ids = request.parameters.ids("id")
        if len(ids) > IDS_PER_REQUEST_MAX:
            raise Invalid(f"At most {IDS_PER_REQUEST_MAX} ids can be asked for at once")
        shown = await request.microblog.posts.show(request.viewer, ids)
        return Answer(200, self._render.posts.many([shown[id_] for id_ in ids if id_ in shown]))

    async def publish(self, request: Request) -> Answer:
        """A new post; with a known Idempotency-Key, the one that it made before."""
        key = idempotency_key(request)
        shown = await request.microblog.publish.publish(request.reader, draft_of(request), idempotency_key=key)
        return Answer(200, self._render.posts.one(shown))

    async def edit(self, request: Request) -> Answer:
        """Another text, warning or language for one's own post."""
        shown = await request.microblog.publish.edit(request.reader, request.path_id(), draft_of(request))
        return Answer(200, self._render.posts.one(shown))

    async def delete(self, request: Request) -> Answer:
        """Delete one's own post; the answer holds its source, for delete and re-draft."""
        shown = await request.microblog.publish.delete(request.reader, request.path_id())
        return Answer(200, self._render.posts.deleted(shown))

    async def context(self, request: Request) -> Answer:
        """What a post answers, and what answers it."""
        above, below = await request.microblog.timelines.context(request.viewer, request.path_id())
        return Answer(200, self._render.posts.context(above, below))

    async def history(self, request: Request) -> Answer:
        """Every state of a post."""
        revisions = await request.microblog.posts.history(request.viewer, request.path_id())
        return Answer(200, self._render.posts.history(revisions))

    async def source(self, request: Request) -> Answer:
        """One's own post as it was typed."""
        return json_answer(source(await request.microblog.posts.source(request.reader, request.path_id())))

    async def favourited_by(self, request: Request) -> Answer:
        """Who likes a post."""
        page = page_of(request, ACCOUNTS)
        found = await request.microblog.interactions.favourited_by(request.viewer, request.path_id(), page)
        return accounts_paged(request, self._render, found)

    async def reblogged_by(self, request: Request) -> Answer:
        """Who reblogged a post."""
        page = page_of(request, ACCOUNTS)
        found = await request.microblog.interactions.reblogged_by(request.viewer, request.path_id(), page)
        return accounts_paged(request, self._render, found)
