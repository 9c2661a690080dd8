"""The rows of write-ups: versions in, versions out."""

from collections.abc import Iterable, Iterator

import msgspec

from whimbrel.kernel.contracts import Reading, Row, Writing
from whimbrel.kernel.limits import HISTORY_PAGE_MAX, WRITEUP_VERSIONS_SHOWN_MAX
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.statuspage.writeup")


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """What people write and edit: one line each for title and description, Markdown for the body."""

    title: str
    description: str
    body: str


class Version(Text, frozen=True, kw_only=True):
    """One version of a write-up; `version` counts from 1. `published_ms` is None for what only operators see."""

    incident: str
    version: int
    made_ms: int
    actor: str
    published_ms: int | None = None


def add(rows: Writing, version: Version) -> None:
    """Keep one more version."""
    told = msgspec.structs.asdict(version)
    rows.run(_SQL.add, {name: value for name, value in told.items() if name != "published_ms"})


def newest(rows: Reading, incident: str) -> Version | None:
    """The newest version; None when nobody has begun one."""
    return next(_versions(rows.all(_SQL.newest, {"incident": incident})), None)


def published(rows: Reading, incident: str) -> Version | None:
    """The newest version that readers may see; None when there is none."""
    return next(_versions(rows.all(_SQL.published, {"incident": incident})), None)


def versions(rows: Reading, incident: str) -> list[Version]:
    """Every version, newest first; the first WRITEUP_VERSIONS_SHOWN_MAX of them."""
    bounds = {"incident": incident, "limit": WRITEUP_VERSIONS_SHOWN_MAX}
    return list(_versions(rows.all(_SQL.versions, bounds)))


def first_published_ms(rows: Reading, incident: str) -> int | None:
    """When readers could see the first version; None when they cannot see any."""
    row = rows.one(_SQL.first_published, {"incident": incident})
    return None if row is None else row[0]


def publish(rows: Writing, version: Version, *, published_ms: int, html: str, picture: bytes) -> None:
    """Let readers see a version."""
    place = {"incident": version.incident, "version": version.version}
    rows.run(_SQL.publish, place | {"published_ms": published_ms, "html": html, "picture": picture})


def html(rows: Reading, version: Version) -> str:
    """What a published version is on the page; empty for one that is not published."""
    row = rows.one(_SQL.html, {"incident": version.incident, "version": version.version})
    return "" if row is None else str(row[0])


def picture(rows: Reading, incident: str) -> bytes | None:
    """The published picture, PNG; None when there is none."""
    row = rows.one(_SQL.picture, {"incident": incident})
    return None if row is None else bytes(row[0])


def turns(rows: Reading, component: str, from_ms: int, until_ms: int) -> Iterator[tuple[int, bytes]]:
    """When a component's verdict changed, with the record of it as JSON; the first HISTORY_PAGE_MAX."""
    bounds = {"component": component, "from_ms": from_ms, "until_ms": until_ms, "limit": HISTORY_PAGE_MAX}
    yield from rows.all(_SQL.turns, bounds)


def _versions(found: Iterable[Row]) -> Iterator[Version]:
    names = ("incident", "version", "made_ms", "actor", "title", "description", "body", "published_ms")
    for row in found:
        yield msgspec.convert(dict(zip(names, row, strict=True)), Version)
