"""Filtered notifications, answered truly for a server that filters none (Mastodon docs: methods/notifications).

Everything is accepted, so there are no requests. A client that asks for filtering is refused rather than told that
it was switched on.
"""

from typing import Final

from whimbrel.api.answers import NONE_OF_THEM, NOTHING, Answer, json_answer
from whimbrel.api.mastodon.render.notifications import POLICY
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import Invalid, NotFound

_CHOICES: Final = tuple(name for name in POLICY if name.startswith("for_"))


def routes() -> tuple[Route, ...]:
    """The part of the route table."""
    requests, read, write = "/api/v1/notifications/requests", "read:notifications", "write:notifications"
    return (
        Route("GET", "/api/v2/notifications/policy", policy, read, "user"),
        Route("PATCH", "/api/v2/notifications/policy", change_policy, write, "user"),
        Route("GET", requests, no_requests, read, "user"),
        Route("GET", f"{requests}/merged", merged, read, "user"),
        Route("POST", f"{requests}/accept", none_accepted, write, "user"),
        Route("POST", f"{requests}/dismiss", none_accepted, write, "user"),
        Route("GET", f"{requests}/{{id}}", no_such_request, read, "user"),
        Route("POST", f"{requests}/{{id}}/accept", no_such_request, write, "user"),
        Route("POST", f"{requests}/{{id}}/dismiss", no_such_request, write, "user"),
    )


async def policy(_request: Request) -> Answer:
    """What is filtered: nothing."""
    return json_answer(POLICY)


async def change_policy(request: Request) -> Answer:
    """Accepting everything is all that can be chosen."""
    for name in _CHOICES:
        choice = request.parameters.text(name)
        if choice not in (None, "", "accept"):
            raise Invalid(f"{name} can only be accept: this server filters no notifications")
    return json_answer(POLICY)


async def no_requests(_request: Request) -> Answer:
    """Nobody waits."""
    return NONE_OF_THEM


async def merged(_request: Request) -> Answer:
    """Everything accepted is in the list already."""
    return json_answer({"merged": True})


async def none_accepted(_request: Request) -> Answer:
    """Several requests at once; those that do not exist are passed over, as everywhere, and none exists."""
    return NOTHING


async def no_such_request(_request: Request) -> Answer:
    """One request."""
    raise NotFound
