"""The front of the room: begin, edit, preview and publish the write-up of an incident; read it.

Promises: every version stays, under the name of who wrote it; an edit that was made on top of somebody else's is
refused and not lost; what readers see is what was published, until somebody publishes again. Publishing says so on the
incident, which becomes `postmortem`: feeds, webhooks and letters take it from there as they take any update.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.errors import Conflict, Invalid, NotFound
from whimbrel.kernel.limits import (
    WRITEUP_BODY_CHARACTERS_MAX,
    WRITEUP_DESCRIPTION_CHARACTERS_MAX,
    WRITEUP_TITLE_CHARACTERS_MAX,
)
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.incidents import rows as incident_rows
from whimbrel.statuspage.incidents.changes import with_update
from whimbrel.statuspage.values import Incident, Update
from whimbrel.statuspage.writeup import rows
from whimbrel.statuspage.writeup.body import first_draft, picture_in_words
from whimbrel.statuspage.writeup.facts import Facts, Proof
from whimbrel.statuspage.writeup.gathering import Place, ReportsOf, RequestsOf, ServerOf, gather
from whimbrel.statuspage.writeup.order import Order, printed
from whimbrel.statuspage.writeup.rows import Text, Version

PUBLISHED: Final = "writeup published"
"""The history's word for it."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What readers see: the published version, its HTML, and when the first was published."""

    version: Version
    html: str
    first_ms: int
    described: str
    """The picture in words."""
    incident: Incident


class Writeups:
    """Write-ups of one page. `names`: what components are called now; `reports`, `requests`, `server`: who counts."""

    def __init__(
        self,
        *,
        book: Book,
        clock: Clock,
        names: Callable[[], Mapping[str, str]],
        site: str,
        url: str,
        reports: ReportsOf | None = None,
        requests: RequestsOf | None = None,
        server: ServerOf | None = None,
    ) -> None:
        self._book, self._clock, self._names = book, clock, names
        self._site, self._url = site, url
        self._reports, self._requests, self._server = reports, requests, server

    async def facts(self, incident: str, proof: Proof | None = None) -> Facts:
        """What the book knows of an incident now. Raises NotFound."""
        return await self._book.read(lambda look: self._facts(look, incident, proof))

    async def draft(self, incident: str, *, actor: str, proof: Proof | None = None) -> Version:
        """The newest version; where there is none, one that the facts give is kept first. Raises NotFound."""
        now_ms = self._clock()

        def work(pen: Writing) -> Version:
            found = rows.newest(pen, incident)
            return found or _kept(pen, incident, first_draft(self._facts(pen, incident, proof)), actor, now_ms)

        newest = await self._newest(incident)
        return newest if newest is not None else await self._book.write(work)

    async def edit(self, incident: str, text: Text, *, over: int, actor: str) -> Version:
        """Keep another version, written over version `over`. Raises NotFound, Invalid, and Conflict when that is not
        the newest any more."""
        _check(text)
        now_ms = self._clock()

        def work(pen: Writing) -> Version:
            newest = rows.newest(pen, incident)
            if newest is None:
                raise NotFound(f'there is no write-up of "{incident}" yet')
            if newest.version != over:
                raise Conflict(
                    f"{newest.actor} has written version {newest.version} meanwhile; yours is on top of {over}"
                )
            return _kept(pen, incident, text, actor, now_ms)

        return await self._book.write(work)

    async def preview(self, body: str) -> str:
        """A body as readers would see it, as HTML that is safe to show. Raises Invalid or Unavailable."""
        _check_length("body", body, WRITEUP_BODY_CHARACTERS_MAX)
        return (await printed(Order(body=body))).html

    async def publish(self, incident: str, *, version: int, actor: str) -> Version:
        """Show a version to readers and say so on the incident, which must be over.

        Raises NotFound, Conflict when the version is not the newest, Invalid, Unavailable.
        """
        facts = await self.facts(incident)
        if facts.incident.resolved_ms is None:
            raise Invalid("incident: it is not over; a write-up is published when it is")
        newest = await self._book.read(lambda look: _expected(look, incident, version))
        if newest.published_ms is not None:
            raise Conflict(f"version {version} is published already; everybody has heard of it")
        made = await printed(Order(body=newest.body, title=newest.title, facts=facts))
        now_ms = self._clock()

        def work(pen: Writing) -> Version:
            shown = replace(_expected(pen, incident, version), published_ms=now_ms)
            is_first = rows.first_published_ms(pen, incident) is None
            rows.publish(pen, shown, published_ms=now_ms, html=made.html, picture=made.picture)
            self._announce(pen, shown, actor, is_first=is_first)
            return shown

        return await self._book.write(work)

    async def shown(self, incident: str) -> Shown:
        """What readers see. Raises NotFound while nothing is published."""
        return await self._book.read(lambda look: self._shown(look, incident))

    async def picture(self, incident: str) -> bytes:
        """The published picture, PNG. Raises NotFound while nothing is published."""
        found = await self._book.read(lambda look: rows.picture(look, incident))
        if found is None:
            raise NotFound(f'no write-up of "{incident}" is published')
        return found

    async def versions(self, incident: str) -> list[Version]:
        """Every version, newest first."""
        return await self._book.read(lambda look: rows.versions(look, incident))

    def address(self, incident: str) -> str:
        """Where readers find it."""
        return f"{self._url}/incidents/{incident}/writeup"

    async def _newest(self, incident: str) -> Version | None:
        return await self._book.read(lambda look: rows.newest(look, incident))

    def _facts(self, look: Reading, incident: str, proof: Proof | None = None) -> Facts:
        place = Place(self._site, self._url, self._names(), self._reports, self._requests, self._server)
        return gather(look, incident, place, at_ms=self._clock(), proof=proof)

    def _shown(self, look: Reading, incident: str) -> Shown:
        version = rows.published(look, incident)
        if version is None or version.published_ms is None:
            raise NotFound(f'no write-up of "{incident}" is published')
        facts = self._facts(look, incident)
        return Shown(
            version=version,
            html=rows.html(look, version),
            first_ms=rows.first_published_ms(look, incident) or version.published_ms,
            described=picture_in_words(facts),
            incident=facts.incident,
        )

    def _announce(self, pen: Writing, shown: Version, actor: str, *, is_first: bool) -> None:
        """One update on the incident and one record in the history, in the transaction that publishes."""
        before, now_ms = incident_rows.incident(pen, shown.incident), shown.published_ms or self._clock()
        what = "The write-up is published" if is_first else "The write-up has been changed"
        update = Update(
            id=f"{before.id}-{len(before.updates) + 1}",
            incident=before.id,
            status="postmortem",
            body=f"{what}: {shown.title} {self.address(before.id)}",
            actor=actor,
            created_ms=now_ms,
            displayed_ms=now_ms,
            components=dict(before.components),
            template="writeup_published" if is_first else "writeup_changed",
            figures={"title": shown.title},
        )
        incident_rows.put_incident(pen, with_update(replace(before, status="postmortem"), update))
        history.add(pen, PUBLISHED, shown.incident, shown, actor=actor, now_ms=now_ms)


def _kept(pen: Writing, incident: str, text: Text, actor: str, now_ms: int) -> Version:
    newest = rows.newest(pen, incident)
    version = Version(
        title=text.title,
        description=text.description,
        body=text.body,
        incident=incident,
        version=1 if newest is None else newest.version + 1,
        made_ms=now_ms,
        actor=actor,
    )
    rows.add(pen, version)
    history.add(pen, "writeup written", incident, version, actor=actor, now_ms=now_ms)
    return version


def _expected(look: Reading, incident: str, version: int) -> Version:
    newest = rows.newest(look, incident)
    if newest is None:
        raise NotFound(f'there is no write-up of "{incident}" yet')
    if newest.version != version:
        raise Conflict(f"{newest.actor} has written version {newest.version} meanwhile; read it before you publish")
    return newest


def _check(text: Text) -> None:
    _check_length("title", text.title, WRITEUP_TITLE_CHARACTERS_MAX)
    _check_length("description", text.description, WRITEUP_DESCRIPTION_CHARACTERS_MAX)
    _check_length("body", text.body, WRITEUP_BODY_CHARACTERS_MAX)


def _check_length(name: str, text: str, length_max: int) -> None:
    if not 0 < len(text.strip()) <= length_max:
        raise Invalid(f"{name}: expected 1 to {length_max} characters, got {len(text.strip())}")
