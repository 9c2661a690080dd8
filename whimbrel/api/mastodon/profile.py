"""One's own account: verify_credentials and update_credentials (Mastodon docs: methods/accounts)."""

from typing import Final

from msgspec import UNSET, UnsetType

from whimbrel.api.answers import Answer
from whimbrel.api.mastodon.drafts import language_of
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.parameters import Parameters
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.pages import Page
from whimbrel.microblog.accounts.requests import ProfileChange
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.posts.values import VISIBILITIES

_REQUESTS_COUNTED_MAX: Final = 80
_NOT_HERE: Final = {
    "avatar": "Pictures cannot be uploaded on this server: leave avatar out",
    "header": "Pictures cannot be uploaded on this server: leave header out",
    "attribution_domains": "Attribution of links is not known on this server: leave attribution_domains out",
}


class Profile:
    """The signed-in account's own view of itself."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def routes(self) -> tuple[Route, ...]:
        """Its part of the route table."""
        see, change = "/api/v1/accounts/verify_credentials", "/api/v1/accounts/update_credentials"
        return (
            Route("GET", see, self.verify, ("profile", "read:accounts"), "user"),
            Route("PATCH", change, self.update, "write:accounts", "user"),
        )

    async def verify(self, request: Request) -> Answer:
        """Who the token is for."""
        return await self._own(request, request.owner)

    async def update(self, request: Request) -> Answer:
        """Change the profile or the defaults for new posts; what is not sent stays.

        Who unlocks the account lets in everybody who waits: the core does it (microblog/cascades.py), nobody waits.
        """
        change, before = change_of(request.parameters), request.owner
        if change == ProfileChange():
            return await self._own(request, before)
        return await self._own(request, await request.microblog.accounts.change_profile(before, change))

    async def _own(self, request: Request, account: Account) -> Answer:
        waiting = 0
        if account.locked:
            page = await request.microblog.graph.requests(request.reader, Page(limit=_REQUESTS_COUNTED_MAX))
            waiting = len(page.items)
        return Answer(200, self._render.accounts.own(account, follow_requests=waiting))


def change_of(sent: Parameters) -> ProfileChange:
    """The change that was sent. Raises Invalid for wrong values and for what this server does not have."""
    for name, refusal in _NOT_HERE.items():
        if sent.values.get(name):
            raise Invalid(refusal)
    source = sent.nested("source")
    return ProfileChange(
        display_name=_text(sent, "display_name"),
        note=_text(sent, "note"),
        fields=_fields(sent),
        locked=_boolean(sent, "locked"),
        bot=_boolean(sent, "bot"),
        discoverable=_boolean(sent, "discoverable"),
        indexable=_boolean(sent, "indexable"),
        hide_collections=_boolean(sent, "hide_collections"),
        default_visibility=_visibility(source),
        default_sensitive=_boolean(source, "sensitive"),
        default_language=language_of(source, "language") if "language" in source.values else UNSET,
    )


def _text(sent: Parameters, name: str) -> str | UnsetType:
    text = sent.text(name)
    return UNSET if text is None else text


def _boolean(sent: Parameters, name: str) -> bool | UnsetType:
    value = sent.boolean(name)
    return UNSET if value is None else value


def _visibility(source: Parameters) -> str | UnsetType:
    visibility = source.text("privacy")
    if not visibility:
        return UNSET
    if visibility not in VISIBILITIES:
        raise Invalid(f"source[privacy] must be one of {', '.join(VISIBILITIES)}")
    return visibility


def _fields(sent: Parameters) -> tuple[tuple[str, str], ...] | UnsetType:
    rows = sent.each("fields_attributes")
    if rows is None:
        return UNSET
    pairs = [(row.text("name") or "", row.text("value") or "") for row in rows]
    return tuple(pair for pair in pairs if pair != ("", ""))
