"""How far somebody has read (Mastodon docs: methods/markers)."""

from typing import Final

from whimbrel.api.answers import Answer, json_answer
from whimbrel.api.mastodon.render.notifications import marker
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import Invalid

_TIMELINES: Final = ("home", "notifications")


def routes() -> tuple[Route, ...]:
    """The part of the route table."""
    return (
        Route("GET", "/api/v1/markers", read, "read:statuses", "user"),
        Route("POST", "/api/v1/markers", move, "write:statuses", "user"),
    )


async def read(request: Request) -> Answer:
    """The markers of the timelines that were named, as far as they were ever set."""
    wanted = [timeline for timeline in _TIMELINES if timeline in request.parameters.texts("timeline")]
    found = await request.microblog.notifications.markers(request.reader, wanted) if wanted else []
    return json_answer({one.timeline: marker(one) for one in found})


async def move(request: Request) -> Answer:
    """Set one marker or both."""
    moves: dict[str, int] = {}
    for timeline in _TIMELINES:
        if timeline in request.parameters:
            last_read_id = request.parameters.nested(timeline).id("last_read_id")
            if last_read_id is None:
                raise Invalid(f"{timeline}[last_read_id] is missing")
            moves[timeline] = last_read_id
    found = await request.microblog.notifications.move_markers(request.reader, moves) if moves else []
    return json_answer({one.timeline: marker(one) for one in found})
