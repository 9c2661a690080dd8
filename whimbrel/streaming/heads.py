"""The head of an HTTP/1.1 request: bytes in, a value out, or a refusal that says what is wrong. Pure.

Only what a stream needs: GET, HEAD and OPTIONS, no body, one request a connection. Not a general HTTP parser: the
API's door is that.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from whimbrel.kernel.errors import BadRequest, WhimbrelError
from whimbrel.kernel.limits import FIELDS_MAX

METHODS: Final = ("GET", "HEAD", "OPTIONS")
END: Final = b"\r\n\r\n"

_FIRST: Final = re.compile(r"([A-Z]{1,16}) (?:https?://[\x21-\x2e\x30-\x3e\x40-\x7e]+)?(/[\x21-\x7e]*) HTTP/1\.[01]")
"""The target is a path, or an address with one, as some proxies write it (RFC 9112, 3.2.2)."""

_FIELD: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_LISTED: Final = "x-forwarded-for"
_NEVER: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class WrongMethod(WhimbrelError):
    """Streams are only read."""

    code = "wrong_method"
    status = 405


class Head(NamedTuple):
    """What was asked for. Header names are in lower case; `path` has no slash at its end."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]

    def has_word(self, header: str, word: str) -> bool:
        """Whether a header that lists words has this one, in any case of letters."""
        return word in (one.strip().lower() for one in self.headers.get(header, "").split(","))


def parse_head(data: bytes) -> Head:
    """The head in `data`, which is everything before the empty line. Raises BadRequest or WrongMethod."""
    first, *lines = data.decode("latin-1").split("\r\n")
    asked = _FIRST.fullmatch(first)
    if asked is None:
        raise BadRequest("This is not an HTTP/1.1 request")
    headers: dict[str, str] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise BadRequest("A header of the request cannot be read")
        name, value = field[1].lower(), field[2].rstrip()
        if name == _LISTED and name in headers:
            headers[name] += f", {value}"  # a proxy may add a line of its own to the one that a client has made up
        headers.setdefault(name, value)
    if asked[1] not in METHODS:
        raise WrongMethod(f"{asked[1]} is not possible here: streams are only read")
    path, _, query = asked[2].partition("?")
    return Head(asked[1], unquote(path).rstrip("/") or "/", _parameters(query), headers)


def _parameters(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        raise BadRequest("The query has too many parameters") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if _NEVER.search(value):
            raise BadRequest("The query holds characters that no text has")
        found.setdefault(name, value)
    return found
