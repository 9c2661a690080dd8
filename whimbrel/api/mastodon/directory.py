"""The profile directory (Mastodon docs: methods/directory)."""

from typing import Final

from whimbrel.api.answers import Answer
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.paging import limit_of, offset_of
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import Invalid
from whimbrel.microblog.directory import Directory

_PAGE: Final = (40, 80)


class DirectoryPages:
    """The handler of /api/v1/directory. Everybody here is local, so `local` changes nothing."""

    def __init__(self, *, directory: Directory, render: Render) -> None:
        self._directory, self._render = directory, render

    def routes(self) -> tuple[Route, ...]:
        """Its line of the route table."""
        return (Route("GET", "/api/v1/directory", self.page),)

    async def page(self, request: Request) -> Answer:
        """People who want to be found, by their newest post or by when they came."""
        order = request.parameters.text("order") or "active"
        request.parameters.boolean("local")
        if order not in ("active", "new"):
            raise Invalid(f"order must be active or new, not {order[:40]!r}")
        found = await self._directory.page(
            "new" if order == "new" else "active", offset=offset_of(request), limit=limit_of(request, _PAGE)
        )
        return Answer(200, self._render.accounts.many(found))
