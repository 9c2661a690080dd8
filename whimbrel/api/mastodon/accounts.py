"""Accounts: who they are, what they posted, who follows them (Mastodon docs: methods/accounts)."""

from urllib.parse import urlsplit

from whimbrel.api.answers import NONE_OF_THEM, Answer
from whimbrel.api.mastodon.listing import accounts_paged, posts_page
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.paging import ACCOUNTS, POSTS, page_of
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import BadRequest, Invalid, NotFound
from whimbrel.kernel.limits import IDS_PER_REQUEST_MAX
from whimbrel.microblog.posts.tags import fold


class Accounts:
    """The reading side of /api/v1/accounts."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def routes(self) -> tuple[Route, ...]:
        """Its part of the route table."""
        one, read = "/api/v1/accounts/{id}", "read:accounts"
        return (
            Route("GET", "/api/v1/accounts", self.some, read, "optional"),
            Route("GET", "/api/v1/accounts/lookup", self.lookup, read, "optional"),
            Route("GET", one, self.show, read, "optional"),
            Route("GET", f"{one}/statuses", self.statuses, "read:statuses", "optional"),
            Route("GET", f"{one}/followers", self.followers, read, "optional"),
            Route("GET", f"{one}/following", self.following, read, "optional"),
            Route("GET", f"{one}/endorsements", self.endorsements, read, "optional"),
            Route("GET", f"{one}/featured_tags", self.none_here, read, "optional"),
            Route("GET", f"{one}/lists", self.none_here, "read:lists", "user"),
            Route("GET", "/api/v1/endorsements", self.own_endorsements, read, "user"),
        )

    async def show(self, request: Request) -> Answer:
        """One account."""
        return Answer(200, self._render.accounts.one(await request.microblog.accounts.get(request.path_id())))

    async def some(self, request: Request) -> Answer:
        """Several accounts by their ids, in that order, without those that are not there."""
        ids = request.parameters.ids("id")
        if len(ids) > IDS_PER_REQUEST_MAX:
            raise Invalid(f"At most {IDS_PER_REQUEST_MAX} ids can be asked for at once")
        found = await request.microblog.accounts.many(ids)
        return Answer(200, self._render.accounts.many([found[id_] for id_ in ids if id_ in found]))

    async def lookup(self, request: Request) -> Answer:
        """One account by its name, with this server's own name behind it or without."""
        acct = request.parameters.text("acct")
        if not acct:
            raise BadRequest("acct is missing: the name of an account")
        name = local_name(acct, request.microblog.options.public_url)
        if name is None:
            raise NotFound
        return Answer(200, self._render.accounts.one(await request.microblog.accounts.by_name(name)))

    async def statuses(self, request: Request) -> Answer:
        """What an account posted, as far as the viewer may see."""
        account = await request.microblog.accounts.get(request.path_id())
        page, sent = page_of(request, POSTS), request.parameters
        tagged = sent.text("tagged")
        shown = await request.microblog.timelines.account(
            request.viewer,
            account,
            page,
            exclude_replies=bool(sent.boolean("exclude_replies")),
            exclude_reblogs=bool(sent.boolean("exclude_reblogs")),
            pinned=bool(sent.boolean("pinned")),
            tagged=fold(tagged.removeprefix("#")) if tagged else None,
            only_media=bool(sent.boolean("only_media")),
        )
        return posts_page(request, self._render, shown)

    async def followers(self, request: Request) -> Answer:
        """Who follows an account."""
        account = await request.microblog.accounts.get(request.path_id())
        found = await request.microblog.graph.followers(request.viewer, account, page_of(request, ACCOUNTS))
        return accounts_paged(request, self._render, found)

    async def following(self, request: Request) -> Answer:
        """Whom an account follows."""
        account = await request.microblog.accounts.get(request.path_id())
        found = await request.microblog.graph.following(request.viewer, account, page_of(request, ACCOUNTS))
        return accounts_paged(request, self._render, found)

    async def endorsements(self, request: Request) -> Answer:
        """Whom an account shows on its profile."""
        account = await request.microblog.accounts.get(request.path_id())
        found = await request.microblog.graph.endorsements(account, page_of(request, ACCOUNTS))
        return accounts_paged(request, self._render, found)

    async def own_endorsements(self, request: Request) -> Answer:
        """Whom the reader shows on the own profile."""
        found = await request.microblog.graph.endorsements(request.owner, page_of(request, ACCOUNTS))
        return accounts_paged(request, self._render, found)

    async def none_here(self, request: Request) -> Answer:
        """An empty list about an account that exists: nobody here has featured hashtags or lists."""
        await request.microblog.accounts.get(request.path_id())
        return NONE_OF_THEM


def local_name(acct: str, public_url: str) -> str | None:
    """The name in `name`, `@name` or `name@this.server`; None when it lives on another server."""
    name, _, host = acct.removeprefix("@").partition("@")
    here = urlsplit(public_url)
    return name if host.lower() in ("", here.netloc, here.hostname) else None
