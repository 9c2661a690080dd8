"""What every handler returns: a status, the whole body as bytes, and the headers that are its own.

The headers that every answer carries (request id, CORS, rate limits, length) are added by `api.http` alone.
"""

from typing import Any, Final

import msgspec

JSON: Final = b"application/json; charset=utf-8"
HTML: Final = b"text/html; charset=utf-8"

Headers = tuple[tuple[bytes, bytes], ...]
"""Header names in lower case, and their values."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """One whole answer. `cache` is its Cache-Control; by default nobody keeps what an API said."""

    status: int
    body: bytes
    headers: Headers = ()
    content_type: bytes = JSON
    cache: bytes = b"private, no-store"


_encode = msgspec.json.Encoder().encode


def json_answer(value: Any, *, status: int = 200, headers: Headers = ()) -> Answer:
    """An answer with `value` (plain data or a Struct) as JSON."""
    return Answer(status, _encode(value), headers)


NOTHING: Final = Answer(200, b"{}")
"""Mastodon's answer to a verb that has nothing to say."""

NONE_OF_THEM: Final = Answer(200, b"[]")
"""An empty list, for what nobody has here."""
