"""Preferences, as apps read them at their start: the account's own defaults, and Mastodon's for what we do not keep."""

from typing import Final

from whimbrel.api.answers import Answer, json_answer
from whimbrel.api.request import Request
from whimbrel.api.router import Route


async def preferences(request: Request) -> Answer:
    """What the signed-in account has chosen for new posts."""
    account = request.owner
    return json_answer(
        {
            "posting:default:visibility": account.default_visibility,
            "posting:default:sensitive": account.default_sensitive,
            "posting:default:language": account.default_language,
            "reading:expand:media": "default",
            "reading:expand:spoilers": False,
            "reading:autoplay:gifs": False,
        }
    )


ROUTES: Final = (Route("GET", "/api/v1/preferences", preferences, auth="user", scope="read:accounts"),)
