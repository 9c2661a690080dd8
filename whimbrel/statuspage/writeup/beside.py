"""Write-ups for a process beside the program, such as a command: the same book, read while the program runs or not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.errors import NotFound
from whimbrel.kernel.sql import schema
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.defaults import own_service
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.v2.shapes import Postmortem
from whimbrel.statuspage.writeup import rows
from whimbrel.statuspage.writeup.front import Writeups
from whimbrel.statuspage.writeup.sources import reports_about, requests_of, told_by_the_server

_FILE: Final = "status.sqlite"
_ROOMS: Final = ("catalogue", "board", "incidents", "reports", "watching", "writeup")


@asynccontextmanager
async def opened(folder: Path, clock: Clock, *, site: str, url: str) -> AsyncIterator[Writeups]:
    """The write-ups of the book in `folder`, for as long as the block runs. Raises NotFound where there is none.

    The site is called as its own catalogue calls it; `site` is for a book in which it has no name.
    """
    if not (folder / _FILE).exists():
        raise NotFound(f'data: "{folder}" holds no status page')
    book = Book(folder / _FILE, [schema(f"whimbrel.statuspage.{room}") for room in _ROOMS])
    try:
        catalogue = Catalogue(book=book, clock=clock)
        await catalogue.reread()
        name = next((one.name for one in catalogue.services.values() if one.own), site)
        yield writeups_of(book, catalogue, clock, site=name, url=url)
    finally:
        book.close()


def postmortem_of(look: Reading, incident: str) -> Postmortem | None:
    """The published write-up of an incident, as what is shown has it."""
    found = rows.published(look, incident)
    if found is None or found.published_ms is None:
        return None
    return Postmortem(found.body, rows.first_published_ms(look, incident) or found.published_ms, found.published_ms)


def writeups_of(book: Book, catalogue: Catalogue, clock: Clock, *, site: str, url: str) -> Writeups:
    """The room over a book and a catalogue that are open already."""
    return Writeups(
        book=book,
        clock=clock,
        names=catalogue.names,
        site=site,
        url=url,
        reports=reports_about(own_service(site, url).id),
        requests=requests_of,
        server=told_by_the_server,
    )
