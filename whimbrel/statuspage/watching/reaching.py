"""Opening a connection to an address that may be anything: looked up, checked, connected, with TLS where it says so.

Promises: an address that a stranger gave (`reach="public"`) never leads into the machine or its network: every address
that the name stands for is checked, and the checked one is the one that is connected to, so that a name which changes
its mind between the two (DNS rebinding) gains nothing. Deadlines are the caller's, by cancellation.
"""

import asyncio
import re
import socket
import ssl
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, Literal, NamedTuple
from urllib.parse import quote, urlsplit

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import FETCH_HEAD_BYTES_MAX, FETCH_URL_CHARACTERS_MAX

Reach = Literal["public", "public_or_loopback", "anywhere"]
"""Where an address may lead: `public` for what strangers give, `anywhere` for what the operator has configured."""

_NOT_PLAIN: Final = re.compile(r"[\x00-\x20\x7f]")
_INSIDE_V6: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
"""Addresses that stand for an IPv4 address which they hide: a way around the check, and no way to a public service."""


class FetchFailed(WhimbrelError):
    """There is no answer, or it is not one that can be used; the text says how far it came, and is fit for people."""

    code = "fetch_failed"
    status = 502


class Unanswered(FetchFailed):
    """Nobody answered at all: no connection, or silence until the deadline. Whatever else is asked there would fail."""

    code = "unanswered"


class Place(NamedTuple):
    """A URL taken apart. `target` is what the request line says: path and query, in ASCII."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and authority."""
        return f"{self.scheme}://{self.authority}"


def place_of(url: str) -> Place:
    """Take a URL apart. Raises FetchFailed when it is not a plain http or https address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise FetchFailed("the address is malformed", log=f"malformed: {url[:200]!r}") from None
    plain = len(url) <= FETCH_URL_CHARACTERS_MAX and not _NOT_PLAIN.search(url)
    if not plain or parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or port == 0:
        raise FetchFailed("the address is not a plain http or https address", log=f"refused: {url[:200]!r}")
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
        f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
    )
    return Place(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), target)


async def addresses_of(host: str, port: int) -> list[str]:
    """Every address that a name stands for, in the resolver's order. Raises FetchFailed."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchFailed(f"the name {host[:100]} is not known", log=f"{host!r}: {error}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def connect(
    host: str, port: int, *, reach: Reach = "public", tls: ssl.SSLContext | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first address that takes it. Raises FetchFailed; the caller sets the deadline."""
    addresses = await addresses_of(host, port)
    for address in addresses:
        if not is_allowed(address, reach):
            raise FetchFailed("the address leads into a private network", log=f"refused: {host!r} is {address}")
    failed: Exception = OSError("no address")
    for address in addresses:
        try:
            return await asyncio.open_connection(
                address, port, limit=FETCH_HEAD_BYTES_MAX, ssl=tls, server_hostname=host if tls else None
            )
        except ssl.SSLError as error:
            raise FetchFailed(f"TLS failed: {_words(error)}", log=f"{host}: {error}") from error
        except OSError as error:
            failed = error
    raise Unanswered("the connection was refused or broken off", log=f"{host}:{port}: {failed}") from failed


def is_allowed(address: str, reach: Reach) -> bool:
    """Whether an address (of the resolver's, with or without a zone) may be connected to."""
    if reach == "anywhere":
        return True
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if any(found in network for network in _INSIDE_V6):
            return False
        found = found.ipv4_mapped or found
    if found.is_loopback:
        return reach == "public_or_loopback"
    return _is_public(found)


@cache
def trusting(ca_file: str = "") -> ssl.SSLContext:
    """TLS that checks certificates: against the system's authorities, or those of a file. Raises FetchFailed."""
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise FetchFailed(f"the authorities in {ca_file} cannot be read", log=str(error)) from error


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _words(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is refused, {error.verify_message}"
    return (error.reason or "the other side does not speak it").replace("_", " ").lower()
