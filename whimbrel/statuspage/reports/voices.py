"""Who reports, without knowing who: salted hashes of a person, a network and a wording; and what an account's age says.

**One voice per person, service and hour.** A person is a signed-in account, else an address (an IPv6 client's /64,
which is what a household is given) with the family of its browser. Only the hash is kept, its salt for a day (`salt`).
The service is part of what is hashed: nobody can tell from two rows that one person reported about two services.

Pure. What it cannot do: tell a whole office behind one address apart. They are as many voices as they have kinds of
browsers; an outage that matters has more than one office.
"""

import re
import unicodedata
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, NamedTuple

FAMILIES: Final = (
    ("edg", "edge"),
    ("opr/", "opera"),
    ("samsungbrowser", "samsung"),
    ("firefox", "firefox"),
    ("fxios", "firefox"),
    ("chrome", "chrome"),
    ("crios", "chrome"),
    ("safari", "safari"),
    ("curl", "curl"),
)
"""Substrings of a User-Agent header, in the order in which they are looked for, and the family they mean."""

WHOLE_WEIGHT: Final = 4
"""Weights are in quarters of a voice, so that they add up exactly."""
_DAY: Final = 1
_WEEK: Final = 7
_MONTH: Final = 30
_POSTS_OF_A_REGULAR: Final = 10
_WORDING_TOKENS: Final = 3
_TOKEN: Final = re.compile(r"\w{3,}")


class Account(NamedTuple):
    """What is known of a signed-in person while their report is taken: never stored but as hash and weight."""

    id: str
    age_days: float
    posts: int


class Person(NamedTuple):
    """Who reports: what is hashed for the voice, and the network."""

    name: str
    network: str
    account: Account | None = None


def person(address: str, agent: str, account: Account | None = None) -> Person:
    """The person behind a request."""
    household, network = prefixes(address)
    name = f"account {account.id}" if account is not None else f"{household} {family(agent)}"
    return Person(name, network, account)


def prefixes(address: str) -> tuple[str, str]:
    """The household (IPv4 address, IPv6 /64) and the network (/24, /48) of an address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address, address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    household, network = (64, 48) if isinstance(parsed, IPv6Address) else (32, 24)
    return (
        str(ip_network((parsed, household), strict=False).network_address),
        str(ip_network((parsed, network), strict=False).network_address),
    )


def family(agent: str) -> str:
    """The browser's family: versions change within a day, people do not."""
    agent = agent[:500].casefold()
    found = next((name for part, name in FAMILIES if part in agent), "other")
    return f"{found} mobile" if "mobi" in agent else found


def voice(salt: bytes, service: str, name: str) -> int:
    """Eight bytes, as a signed integer."""
    return int.from_bytes(_hashed(salt, f"voice {service} {name}", 8), "big", signed=True)


def network(salt: bytes, name: str) -> int:
    """Four bytes: enough to see that many come from one network."""
    return int.from_bytes(_hashed(salt, f"network {name}", 4), "big")


def wording(salt: bytes, words: str) -> int:
    """The same number for the same words in whatever order, case and punctuation; mostly also with one word changed.

    The three smallest hashes of its tokens stand for a text. 0 for no words.
    """
    tokens = sorted(
        {_hashed(salt, token, 4) for token in _TOKEN.findall(unicodedata.normalize("NFKC", words).casefold())}
    )
    return int.from_bytes(blake2b(b"".join(tokens[:_WORDING_TOKENS]), digest_size=4).digest(), "big") if tokens else 0


def weight(account: Account | None) -> int:
    """What a voice counts, in quarters: 4 for people without an account, less for accounts made for the occasion."""
    if account is None:
        return WHOLE_WEIGHT
    if account.age_days < _DAY:
        return WHOLE_WEIGHT // 4
    if account.age_days < _WEEK:
        return WHOLE_WEIGHT // 2
    is_regular = account.age_days >= _MONTH and account.posts >= _POSTS_OF_A_REGULAR
    return WHOLE_WEIGHT + WHOLE_WEIGHT // 2 if is_regular else WHOLE_WEIGHT


def age(account: Account | None) -> str:
    """How old the identity is: `new` or `known`; empty for people without one."""
    if account is None:
        return ""
    return "new" if account.age_days < _WEEK else "known"


def _hashed(salt: bytes, text: str, length: int) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), key=salt, digest_size=length).digest()
