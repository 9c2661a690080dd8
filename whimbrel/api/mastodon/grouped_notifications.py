"""Notifications in groups (Mastodon docs: methods/grouped_notifications, API version 2)."""

from typing import Final

from whimbrel.api.answers import NOTHING, Answer, json_answer
from whimbrel.api.mastodon.listing import accounts_paged
from whimbrel.api.mastodon.notifications import UNREAD, Notifications, kinds_of
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.paging import ACCOUNTS, NOTIFICATIONS, limit_of, links, page_of
from whimbrel.api.parameters import Parameters
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import Invalid
from whimbrel.microblog.notifications.values import GROUPED_KINDS

_EXPANSIONS: Final = ("full", "partial_avatars")


class GroupedNotifications:
    """The resource /api/v2/notifications."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def routes(self) -> tuple[Route, ...]:
        """Its part of the route table."""
        every, read, write = "/api/v2/notifications", "read:notifications", "write:notifications"
        single = Notifications(self._render)
        return (
            Route("GET", every, self.page, read, "user"),
            Route("GET", f"{every}/unread_count", self.unread_count, read, "user"),
            Route("POST", f"{every}/clear", single.clear, write, "user"),
            Route("GET", f"{every}/{{group_key}}", self.show, read, "user"),
            Route("GET", f"{every}/{{group_key}}/accounts", self.accounts, read, "user"),
            Route("POST", f"{every}/{{group_key}}/dismiss", self.dismiss, write, "user"),
        )

    async def page(self, request: Request) -> Answer:
        """The newest groups, with every account and post that they name beside them."""
        sent = request.parameters
        expansion = sent.text("expand_accounts") or "full"
        if expansion not in _EXPANSIONS:
            raise Invalid(f"expand_accounts must be one of {', '.join(_EXPANSIONS)}")
        kinds, excluded = kinds_of(sent)
        groups = await request.microblog.notifications.groups(
            request.reader,
            page_of(request, NOTIFICATIONS),
            kinds=kinds,
            excluded=excluded,
            grouped_kinds=_grouped_kinds(sent),
            account_id=sent.id("account_id"),
        )
        body = self._render.notifications.groups(groups, partial_avatars=expansion == "partial_avatars")
        if not groups:
            return Answer(200, body)
        oldest_id, newest_id = min(group.oldest_id for group in groups), max(group.newest_id for group in groups)
        return Answer(200, body, links(request, next_max_id=oldest_id, prev_min_id=newest_id))

    async def unread_count(self, request: Request) -> Answer:
        """How many groups have something above the marker, counted up to `limit`."""
        kinds, excluded = kinds_of(request.parameters)
        count = await request.microblog.notifications.unread_count(
            request.reader,
            limit=limit_of(request, UNREAD),
            kinds=kinds,
            excluded=excluded,
            grouped_kinds=_grouped_kinds(request.parameters),
            account_id=request.parameters.id("account_id"),
        )
        return json_answer({"count": count})

    async def show(self, request: Request) -> Answer:
        """One group."""
        group = await request.microblog.notifications.group(request.reader, request.path_text("group_key"))
        return Answer(200, self._render.notifications.groups([group], partial_avatars=False))

    async def accounts(self, request: Request) -> Answer:
        """Everybody in a group."""
        key, page = request.path_text("group_key"), page_of(request, ACCOUNTS)
        found = await request.microblog.notifications.group_accounts(request.reader, key, page)
        return accounts_paged(request, self._render, found)

    async def dismiss(self, request: Request) -> Answer:
        """Forget a whole group."""
        await request.microblog.notifications.dismiss_group(request.reader, request.path_text("group_key"))
        return NOTHING


def _grouped_kinds(sent: Parameters) -> frozenset[str]:
    return frozenset(sent.texts("grouped_types")) if "grouped_types" in sent else frozenset(GROUPED_KINDS)
