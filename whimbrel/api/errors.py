"""Errors become JSON answers here, and only here; what nobody foresaw becomes a 500 that names the request.

The body is Mastodon's: `error` for people, with `error_description` or `details` where the error has them.
"""

import logging
from collections.abc import Sequence
from typing import Any, Final

from whimbrel.api.answers import Answer, json_answer
from whimbrel.kernel.errors import BadRequest, TooLarge, TooSlow, Unavailable, WhimbrelError

_log = logging.getLogger(__name__)

_UNFORESEEN: Final = "Something went wrong on this server. It has been logged under the request id in X-Request-Id"


class MethodNotAllowed(WhimbrelError):
    """The address exists, but not for this method; `allowed` names those it exists for."""

    code = "method_not_allowed"
    status = 405

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"This address answers {', '.join(allowed)} only")
        self.allowed = tuple(allowed)


class Compressed(BadRequest):
    """The body is compressed: a few bytes could become gigabytes, and no app of this kind sends such bodies."""

    code = "compressed"
    status = 415


class TooMuchAtOnce(Unavailable):
    """The bodies under way hold all the memory that they may; the connection is closed behind the answer."""

    code = "too_much_at_once"


class QueryTooLong(TooLarge):
    """The query string is longer than its limit."""

    status = 414


def answer_to(error: Exception, *, request_id: str, method: str, path: str) -> Answer:
    """The answer to a request that ended in `error`; logs it when it is the server's own fault.

    The log never holds the query, the headers or the body: they carry tokens and what people wrote.
    """
    about = {"request_id": request_id, "method": method, "path": path}
    if not isinstance(error, WhimbrelError):
        _log.error("request failed", extra=about, exc_info=error)
        return json_answer({"error": _UNFORESEEN, "request_id": request_id}, status=500)
    if error.status >= 500:
        _log.warning("request refused", extra={**about, "code": error.code, "reason": str(error)})
    return json_answer(_body(error), status=error.status, headers=tuple(_headers(error)))


def _body(error: WhimbrelError) -> dict[str, Any]:
    body: dict[str, Any] = {"error": error.public}
    for name in ("error_description", "details"):
        value = getattr(error, name, None)
        if value is not None:
            body[name] = value
    return body


def _headers(error: WhimbrelError) -> list[tuple[bytes, bytes]]:
    headers = []
    if error.retry_after_seconds is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after_seconds))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    if isinstance(error, Compressed):
        headers.append((b"accept-encoding", b"identity"))  # RFC 9110, 15.5.16
    if isinstance(error, TooSlow | TooMuchAtOnce):
        headers.append((b"connection", b"close"))  # RFC 9110, 15.5.9: the rest of the body is not wanted
    if error.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="Whimbrel"'))
    return headers
