"""Home, public and hashtag timelines (Mastodon docs: methods/timelines)."""

from whimbrel.api.answers import Answer
from whimbrel.api.mastodon.listing import posts_page
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.paging import POSTS, page_of
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.limits import TAGS_PER_TIMELINE_MAX
from whimbrel.microblog.posts.tags import fold
from whimbrel.reliability.metrics import HOME


class Timelines:
    """The resource /api/v1/timelines."""

    def __init__(self, render: Render) -> None:
        self._render = render

    def routes(self) -> tuple[Route, ...]:
        """Its part of the route table."""
        return (
            Route("GET", "/api/v1/timelines/home", self.home, "read:statuses", "user"),
            Route("GET", "/api/v1/timelines/public", self.public, "read:statuses", "optional"),
            Route("GET", "/api/v1/timelines/tag/{tag}", self.tag, "read:statuses", "optional"),
        )

    async def home(self, request: Request) -> Answer:
        """What those whom the reader follows have posted."""
        page, home = page_of(request, POSTS), request.microblog.home
        shown = home.page_held(request.reader, page)
        if shown is None:
            shown = await home.page(request.reader, page)
        if _is_newest(request) and (request.reader.follows or request.reader.tags):
            request.scope[HOME] = "fresh" if shown else "empty"
        return posts_page(request, self._render, shown)

    async def public(self, request: Request) -> Answer:
        """What everybody has posted for all to see."""
        page, sent = page_of(request, POSTS), request.parameters
        shown = await request.microblog.timelines.public(
            request.viewer,
            page,
            local=bool(sent.boolean("local")),
            remote=bool(sent.boolean("remote")),
            only_media=bool(sent.boolean("only_media")),
        )
        return posts_page(request, self._render, shown)

    async def tag(self, request: Request) -> Answer:
        """Public posts with a hashtag; `any` adds further ones, `all` asks for these too, `none` leaves these out."""
        page, sent = page_of(request, POSTS), request.parameters
        shown = await request.microblog.timelines.tag(
            request.viewer,
            fold(request.path_text("tag")),
            page,
            any_of=_tags(request, "any"),
            all_of=_tags(request, "all"),
            none_of=_tags(request, "none"),
            local=bool(sent.boolean("local")),
            remote=bool(sent.boolean("remote")),
            only_media=bool(sent.boolean("only_media")),
        )
        return posts_page(request, self._render, shown)


def _is_newest(request: Request) -> bool:
    """Whether no id bounds the page: then it is empty only if there is nothing, or something is wrong."""
    return b"_id=" not in request.query


def _tags(request: Request, name: str) -> list[str]:
    tags = request.parameters.texts(name)
    if len(tags) > TAGS_PER_TIMELINE_MAX:
        raise Invalid(f"{name} may hold at most {TAGS_PER_TIMELINE_MAX} hashtags")
    return [fold(tag.removeprefix("#")) for tag in tags]
