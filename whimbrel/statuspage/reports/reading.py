"""What a client sent, read within bounds: a small body as JSON or as a form, nothing else.

Promises: no more than REPORT_BYTES_MAX and REPORT_SECONDS_MAX for a body; wrong types, wrong encodings and control
characters are errors that name the field. Where a request comes from is asked of `peer`, so that a reverse proxy can be
believed or not in one place.
"""

import asyncio
import unicodedata
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request

from whimbrel.kernel.errors import BadRequest, Forbidden, Invalid, TooLarge
from whimbrel.kernel.limits import REPORT_BYTES_MAX, REPORT_SECONDS_MAX

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
_FIELDS_MAX: Final = 20


class Sent(msgspec.Struct, frozen=True):
    """The fields of a report as they were sent."""

    service: str = "own"
    kind: str = ""
    place: str = ""
    time_zone: str = ""
    words: str = ""
    challenge: str = ""
    proof: str = ""


async def sent(request: Request) -> Sent:
    """The report in the request's body. Raises BadRequest, TooLarge, Invalid; Forbidden for a form of another site."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (FORM, JSON):
        raise BadRequest(f"Content-Type: expected {JSON} or {FORM}")
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Forbidden("A report is sent from this site's own page, or by a program.")
    body = await _body(request)
    found = _of_json(body) if kind == JSON else _of_form(body)
    return msgspec.structs.replace(found, words=_plain(found.words))


async def _body(request: Request) -> bytes:
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and len(length) < 20 and int(length) > REPORT_BYTES_MAX:
        raise TooLarge(f"A report has at most {REPORT_BYTES_MAX} bytes.")
    parts, size = [], 0
    try:
        async with asyncio.timeout(REPORT_SECONDS_MAX):
            async for part in request.stream():
                size += len(part)
                if size > REPORT_BYTES_MAX:
                    raise TooLarge(f"A report has at most {REPORT_BYTES_MAX} bytes.")
                parts.append(part)
    except TimeoutError:
        raise BadRequest("The report did not arrive in time.") from None
    except ClientDisconnect:
        raise BadRequest("The report did not arrive.") from None
    return b"".join(parts)


def _of_json(body: bytes) -> Sent:
    try:
        return msgspec.json.decode(body, type=Sent)
    except msgspec.ValidationError as error:
        raise Invalid(f"the report is not as expected: {error}") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadRequest("The body is no JSON.") from None


def _of_form(body: bytes) -> Sent:
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise BadRequest("The body is no form.") from None
    known = {name: value for name, value in fields if name in Sent.__struct_fields__}
    return Sent(**known)


def _plain(words: str) -> str:
    """One line without control and formatting characters: words are shown to people, some of whom work in terminals."""
    kept = "".join(" " if unicodedata.category(one).startswith("C") else one for one in words)
    return " ".join(kept.split())
