"""What a client sent, read within bounds: a small body as JSON or as a form, nothing else.

Promises: no more than REPORT_BYTES_MAX and REPORT_SECONDS_MAX for a body; wrong types, wrong encodings and control
characters are errors that name the field. Where a request comes from is asked of `peer`, so that a reverse proxy can be
believed or not in one place.
"""

import unicodedata
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from whimbrel.kernel.errors import BadRequest, Forbidden, Invalid
from whimbrel.kernel.limits import REPORT_BYTES_MAX, REPORT_SECONDS_MAX
from whimbrel.statuspage.bodies import read_body

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
    """The report in the request's body. Raises what `read_body` does, and Invalid; Forbidden from another site."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (FORM, JSON):
        raise BadRequest(f"Content-Type: expected {JSON} or {FORM}")
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Forbidden("A report is sent from this site's own page, or by a program.")
    body = await read_body(request, bytes_max=REPORT_BYTES_MAX, seconds_max=REPORT_SECONDS_MAX)
    found = _of_json(body) if kind == JSON else _of_form(body)
    return msgspec.structs.replace(found, words=_plain(found.words))


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
