"""What apps ask for and nobody has here: lists, filters, media, polls, push, trends and the like, answered truly.

A list is empty, a thing by its id is not found, and making one is refused with words that say so (422, which apps
show to people). Each line goes when its room comes.
"""

from typing import Final, NamedTuple

from whimbrel.api.answers import NONE_OF_THEM, NOTHING, Answer
from whimbrel.api.request import Request
from whimbrel.api.router import Auth, Handler, Route
from whimbrel.kernel.errors import Invalid, NotFound


class _Line(NamedTuple):
    """Addresses by method that answer alike: `what` is a heading, `refusal` the words of those that make something."""

    what: str
    scope: str
    auth: Auth
    addresses: str
    refusal: str = ""


_EMPTY: Final = (
    _Line("Nobody has lists", "read:lists", "user", "GET /api/v1/lists"),
    _Line("Nobody has filters", "read:filters", "user", "GET /api/v2/filters GET /api/v1/filters"),
    _Line("Nobody has conversations", "read:statuses", "user", "GET /api/v1/conversations"),
    _Line("Nobody has scheduled posts", "read:statuses", "user", "GET /api/v1/scheduled_statuses"),
    _Line("Nobody has blocked a server", "read:blocks", "user", "GET /api/v1/domain_blocks"),
    _Line(
        "Nobody features hashtags",
        "read:accounts",
        "user",
        "GET /api/v1/featured_tags GET /api/v1/featured_tags/suggestions",
    ),
    _Line("There are no suggestions", "read", "user", "GET /api/v1/suggestions GET /api/v2/suggestions"),
    _Line("Nothing was announced", "", "user", "GET /api/v1/announcements"),
    _Line("There are no custom emojis", "", "none", "GET /api/v1/custom_emojis"),
    _Line(
        "Trends are not counted",
        "",
        "none",
        "GET /api/v1/trends GET /api/v1/trends/tags GET /api/v1/trends/statuses GET /api/v1/trends/links",
    ),
    _Line("Links have no timelines", "", "none", "GET /api/v1/timelines/link"),
    _Line(
        "No other servers are known, no rules written",
        "",
        "none",
        "GET /api/v1/instance/peers GET /api/v1/instance/domain_blocks GET /api/v1/instance/rules "
        "GET /api/v1/peers/search",
    ),
)

_DONE: Final = (
    _Line("There is no push subscription to take away", "push", "user", "DELETE /api/v1/push/subscription"),
    _Line("There are no suggestions to take away", "read", "user", "DELETE /api/v1/suggestions/{id}"),
    _Line("No server is blocked", "write:blocks", "user", "DELETE /api/v1/domain_blocks"),
    _Line("Posts are not translated", "", "none", "GET /api/v1/instance/translation_languages"),
)

_MISSING: Final = (
    _Line(
        "No such list",
        "read:lists",
        "user",
        "GET /api/v1/lists/{id} GET /api/v1/lists/{id}/accounts GET /api/v1/timelines/list/{id}",
    ),
    _Line(
        "No such list",
        "write:lists",
        "user",
        "PUT /api/v1/lists/{id} DELETE /api/v1/lists/{id} POST /api/v1/lists/{id}/accounts "
        "DELETE /api/v1/lists/{id}/accounts",
    ),
    _Line(
        "No such filter",
        "read:filters",
        "user",
        "GET /api/v2/filters/{id} GET /api/v1/filters/{id} GET /api/v2/filters/{id}/keywords "
        "GET /api/v2/filters/{id}/statuses GET /api/v2/filters/keywords/{id} GET /api/v2/filters/statuses/{id}",
    ),
    _Line(
        "No such filter",
        "write:filters",
        "user",
        "PUT /api/v2/filters/{id} DELETE /api/v2/filters/{id} PUT /api/v1/filters/{id} DELETE /api/v1/filters/{id} "
        "POST /api/v2/filters/{id}/keywords POST /api/v2/filters/{id}/statuses PUT /api/v2/filters/keywords/{id} "
        "DELETE /api/v2/filters/keywords/{id} DELETE /api/v2/filters/statuses/{id}",
    ),
    _Line(
        "No such conversation",
        "write:conversations",
        "user",
        "DELETE /api/v1/conversations/{id} POST /api/v1/conversations/{id}/read POST /api/v1/conversations/{id}/unread",
    ),
    _Line("No such scheduled post", "read:statuses", "user", "GET /api/v1/scheduled_statuses/{id}"),
    _Line(
        "No such scheduled post",
        "write:statuses",
        "user",
        "PUT /api/v1/scheduled_statuses/{id} DELETE /api/v1/scheduled_statuses/{id}",
    ),
    _Line("No such poll", "read:statuses", "optional", "GET /api/v1/polls/{id}"),
    _Line("No such poll", "write:statuses", "user", "POST /api/v1/polls/{id}/votes"),
    _Line(
        "No such media",
        "write:media",
        "user",
        "GET /api/v1/media/{id} PUT /api/v1/media/{id} DELETE /api/v1/media/{id}",
    ),
    _Line("No push subscription", "push", "user", "GET /api/v1/push/subscription PUT /api/v1/push/subscription"),
    _Line("No such announcement", "write:accounts", "user", "POST /api/v1/announcements/{id}/dismiss"),
    _Line(
        "No such announcement",
        "write:favourites",
        "user",
        "PUT /api/v1/announcements/{id}/reactions/{name} DELETE /api/v1/announcements/{id}/reactions/{name}",
    ),
    _Line("No such featured hashtag", "write:accounts", "user", "DELETE /api/v1/featured_tags/{id}"),
)

_REFUSED: Final = (
    _Line("Make a list", "write:lists", "user", "POST /api/v1/lists", "This server has no lists"),
    _Line(
        "Make a filter",
        "write:filters",
        "user",
        "POST /api/v2/filters POST /api/v1/filters",
        "This server has no filters. You can mute people and conversations",
    ),
    _Line(
        "Upload media",
        "write:media",
        "user",
        "POST /api/v2/media POST /api/v1/media",
        "This server takes text only, no pictures or other files",
    ),
    _Line(
        "Ask for push notifications",
        "push",
        "user",
        "POST /api/v1/push/subscription",
        "This server sends no push notifications",
    ),
    _Line(
        "Block a server",
        "write:blocks",
        "user",
        "POST /api/v1/domain_blocks",
        "This server exchanges posts with no other, so there is none to block",
    ),
    _Line(
        "Feature a hashtag",
        "write:accounts",
        "user",
        "POST /api/v1/featured_tags POST /api/v1/tags/{id}/feature POST /api/v1/tags/{id}/unfeature",
        "Profiles on this server do not feature hashtags",
    ),
    _Line(
        "Report an account",
        "write:reports",
        "user",
        "POST /api/v1/reports",
        "This server takes no reports through apps. Write to its operator",
    ),
)


async def _none(_: Request) -> Answer:
    return NONE_OF_THEM


async def _nothing(_: Request) -> Answer:
    return NOTHING


async def _missing(_: Request) -> Answer:
    raise NotFound


def _refusing(words: str) -> Handler:
    async def refuse(_: Request) -> Answer:
        raise Invalid(words)

    return refuse


def _routes(line: _Line, handler: Handler) -> list[Route]:
    parts = line.addresses.split()
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [Route(method, path, handler, line.scope or (), line.auth, summary=line.what) for method, path in pairs]


ROUTES: Final = (
    *(route for line in _EMPTY for route in _routes(line, _none)),
    *(route for line in _DONE for route in _routes(line, _nothing)),
    *(route for line in _MISSING for route in _routes(line, _missing)),
    *(route for line in _REFUSED for route in _routes(line, _refusing(line.refusal))),
)
