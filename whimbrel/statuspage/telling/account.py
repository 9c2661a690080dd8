"""The official account: each update posted through the watched microblog's public API.

Promises: in order, late if the microblog is down, never twice: the update's name goes along as Idempotency-Key, so a
post whose answer was lost is answered with the same post. That holds as long as the microblog remembers keys.
"""

from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from whimbrel.kernel.errors import Misconfigured
from whimbrel.kernel.limits import ACCOUNT_CHARACTERS_MAX, ACCOUNT_SECONDS
from whimbrel.statuspage.pages.language import DEFAULT, words_of
from whimbrel.statuspage.telling.channels import DeliveryFailed, Message
from whimbrel.statuspage.telling.secret_file import secret_in
from whimbrel.statuspage.telling.wording import shortened, wording_of
from whimbrel.statuspage.watching.fetching import FetchFailed, Request, fetch

_REFUSED_FOR_GOOD: Final = 422
_LANGUAGE: Final = DEFAULT


class Official(NamedTuple):
    """The account that speaks for the page: the microblog's address, and the file with the account's token."""

    url: str
    token_file: Path


class Account:
    """The channel."""

    def __init__(self, official: Official) -> None:
        self._official = official
        secret_in(official.token_file)

    async def send(self, message: Message) -> bool:
        """Post it. Raises DeliveryFailed."""
        assert message.told is not None, "the official account has nothing to confirm"
        text = shortened(wording_of(message.told, words_of(_LANGUAGE), message.shown), ACCOUNT_CHARACTERS_MAX)
        try:
            token = secret_in(self._official.token_file)
            answer = await fetch(self._request(text, message.subject, token))
        except (FetchFailed, Misconfigured) as error:
            raise DeliveryFailed(error.public) from error
        if not 200 <= answer.status < 300:
            raise DeliveryFailed(f"answered {answer.status}", permanent=answer.status == _REFUSED_FOR_GOOD)
        return False

    def _request(self, text: str, subject: str, token: str) -> Request:
        return Request(
            f"{self._official.url.rstrip('/')}/api/v1/statuses",
            method="POST",
            headers={
                "authorization": f"Bearer {token}",
                "content-type": "application/json",
                "idempotency-key": f"status-{subject}",
            },
            body=msgspec.json.encode({"status": text, "visibility": "public", "language": _LANGUAGE}),
            total_seconds=ACCOUNT_SECONDS,
            reach="anywhere",
        )
