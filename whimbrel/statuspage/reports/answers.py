"""Answers as JSON, errors among them: one shape for everything that programs ask about reports."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.statuspage.reports.challenge import ALGORITHM, Challenged

Answer = Callable[[Request], Awaitable[Response]]


def json_answer(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A document as JSON that any page may read."""
    common = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
    return Response(msgspec.json.encode(document), status, common | (headers or {}), "application/json; charset=utf-8")


def answering(answer: Answer) -> Answer:
    """The same, with our errors as JSON."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except WhimbrelError as error:
            return refusal(error)

    return answered


def refusal(error: WhimbrelError) -> Response:
    """An error as JSON: its text for people, its code, the challenge if there is one, and when to try again."""
    document: dict[str, Any] = {"error": error.public, "code": error.code}
    if isinstance(error, Challenged):
        document["challenge"] = {
            "token": error.token,
            "algorithm": ALGORITHM,
            "bits": error.bits,
            "wait_seconds": error.wait_seconds,
        }
    seconds = error.retry_after_seconds
    return json_answer(document, error.status, {"Retry-After": str(seconds)} if seconds else {})
