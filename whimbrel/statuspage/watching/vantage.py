"""Probes from elsewhere: results of other machines come in by POST /api/probes, signed with the vantage point's key.

Promises: nothing is taken that is not signed (HMAC-SHA256 over time, nonce and body), too old, sent before, or larger
than it may be, and who is unknown here or late by the head alone is refused before the body is read; one vantage point
cannot speak for another, nor about the future. Times of results are checked against the time of sending, and that
against our clock, so a machine whose clock is wrong is told so instead of believed; and what its clock is wrong by
within that bound makes no result older or younger than it is.
What a vantage point could not try is known too: that it went well before is no news any more.
What was sent before is known until the program restarts; after that, its age bounds what sending it again can do.
"""

import hashlib
import hmac
import re
import secrets
import stat
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import Conflict, Invalid, Misconfigured, Unauthenticated, WhimbrelError
from whimbrel.kernel.limits import (
    BODY_SECONDS_MAX,
    VANTAGE_BODY_BYTES_MAX,
    VANTAGE_NONCES_MAX,
    VANTAGE_RESULTS_MAX,
    VANTAGE_SKEW_SECONDS_MAX,
)
from whimbrel.statuspage.bodies import read_body
from whimbrel.statuspage.values import ProbeResult
from whimbrel.statuspage.watching import fetching

ADDRESS: Final = "/api/probes"
_HEADER: Final = re.compile(
    r"v=1 vantage=([a-z0-9][a-z0-9-]{0,39}) time=([0-9]{1,15}) nonce=([0-9a-f]{32}) mac=([0-9a-f]{64})"
)
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_WORDS_MAX: Final = 300
_UNKNOWN: Final = "the request is not signed by a vantage point that is known here"
KEY_CHARACTERS_MIN: Final = 16


class _Signature(NamedTuple):
    vantage: str
    time_ms: int
    nonce: str
    mac: str
    key: str


class Untried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step that could not be tried, because what it needs has failed."""

    component: str
    probe: str


class Results(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is sent: results of the sender's own vantage point, and what it could not try after them."""

    results: tuple[ProbeResult, ...]
    untried: tuple[Untried, ...] = ()


_decode = msgspec.json.Decoder(Results).decode


def read_keys(path: Path) -> dict[str, str]:
    """The secret of each vantage point from a JSON object in a file that nobody else may read. Raises Misconfigured.

    A file that is not there names nobody.
    """
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise Misconfigured(f"{path} holds secrets and can be read by others; expected the mode 0600")
        keys = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Misconfigured(f"{path} is not an object of names and secrets in JSON") from None
    if not all(_SLUG.fullmatch(name) and len(secret) >= KEY_CHARACTERS_MIN for name, secret in keys.items()):
        raise Misconfigured(f"{path}: expected slugs, and secrets of at least {KEY_CHARACTERS_MIN} characters")
    return keys


class Vantages:
    """Takes results in. `keys`: the secret of each vantage point, by its name.

    `note` is called with each result, its time by our clock; `forget` with the component, the probe and the vantage
    point of what could not be tried.
    """

    def __init__(
        self,
        keys: Mapping[str, str],
        *,
        note: Callable[[ProbeResult], None],
        forget: Callable[[str, str, str], None],
        clock: Clock,
    ) -> None:
        self.keys, self._note, self._forget, self._clock = keys, note, forget, clock
        self._seen: OrderedDict[str, int] = OrderedDict()

    def routes(self) -> list[Route]:
        """POST /api/probes."""
        return [Route(ADDRESS, self._post, methods=["POST"])]

    def take(self, header: str, body: bytes) -> int:
        """Take what one request brought; returns how many results. Raises Unauthenticated, Invalid, Conflict."""
        vantage, sent_ms, nonce = self._opened(header, body)
        try:
            told = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Invalid(f"these are not probe results: {error}"[:200]) from error
        if max(len(told.results), len(told.untried)) > VANTAGE_RESULTS_MAX:
            raise Invalid(f"{len(told.results)} results; at most {VANTAGE_RESULTS_MAX} can be sent at once")
        for result in told.results:
            _check(result, vantage, sent_ms)
        self._remember(nonce)
        now_ms = self._clock()
        for result in told.results:
            self._note(msgspec.structs.replace(result, at_ms=now_ms - max(sent_ms - result.at_ms, 0)))
        for one in told.untried:
            self._forget(one.component, one.probe, vantage)
        return len(told.results)

    def _opened(self, header: str, body: bytes) -> tuple[str, int, str]:
        signature = self._admitted(header)
        vantage, time_ms, nonce = signature.vantage, signature.time_ms, signature.nonce
        if not hmac.compare_digest(signature.mac, _mac(signature.key, vantage, time_ms, nonce, body)):
            raise Unauthenticated(_UNKNOWN)
        if nonce in self._seen:
            raise Conflict("this request was sent before")
        return vantage, time_ms, nonce

    def _admitted(self, header: str) -> _Signature:
        """What the head says, if a vantage point that is known says it for now; whether it is true, the body tells."""
        found = _HEADER.fullmatch(header)
        if found is None:
            raise Unauthenticated("the request is not signed by a vantage point")
        key = self.keys.get(found[1])
        if key is None:
            raise Unauthenticated(_UNKNOWN)
        signature = _Signature(found[1], int(found[2]), found[3], found[4], key)
        if abs(self._clock() - signature.time_ms) > 1_000 * VANTAGE_SKEW_SECONDS_MAX:
            raise Unauthenticated("the request is too old, or a clock is wrong: here it is another time")
        return signature

    def _remember(self, nonce: str) -> None:
        # Whoever is as late as a forgotten nonce is refused for its age, unless a known key sends thousands a minute.
        self._seen[nonce] = self._clock()
        while len(self._seen) > VANTAGE_NONCES_MAX:
            self._seen.popitem(last=False)

    async def _post(self, request: Request) -> Response:
        header = request.headers.get("x-whimbrel-vantage", "")
        try:
            self._admitted(header)  # a stranger's body is not read at all
            body = await read_body(request, bytes_max=VANTAGE_BODY_BYTES_MAX, seconds_max=BODY_SECONDS_MAX)
            taken = self.take(header, body)
        except WhimbrelError as error:
            return JSONResponse({"error": error.public}, error.status)
        return JSONResponse({"taken": taken})


def _check(result: ProbeResult, vantage: str, sent_ms: int) -> None:
    if result.vantage != vantage:
        raise Invalid("a vantage point speaks for itself only")
    if not (_SLUG.fullmatch(result.component) and _SLUG.fullmatch(result.probe)):
        raise Invalid("a component or a probe is not named by a slug")
    if abs(sent_ms - result.at_ms) > 1_000 * VANTAGE_SKEW_SECONDS_MAX:
        raise Invalid("a result is too old, or of the future")
    if len(result.error) > _WORDS_MAX or result.ok is bool(result.error):
        raise Invalid("a result has an error of at most 300 characters exactly when it is not ok")
    if result.latency_ms is not None and not 0 <= result.latency_ms <= 3_600_000:
        raise Invalid("a latency is not between 0 ms and an hour")


def signed(vantage: str, key: str, body: bytes, *, now_ms: int) -> str:
    """The header that proves who sends the body, and when."""
    nonce = secrets.token_hex(16)
    return f"v=1 vantage={vantage} time={now_ms} nonce={nonce} mac={_mac(key, vantage, now_ms, nonce, body)}"


async def send(told: Results, *, vantage: str, to: str, key: str, clock: Clock) -> None:
    """Send what one vantage point has found to the status page at `to`. Raises FetchFailed."""
    body = msgspec.json.encode(told)
    header = signed(vantage, key, body, now_ms=clock())
    request = fetching.Request(
        to.rstrip("/") + ADDRESS,
        method="POST",
        headers={"content-type": "application/json", "x-whimbrel-vantage": header},
        body=body,
        reach="anywhere",
    )
    answer = await fetching.fetch(request)
    if answer.status != 200:
        raise fetching.FetchFailed(f"the status page answered {answer.status}: {answer.text[:200]}")


def _mac(key: str, vantage: str, time_ms: int, nonce: str, body: bytes) -> str:
    told = f"v=1\n{vantage}\n{time_ms}\n{nonce}\n".encode()
    return hmac.new(key.encode(), told + body, hashlib.sha256).hexdigest()
