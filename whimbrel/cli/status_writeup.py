"""`whimbrel status writeup`: the story of an incident as a file for the site of whoever tells it, with its picture."""

import re
from pathlib import Path

from whimbrel.cli.codes import Usage
from whimbrel.cli.output import note, say
from whimbrel.cli.product import configuration
from whimbrel.cli.status import FolderFlag, folder_of
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.errors import Invalid
from whimbrel.statuspage.writeup.beside import opened
from whimbrel.statuspage.writeup.body import first_draft
from whimbrel.statuspage.writeup.documents import Document, document, picture_address
from whimbrel.statuspage.writeup.escaping import Generator
from whimbrel.statuspage.writeup.facts import Facts, Proof
from whimbrel.statuspage.writeup.front import Writeups
from whimbrel.statuspage.writeup.frontmatter import DateAs
from whimbrel.statuspage.writeup.gathering import proof_of
from whimbrel.statuspage.writeup.picture import drawn
from whimbrel.statuspage.writeup.rows import Version

_DATED = ("jekyll", "cstate")


async def writeup(
    incident: str,
    /,
    *,
    format: Generator,
    out: str,
    date: DateAs | None = None,
    image: str | None = None,
    verified: Path | None = None,
    url: str | None = None,
    data: FolderFlag = None,
) -> None:
    """Write an incident up for a site generator: the published text, else the draft, else what the book alone knows.

    Args:
        incident: the id of the incident
        format: jigsaw, hugo, jekyll, hexo or cstate
        out: the file, or a folder (FOLDER/ is made) in which it is named as the generator wants; the picture beside it
        date: int or float: how Jigsaw's date is written; int
        image: the picture's address on the site, if it is not where such sites keep them
        verified: what `whimbrel verify --json` has printed, which alone proves that no post was lost
        url: where people find the status page, if it is not as configured
    """
    if date is not None and format != "jigsaw":
        raise Usage("date: only Jigsaw has dates in two kinds; the others have one of their own")
    proof = _proof(verified)
    config = configuration(None).config
    page = (url or config.status_url_told() or "").rstrip("/")
    async with opened(folder_of(data), wall_clock_ms, site=config.title, url=page) as writeups:
        facts = await writeups.facts(incident, proof)
        version = await _version(writeups, facts, proof)
    made = document(facts, version, format, date_as=date or "int")
    file = _file(out, made.name)
    address = image or picture_address(format, file.name)
    made = document(facts, version, format, image=address, date_as=date or "int")
    _write(file, made, drawn(facts, version.title))
    if format in _DATED and not re.match(r"\d{4}-\d{2}-\d{2}-", file.name):
        note(f"writeup: {format} wants this file to be called {made.name}")
    say(f"{file} (for {made.folder}) with {file.with_suffix('.png').name} (for {address})")


def _proof(verified: Path | None) -> Proof | None:
    if verified is None:
        return None
    try:
        return proof_of(verified.read_bytes(), int(verified.stat().st_mtime * 1_000))
    except OSError as error:
        raise Invalid(f"--verified: {verified}: {error.strerror}") from error


async def _version(writeups: Writeups, facts: Facts, proof: Proof | None) -> Version:
    """What is written already, the published before the newest; else a draft that nobody keeps."""
    written = await writeups.versions(facts.incident.id)
    if written and proof is not None:
        raise Usage(f"verified: the text is written already (version {written[0].version}); say it there")
    chosen = next((one for one in written if one.published_ms is not None), written[0] if written else None)
    if chosen is not None:
        state = "published" if chosen.published_ms is not None else "not published yet"
        note(f"writeup: version {chosen.version} by {chosen.actor}, {state}")
        return chosen
    note("writeup: nobody has written one; this is what the book knows")
    draft = first_draft(facts)
    return Version(
        title=draft.title,
        description=draft.description,
        body=draft.body,
        incident=facts.incident.id,
        version=1,
        made_ms=facts.at_ms,
        actor="",
    )


def _file(told: str, name: str) -> Path:
    """The file itself; in a folder, which is made if what was told says it is one, called as the generator wants."""
    out = Path(told)
    if not (told.endswith("/") or out.is_dir()):
        return out
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(f"--out: {out}: {error.strerror}") from error
    return out / name


def _write(file: Path, made: Document, picture: bytes) -> None:
    try:
        file.write_text(made.text, "utf-8")
        file.with_suffix(".png").write_bytes(picture)
    except OSError as error:
        raise Invalid(f"--out: {file}: {error.strerror}") from error
