"""Probes that anybody can configure: an HTTP address, a TCP port, a certificate's days, a name in DNS.

Promises: a run always ends, within its probe's `seconds`, with one result; whatever the other side does, its words are
fit for a page. Configured by the operator, so addresses may lead anywhere. Pure but for the asking itself.
"""

import asyncio
import ssl
import time
from typing import Any, Final

import msgspec

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.limits import CONFIGURED_PROBE_SECONDS, FETCH_BODY_BYTES_MAX
from whimbrel.statuspage.values import ProbeResult
from whimbrel.statuspage.watching.fetching import FetchFailed, Request, fetch
from whimbrel.statuspage.watching.reaching import addresses_of, connect, trusting

_DAY_SECONDS: Final = 86_400
_REDIRECTS_MAX: Final = 3


class _Probe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every probe says: `id` is its slug and its name in results, `component` whose state it speaks for."""

    id: str
    component: str
    every_seconds: int = 30
    seconds: float = CONFIGURED_PROBE_SECONDS


class HttpProbe(_Probe, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="http", tag_field="kind"):
    """An address answers with one of `statuses`; with `contains` in its text; within `latency_ms_max`; and with
    `json_equals` at `json_path` (names and numbers with dots between them).
    """

    url: str
    statuses: tuple[int, ...] = (200,)
    contains: str = ""
    latency_ms_max: float | None = None
    json_path: str = ""
    json_equals: str | int | float | bool | None = None
    ca_file: str = ""


class TcpProbe(_Probe, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tcp", tag_field="kind"):
    """A port takes a connection."""

    host: str
    port: int


class TlsProbe(_Probe, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tls", tag_field="kind"):
    """A certificate is good, and is so for `days_min` days more."""

    host: str
    port: int = 443
    days_min: int = 14
    ca_file: str = ""


class DnsProbe(_Probe, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="dns", tag_field="kind"):
    """A name resolves; to one of `addresses` if any are given."""

    name: str
    addresses: tuple[str, ...] = ()


Probe = HttpProbe | TcpProbe | TlsProbe | DnsProbe


async def run_probe(probe: Probe, *, clock: Clock, vantage: str) -> ProbeResult:
    """Run it once. Never raises but for cancellation."""
    began = time.monotonic()
    error = ""
    try:
        async with asyncio.timeout(probe.seconds):
            await _ask(probe, clock)
    except FetchFailed as failed:
        error = failed.public
    except TimeoutError:
        error = f"timed out after {probe.seconds:g} s"
    return ProbeResult(
        component=probe.component,
        probe=probe.id,
        vantage=vantage,
        at_ms=clock(),
        ok=not error,
        latency_ms=None if error else round((time.monotonic() - began) * 1_000, 1),
        error=error,
    )


async def _ask(probe: Probe, clock: Clock) -> None:
    match probe:
        case HttpProbe():
            await _ask_http(probe)
        case TcpProbe():
            _, writer = await connect(probe.host, probe.port, reach="anywhere")
            writer.transport.abort()
        case TlsProbe():
            await _ask_tls(probe, clock)
        case DnsProbe():
            await _ask_dns(probe)


async def _ask_http(probe: HttpProbe) -> None:
    answer = await fetch(
        Request(
            probe.url,
            total_seconds=probe.seconds,
            connect_seconds=probe.seconds,
            body_bytes_max=FETCH_BODY_BYTES_MAX,
            redirects_max=_REDIRECTS_MAX,
            reach="anywhere",
            ca_file=probe.ca_file,
        )
    )
    answer.expect(*probe.statuses)
    if probe.latency_ms_max is not None and answer.seconds * 1_000 > probe.latency_ms_max:
        raise FetchFailed(f"answered after {answer.seconds * 1_000:.0f} ms; at most {probe.latency_ms_max:g} are well")
    if probe.contains not in answer.text:
        raise FetchFailed("the answer does not contain what it should")
    if probe.json_path:
        found = value_at(answer.json(), probe.json_path)
        if type(found) is not type(probe.json_equals) or found != probe.json_equals:
            raise FetchFailed(f"{probe.json_path} is {_shown(found)}, not {_shown(probe.json_equals)}")


async def _ask_tls(probe: TlsProbe, clock: Clock) -> None:
    _, writer = await connect(probe.host, probe.port, reach="anywhere", tls=trusting(probe.ca_file))
    try:
        certificate: dict[str, Any] = writer.get_extra_info("peercert") or {}
    finally:
        writer.transport.abort()
    left_days = (ssl.cert_time_to_seconds(certificate["notAfter"]) - clock() / 1_000) / _DAY_SECONDS
    if left_days < probe.days_min:
        raise FetchFailed(f"the certificate ends in {left_days:.0f} days; at least {probe.days_min} are well")


async def _ask_dns(probe: DnsProbe) -> None:
    found = await addresses_of(probe.name, 0)
    if probe.addresses and not set(probe.addresses) & set(found):
        raise FetchFailed(f"the name leads to {', '.join(found[:4])}, not where it should")


def value_at(value: Any, path: str) -> Any:
    """What stands at `a.b.0.c` in a JSON value. Raises FetchFailed when nothing does."""
    for name in path.split("."):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            raise FetchFailed(f"the answer has no {path}")
    return value


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()[:60]
