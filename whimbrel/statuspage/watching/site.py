"""The watched microblog as the canary pair talks to it: a place, forms and JSON, one token or none."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from whimbrel.kernel.limits import CANARY_ANSWER_SECONDS
from whimbrel.statuspage.watching.fetching import Answer, FetchFailed, Request, fetch


class NotMeasured(Exception):
    """A step could not be tried, or said nothing about the service; so it counts neither as good nor as bad."""


class TokenRefused(FetchFailed):
    """The service does not take the token (any more)."""

    code = "token_refused"


class Site(NamedTuple):
    """`url` without a slash at the end, as the operator has configured it: so it may lead anywhere.

    `seconds`: how long an answer may take.
    """

    url: str
    ca_file: str = ""
    seconds: float = CANARY_ANSWER_SECONDS

    def request(self, path: str, *, token: str = "") -> Request:
        """A GET of one of its addresses (or of a whole URL)."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return Request(
            path if "://" in path else self.url + path,
            headers=headers,
            total_seconds=self.seconds,
            connect_seconds=self.seconds,
            reach="anywhere",
            ca_file=self.ca_file,
        )

    async def get(self, path: str, query: dict[str, str] | None = None, *, token: str = "") -> Any:
        """Read JSON. Raises FetchFailed, TokenRefused, or NotMeasured when it asks us to come back later."""
        return answered(await fetch(self.request(_with(path, query), token=token))).json()

    async def post(self, path: str, fields: dict[str, str], *, token: str = "", key: str = "") -> Any:
        """Do something, with a form's fields and an Idempotency-Key; raises as `get` does."""
        request = self.request(path, token=token)
        headers = {**request.headers, "content-type": "application/x-www-form-urlencoded"}
        if key:
            headers["idempotency-key"] = key
        body = urlencode(fields).encode()
        return answered(await fetch(request._replace(method="POST", headers=headers, body=body))).json()

    async def delete(self, path: str, *, token: str) -> Any:
        """Delete something; raises as `get` does, but what is gone already is well."""
        answer = await fetch(self.request(path, token=token)._replace(method="DELETE"))
        return None if answer.status == 404 else answered(answer).json()


def answered(answer: Answer) -> Answer:
    """A 2xx answer. Raises NotMeasured for 429, TokenRefused for 401, FetchFailed otherwise."""
    if answer.status == 429:
        raise NotMeasured(f"{answer.url} asks for fewer requests")
    if answer.status == 401:
        raise TokenRefused("refused a token that it had given", log=f"{answer.url}: 401 {answer.text[:200]}")
    return answer.expect()


def text_at(value: Any, *path: str) -> str:
    """The text at this path of a JSON value. Raises FetchFailed when there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value:
        raise FetchFailed(f"the answer has no {'.'.join(path)}")
    return value


def ids_in(value: Any, *path: str) -> set[str]:
    """The ids of the things at this path of each member of a JSON list. Raises FetchFailed when it is no list."""
    if not isinstance(value, list):
        raise FetchFailed("the answer is not a list")
    found = set()
    for member in value:
        for name in path:
            member = member.get(name) if isinstance(member, dict) else None
        if isinstance(member, dict) and isinstance(member.get("id"), str):
            found.add(member["id"])
    return found


def encoded(value: Any) -> bytes:
    """As JSON."""
    return msgspec.json.encode(value)


def _with(path: str, query: dict[str, str] | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path
