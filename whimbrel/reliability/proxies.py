"""The client's network address, believed from `X-Forwarded-For` only when a trusted proxy says it."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

_V6_PREFIX = 64


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks (`10.0.0.0/8`) as written in the configuration. Raises ValueError."""
    return tuple(ip_network(text, strict=False) for text in texts)


def client_address(peer: str, forwarded_for: bytes | None, trusted: tuple[Network, ...]) -> str:
    """The address that limits go by: the last one in the chain that no trusted proxy vouches for.

    An IPv6 client counts by its /64, which is what one household is given.
    """
    address = peer
    if trusted and forwarded_for:
        chain = [part.strip() for part in forwarded_for.decode("latin-1").split(",")]
        while chain and _is_trusted(address, trusted):
            address = chain.pop()
    return _household(address) if ":" in address else address


def _is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in trusted)


def _household(address: str) -> str:
    try:
        return str(ip_network(f"{address.partition('%')[0]}/{_V6_PREFIX}", strict=False).network_address)
    except ValueError:
        return address
