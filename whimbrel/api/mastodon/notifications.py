"""Notifications one by one (Mastodon docs: methods/notifications)."""

from whimbrel.api.answers import NOTHING, Answer, json_answer
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.paging import NOTIFICATIONS, limit_of, links_around, page_of
from whimbrel.api.parameters import Parameters
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import BadRequest, Invalid
from whimbrel.kernel.limits import IDS_PER_REQUEST_MAX

UNREAD: tuple[int, int] = (100, 1_000)
"""How far unread notifications are counted, by default and at most."""


class Notifications:
    """The resource /api/v1/notifications."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def routes(self) -> tuple[Route, ...]:
        """Its part of the route table."""
        every, read, write = "/api/v1/notifications", "read:notifications", "write:notifications"
        return (
            Route("GET", every, self.page, read, "user"),
            Route("GET", f"{every}/unread_count", self.unread_count, read, "user"),
            Route("POST", f"{every}/clear", self.clear, write, "user"),
            Route("POST", f"{every}/dismiss", self.dismiss_named, write, "user"),
            Route("DELETE", f"{every}/destroy_multiple", self.dismiss_some, write, "user"),
            Route("GET", f"{every}/{{id}}", self.show, read, "user"),
            Route("POST", f"{every}/{{id}}/dismiss", self.dismiss, write, "user"),
        )

    async def page(self, request: Request) -> Answer:
        """The newest notifications, of some types or from one account."""
        sent = request.parameters
        kinds, excluded = kinds_of(sent)
        found = await request.microblog.notifications.page(
            request.reader,
            page_of(request, NOTIFICATIONS),
            kinds=kinds,
            excluded=excluded,
            account_id=sent.id("account_id"),
        )
        body = self._render.notifications.many(found)
        return Answer(200, body, links_around(request, [notification.id for notification in found]))

    async def show(self, request: Request) -> Answer:
        """One notification."""
        found = await request.microblog.notifications.get(request.reader, request.path_id())
        return Answer(200, self._render.notifications.one(found))

    async def unread_count(self, request: Request) -> Answer:
        """How many there are above the marker, counted up to `limit`."""
        kinds, excluded = kinds_of(request.parameters)
        count = await request.microblog.notifications.unread_count(
            request.reader,
            limit=limit_of(request, UNREAD),
            kinds=kinds,
            excluded=excluded,
            account_id=request.parameters.id("account_id"),
        )
        return json_answer({"count": count})

    async def clear(self, request: Request) -> Answer:
        """Forget all of them."""
        await request.microblog.notifications.clear(request.reader)
        return NOTHING

    async def dismiss(self, request: Request) -> Answer:
        """Forget one."""
        await request.microblog.notifications.dismiss(request.reader, [request.path_id()])
        return NOTHING

    async def dismiss_named(self, request: Request) -> Answer:
        """Forget one, named by a parameter: the way of clients from before 1.3."""
        id_ = request.parameters.id("id")
        if id_ is None:
            raise BadRequest("id is missing: the notification to dismiss")
        await request.microblog.notifications.dismiss(request.reader, [id_])
        return NOTHING

    async def dismiss_some(self, request: Request) -> Answer:
        """Forget several."""
        ids = request.parameters.ids("ids")
        if len(ids) > IDS_PER_REQUEST_MAX:
            raise Invalid(f"At most {IDS_PER_REQUEST_MAX} ids can be dismissed at once")
        if ids:
            await request.microblog.notifications.dismiss(request.reader, ids)
        return NOTHING


def kinds_of(sent: Parameters) -> tuple[frozenset[str] | None, frozenset[str]]:
    """The types asked for (None for all) and those left out. Types of Mastodon's that never happen here are fine."""
    wanted = frozenset(sent.texts("types")) if "types" in sent else None
    return wanted, frozenset(sent.texts("exclude_types"))
