"""Every option of the server, in one table: name, kind, default, meaning.

`config.py` reads values by it, `whimbrel serve --help` and docs/options.md are held to it by tests. A kind turns
what a person wrote (text in a flag or the environment, a TOML value in the file) into one typed value, or raises
ValueError; its `expected` then says what would have been right. Standard library only: `whimbrel serve` and the
supervisor start with it, and every import there is start-up time and memory.
"""

import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from whimbrel.kernel import limits

Parse = Callable[[object, Path], Any]
"""Takes the raw value and the directory that relative paths are meant from; raises ValueError."""


class Kind(NamedTuple):
    """How a value is read, and what to tell somebody whose value could not be."""

    expected: str
    parse: Parse


class Option(NamedTuple):
    """One option. `default` is the typed value; `meaning` is a sentence for docs/options.md and --help."""

    name: str
    kind: Kind
    default: Any
    meaning: str

    @property
    def flag(self) -> str:
        """How `whimbrel serve` takes it."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """How the environment gives it."""
        return "WHIMBREL_" + self.name.upper()


def _text(raw: object) -> str:
    if not isinstance(raw, str) or "\0" in raw:
        raise ValueError
    return raw


def text(*, characters_max: int) -> Kind:
    """Any text, possibly empty, up to a length."""

    def parse(raw: object, _: Path) -> str:
        value = _text(raw).strip()
        if len(value) > characters_max:
            raise ValueError
        return value

    return Kind(f"a text of at most {characters_max:,} characters", parse)


def switch() -> Kind:
    """A switch: on and true are the same, and so are off and false."""

    def parse(raw: object, _: Path) -> bool:
        if isinstance(raw, bool):
            return raw
        return {"on": True, "true": True, "off": False, "false": False}[_text(raw).lower()]

    return Kind("on or off (true or false)", parse)


def choice(*names: str) -> Kind:
    """One of a few words."""

    def parse(raw: object, _: Path) -> str:
        return names[names.index(_text(raw).lower())]

    return Kind("one of " + ", ".join(names), parse)


def whole(lowest: int, highest: int) -> Kind:
    """A whole number within bounds, both included."""

    def parse(raw: object, _: Path) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int | str):
            raise ValueError
        value = raw if isinstance(raw, int) else _ascii_number(raw)
        if not lowest <= value <= highest:
            raise ValueError
        return value

    return Kind(f"a whole number from {lowest} to {highest}", parse)


def _ascii_number(raw: str) -> int:
    if not (raw.isascii() and raw.isdigit() and len(raw) < 19):
        raise ValueError
    return int(raw)


def existing_file() -> Kind:
    """A file that is there; a relative path is meant from where it was written."""

    def parse(raw: object, written_in: Path) -> Path:
        path = (written_in / Path(_text(raw)).expanduser()).resolve()
        if not path.is_file():
            raise ValueError
        return path

    return Kind("the path of an existing file", parse)


def networks() -> Kind:
    """Networks in CIDR form: a TOML list, or one text with commas."""

    def parse(raw: object, _: Path) -> tuple[str, ...]:
        parts = raw if isinstance(raw, list) else [part for part in _text(raw).split(",") if part.strip()]
        return tuple(str(ipaddress.ip_network(_text(part).strip())) for part in parts)

    return Kind("networks such as 127.0.0.1/32, 10.0.0.0/8 (a list, or a text with commas)", parse)


def host() -> Kind:
    """An address of this machine to listen on, or localhost."""

    def parse(raw: object, _: Path) -> str:
        value = _text(raw).strip("[]")
        return value if value == "localhost" else str(ipaddress.ip_address(value))

    return Kind("an IP address to listen on, or localhost", parse)


def origin(scheme: str) -> Kind:
    """An address that people or apps use: its scheme is http or ws, and plain it reaches no further than loopback."""

    def parse(raw: object, _: Path) -> str:
        parts = urlsplit(_text(raw).strip())
        bare = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username or parts.password)
        secure = parts.scheme == scheme + "s" or (parts.scheme == scheme and is_loopback(parts.hostname or ""))
        if not (bare and secure and parts.hostname and parts.port != 0 and parts.netloc.isascii()):
            raise ValueError
        return f"{parts.scheme}://{parts.netloc.lower()}"

    return Kind(f"{scheme}s://host[:port] without a path (plain {scheme} only for a loopback host)", parse)


def is_loopback(host_name: str) -> bool:
    """Whether `host_name` cannot be reached from another machine."""
    if host_name == "localhost" or host_name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host_name).is_loopback
    except ValueError:
        return False


def address_of_mail() -> Kind:
    """An e-mail address, or nothing."""

    def parse(raw: object, _: Path) -> str:
        value = _text(raw).strip()
        local, at, domain = value.rpartition("@")
        if value and not (at and local and domain and not any(map(str.isspace, value))):
            raise ValueError
        return value

    return Kind("an e-mail address", parse)


OPTIONS: Final = (
    Option("host", host(), "127.0.0.1", "The address to listen on."),
    Option("port", whole(0, 65_535), 8000, "The port to listen on; 0 takes a free one and says which."),
    Option(
        "streaming_port",
        whole(0, 65_535),
        0,
        "The port on which streams are served directly, beside the main one; 0 takes a free one.",
    ),
    Option("status", switch(), True, "Whether the server has a status page, in a process of its own."),
    Option(
        "status_port",
        whole(0, 65_535),
        None,
        "The port of the status page; 0 takes a free one. Without it: the one after the main port, if it is free.",
    ),
    Option(
        "status_url",
        origin("http"),
        None,
        "Where people find the status page. Without it: its own port, or nowhere when public_url is given.",
    ),
    Option(
        "status_every_seconds",
        whole(2, 30),
        10,
        "How often the status page tries by itself what people do, in seconds.",
    ),
    Option(
        "status_calm_seconds",
        whole(10, 3_600),
        600,
        "How long all must have been well before the status page calls trouble over; after a major outage half as "
        "long again.",
    ),
    Option("api_processes", whole(1, 64), 1, "How many processes answer HTTP."),
    Option(
        "public_url",
        origin("http"),
        None,
        "The address that people type; ids of accounts and posts are made of it. Without it: host and port.",
    ),
    Option(
        "streaming_url",
        origin("ws"),
        None,
        "Where apps are told to open streams. Without it: the main address, or on loopback the streaming port.",
    ),
    Option("tls_cert", existing_file(), None, "The certificate chain (PEM) to serve https with; needs tls_key."),
    Option("tls_key", existing_file(), None, "The certificate's private key (PEM); needs tls_cert."),
    Option(
        "trusted_proxies",
        networks(),
        (),
        "Where a reverse proxy stands: X-Forwarded-For and X-Forwarded-Proto count only when they come from there.",
    ),
    Option("rate_limits", switch(), True, "Whether requests are limited by account and address, as Mastodon does."),
    Option(
        "registrations",
        choice("open", "approval", "closed"),
        "closed",
        "Who may sign up: everybody, those a moderator lets in, or nobody.",
    ),
    Option("confirm_email", switch(), True, "Whether a new account must be confirmed before it can be used."),
    Option("password_grant", switch(), False, "Whether an app may send a person's password itself (OAuth password)."),
    Option("title", text(characters_max=100), "Whimbrel", "What the server is called."),
    Option("description", text(characters_max=1_000), "", "What the server is for, shown on its front page."),
    Option("contact_email", address_of_mail(), "", "Where people reach the one who runs the server."),
    Option(
        "post_characters_max",
        whole(1, limits.POST_CHARACTERS_OPTION_MAX),
        limits.POST_CHARACTERS_DEFAULT,
        "How long a post may be.",
    ),
    Option(
        "snapshot_minutes",
        whole(0, 10_080),
        60,
        "Minutes between snapshots of the store, of which the two newest are kept; 0 makes none by itself.",
    ),
    Option(
        "journal_days",
        whole(0, 3_650),
        7,
        "Days for which the journal is kept behind the newest snapshot; 0 trims it right behind.",
    ),
    Option("log_level", choice("debug", "info", "warning", "error"), "info", "The least that is worth a line of log."),
)
"""In the order of docs/options.md. `data` and `config` say where to look and are therefore no options of the file."""

BY_NAME: Final = {option.name: option for option in OPTIONS}
