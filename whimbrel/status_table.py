"""Every option of the status page, in tables: of the page itself, and of its parts, promises and probes.

The page's own stand in flags, in the environment and below `[status]` in the file; what there can be many of stands
in the file only, a table each: `[status.components.ID]`, `[status.slo.ID]`, `[status.probes.ID]`. The page of the
documentation and the values that the status program takes are held to these tables by tests. Standard library only.
"""

import ipaddress
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from whimbrel.kernel import limits
from whimbrel.option_table import BY_NAME as OF_SERVER
from whimbrel.option_table import (
    Kind,
    Option,
    address_of_mail,
    choice,
    existing_file,
    host,
    networks,
    origin,
    switch,
    text,
    whole,
)

SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
PASSWORD_VARIABLE: Final = "WHIMBREL_STATUS_MAIL_PASSWORD"
"""Where the mail server's password may stand instead of a file; it is read when mail is sent, and kept nowhere."""

PARTS: Final = ("posting", "home", "notifications", "search", "streaming", "media", "signin", "web", "api")
"""The components that a page begins with (a test holds it to the catalogue)."""


def number(lowest: float, highest: float) -> Kind:
    """A number within bounds, both included."""

    def parse(raw: object, _: Path) -> float:
        if isinstance(raw, bool) or not isinstance(raw, int | float | str):
            raise ValueError
        value = float(raw)
        if not (math.isfinite(value) and lowest <= value <= highest):
            raise ValueError
        return value

    return Kind(f"a number from {lowest:g} to {highest:g}", parse)


def percent() -> Kind:
    """A promise: some, and never all, because all leaves nothing to spend. Kept as a share."""

    def parse(raw: object, _: Path) -> float:
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            raise ValueError
        if not 0 < raw < 100:
            raise ValueError
        return round(raw / 100, 9)

    return Kind("a percentage above 0 and below 100, such as 99.9", parse)


def name(*, characters_max: int) -> Kind:
    """What people call something: not empty."""
    inner = text(characters_max=characters_max)

    def parse(raw: object, directory: Path) -> str:
        value: str = inner.parse(raw, directory)
        if not value:
            raise ValueError
        return value

    return Kind(f"a text of 1 to {characters_max} characters", parse)


def slug() -> Kind:
    """The id of a component."""

    def parse(raw: object, _: Path) -> str:
        if not isinstance(raw, str) or not SLUG.fullmatch(raw):
            raise ValueError
        return raw

    return Kind("lower-case letters, digits and hyphens, at most 40", parse)


def place(*, expected: str = "a path") -> Kind:
    """A path of something that may come later."""

    def parse(raw: object, written_in: Path) -> Path:
        if not isinstance(raw, str) or not raw.strip() or "\0" in raw:
            raise ValueError
        return (written_in / Path(raw).expanduser()).resolve()

    return Kind(expected, parse)


def copy_folder() -> Kind:
    """A folder of its own: new, empty of pages, or with an earlier copy."""
    inner = place()

    def parse(raw: object, written_in: Path) -> Path:
        path: Path = inner.parse(raw, written_in)
        if path.exists() and not path.is_dir():
            raise ValueError
        if (path / "index.html").exists() and not (path / "version.json").exists():
            raise ValueError
        return path

    return Kind("a folder of its own, made if it is not there: no file, and no page that is somebody else's", parse)


def secret_file() -> Kind:
    """A file with a secret, which nobody else on the machine can read."""
    inner = existing_file()

    def parse(raw: object, written_in: Path) -> Path:
        path: Path = inner.parse(raw, written_in)
        try:
            held = path.read_text("utf-8").strip()
        except OSError as error:
            raise ValueError from error
        if path.stat().st_mode & 0o077 or not held or "\n" in held:
            raise ValueError
        return path

    return Kind("the path of a file with one line, its mode 0600", parse)


def host_name() -> Kind:
    """A name or address of a machine somewhere."""

    def parse(raw: object, _: Path) -> str:
        if not isinstance(raw, str) or not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?", raw):
            return _numbered(raw)
        return raw

    return Kind("the name or the IP address of a machine", parse)


def _numbered(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError
    return str(ipaddress.ip_address(raw.strip("[]")))


def sender() -> Kind:
    """Who mail is from: an address, or `Name <address>`."""
    inner = address_of_mail()

    def parse(raw: object, directory: Path) -> str:
        if not isinstance(raw, str) or not raw.isprintable():
            raise ValueError
        found = re.fullmatch(r"\s*(?:(?P<name>[^<>]*?)\s*<(?P<in>[^<>]+)>|(?P<bare>[^<>]+))\s*", raw)
        if found is None or not inner.parse(found["in"] or found["bare"] or "", directory):
            raise ValueError
        return raw.strip()

    return Kind("an e-mail address, or Name <address>", parse)


def address() -> Kind:
    """An http address anywhere, with any path."""

    def parse(raw: object, _: Path) -> str:
        if not isinstance(raw, str) or not re.fullmatch(r"[!-~]{1,2000}", raw):
            raise ValueError
        parts = urlsplit(raw)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0 or "@" in parts.netloc:
            raise ValueError
        return raw

    return Kind("an address that begins with http:// or https://", parse)


def origins() -> Kind:
    """Addresses of machines that may be near or far: a TOML list, or one text with commas."""
    inner = address()

    def parse(raw: object, directory: Path) -> tuple[str, ...]:
        parts = raw if isinstance(raw, list) else str(raw).split(",") if isinstance(raw, str) else None
        if parts is None or len(parts) > limits.WATCHED_NODES_MAX:
            raise ValueError
        found = [str(inner.parse(one.strip() if isinstance(one, str) else one, directory)) for one in parts]
        if any(urlsplit(one).path not in ("", "/") or urlsplit(one).query for one in found):
            raise ValueError
        return tuple(one.rstrip("/") for one in found)

    return Kind("addresses http(s)://host[:port] without a path (a list, or a text with commas)", parse)


def some(inner: Kind, *, count_max: int = 20) -> Kind:
    """A TOML list of one kind."""

    def parse(raw: object, directory: Path) -> tuple[object, ...]:
        if not isinstance(raw, list) or not 0 < len(raw) <= count_max:
            raise ValueError
        return tuple(inner.parse(one, directory) for one in raw)

    return Kind(f"a list of 1 to {count_max}, each {inner.expected}", parse)


def scalar() -> Kind:
    """What a JSON value is compared with."""

    def parse(raw: object, _: Path) -> str | int | float | bool:
        if not isinstance(raw, str | int | float | bool):
            raise ValueError
        return raw

    return Kind("a text, a number, true or false", parse)


def ip() -> Kind:
    """An address in numbers."""
    return Kind("an IP address", lambda raw, _: _numbered(raw))


PAGE: Final = (
    Option("watch", origin("http"), None, "The service that is watched. A server's own page: the server itself."),
    Option("name", name(characters_max=100), None, "What people call the service. Without it: the server's title."),
    Option(
        "nodes",
        origins(),
        (),
        "The nodes whose /metrics are read. Without them: the watched address, or the server itself.",
    ),
    Option("ca_file", existing_file(), None, "Certificates (PEM) that are trusted besides, when the service is asked."),
    Option(
        "canary",
        place(expected="a path; the file may come later"),
        None,
        "The file with names and passwords of the two accounts that try the service. Without it: canary.json.",
    ),
    Option("export", copy_folder(), None, "A folder in which a copy of the page is kept for a second origin."),
    Option(
        "webhooks",
        choice("public", "public_or_loopback", "anywhere"),
        "public",
        "Where subscribers' webhooks may lead: to public addresses, to this machine too, or into private networks too.",
    ),
    Option("mail_host", host_name(), None, "The SMTP server by which e-mail is sent. Without it: no e-mail."),
    Option("mail_port", whole(1, 65_535), 587, "Its port."),
    Option(
        "mail_tls",
        choice("starttls", "tls", "none"),
        "starttls",
        "How the way there is kept secret; none goes with a user only for a loopback host.",
    ),
    Option("mail_user", text(characters_max=200), "", "The name to sign in there with; needs a password."),
    Option(
        "mail_password_file",
        secret_file(),
        None,
        f"The file with the password. It may stand in {PASSWORD_VARIABLE} instead, nowhere else.",
    ),
    Option("mail_sender", sender(), None, "Who mail is from; needed with mail_host."),
    Option(
        "account_url", origin("http"), None, "Where the official account posts. Without it: on the watched service."
    ),
    Option(
        "account_token_file", secret_file(), None, "The file with the official account's token. Without it: no posts."
    ),
)
"""Of the page itself. What begins with `mail_` or `account_` stands below `[status.mail]` or `[status.account]`."""

ALONE: Final = (
    Option("host", host(), "127.0.0.1", "The address to listen on."),
    Option("port", whole(0, 65_535), 8001, "The port to listen on; 0 takes a free one and says which."),
    Option("url", origin("http"), None, "Where people find the page, when a proxy stands before it."),
    Option("tls_cert", existing_file(), None, "The certificate chain (PEM) to serve https with; needs tls_key."),
    Option("tls_key", existing_file(), None, "The certificate's private key (PEM); needs tls_cert."),
    Option("trusted_proxies", networks(), (), "Where a reverse proxy stands, whose word about clients is believed."),
    *(OF_SERVER[f"status_{name}"]._replace(name=name) for name in ("every_seconds", "calm_seconds")),
    OF_SERVER["log_level"],
)
"""What a page that runs by itself is told besides; a server's own page has them of the server."""

COMPONENT: Final = (
    Option("name", name(characters_max=100), None, "What it is called; needed for a part that you add."),
    Option("group", text(characters_max=100), None, "The heading above it; empty for none."),
    Option("description", text(characters_max=500), None, "What it is for."),
    Option("position", whole(0, 1_000), None, "Its place: smaller ones come first. The parts of the page have 1 to 9."),
    Option("only_show_if_degraded", switch(), None, "Whether it stands on the first page only while it is not well."),
    Option("shown", switch(), True, "Whether the page has it at all."),
)
"""`[status.components.ID]`; what is not given stays as it is."""

SLO: Final = (
    Option("availability", percent(), 0.999, "Percent of requests that are answered without a fault of ours."),
    Option("latency", percent(), 0.999, "Percent of them that are answered within latency_seconds."),
    Option("freshness", percent(), 0.999, "Percent of looks at which the views are at most freshness_seconds behind."),
    Option("latency_seconds", number(0.0005, 60), 1.0, "What is quick enough."),
    Option("freshness_seconds", number(0.1, 3_600), 10.0, "What is new enough."),
)
"""`[status.slo.ID]`, ID being a component: what is promised over 30 days."""

_PROBE: Final = (
    Option("component", slug(), None, "The component whose state it speaks for; needed."),
    Option(
        "every_seconds",
        whole(limits.PROBE_EVERY_SECONDS_MIN, limits.PROBE_EVERY_SECONDS_MAX),
        30,
        "Seconds from one run to the next.",
    ),
    Option("seconds", number(0.1, 60), limits.CONFIGURED_PROBE_SECONDS, "How long a run may take."),
)
_CA: Final = Option("ca_file", existing_file(), None, "Certificates (PEM) that are trusted besides.")

PROBES: Final[Mapping[str, tuple[Option, ...]]] = {
    "http": (
        *_PROBE,
        Option("url", address(), None, "The address that is asked; needed."),
        Option("statuses", some(whole(100, 599)), (200,), "The statuses that are well."),
        Option("contains", text(characters_max=1_000), "", "What stands somewhere in the answer."),
        Option("latency_ms_max", number(1, 60_000), None, "Milliseconds within which it answers."),
        Option(
            "json_path", text(characters_max=200), "", "Names and numbers with dots between them; needs json_equals."
        ),
        Option("json_equals", scalar(), None, "What stands there in the answer's JSON."),
        _CA,
    ),
    "tcp": (
        *_PROBE,
        Option("host", host_name(), None, "The machine; needed."),
        Option("port", whole(1, 65_535), None, "The port that takes a connection; needed."),
    ),
    "tls": (
        *_PROBE,
        Option("host", host_name(), None, "The machine; needed."),
        Option("port", whole(1, 65_535), 443, "Its port."),
        Option("days_min", whole(0, 1_000), 14, "Days for which the certificate must still be good."),
        _CA,
    ),
    "dns": (
        *_PROBE,
        Option("name", host_name(), None, "The name that is looked up; needed."),
        Option("addresses", some(ip()), (), "Addresses of which it must lead to one. Without them: to any."),
    ),
}
"""`[status.probes.ID]` with `kind` = http, tcp, tls or dns."""

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "http": ("component", "url"),
    "tcp": ("component", "host", "port"),
    "tls": ("component", "host"),
    "dns": ("component", "name"),
}
"""What a probe of each kind cannot do without."""
