"""A write-up as a file for a site generator: its name, its text, where its picture is expected. Pure."""

import re
import unicodedata
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Final, NamedTuple
from urllib.parse import quote

from whimbrel.statuspage.writeup.body import picture_in_words
from whimbrel.statuspage.writeup.escaping import Generator, survives
from whimbrel.statuspage.writeup.facts import Facts
from whimbrel.statuspage.writeup.frontmatter import DateAs, Matter, front_matter
from whimbrel.statuspage.writeup.rows import Version

_SLUG_CHARACTERS_MAX: Final = 60
_SAFE: Final = "/:?&=%#-._~"
_IMAGES: Final[dict[Generator, str]] = {
    "jigsaw": "/assets/images/",
    "jekyll": "/assets/images/",
    "hugo": "/images/",
    "hexo": "/images/",
    "cstate": "/images/",
}


class Document(NamedTuple):
    """`name`: what the generator wants the file to be called; `folder`: where in a site it belongs; `text`: UTF-8."""

    name: str
    folder: str
    text: str


def document(
    facts: Facts, version: Version, generator: Generator, *, image: str | None = None, date_as: DateAs = "int"
) -> Document:
    """The file. `image`: the picture's address on the site, by default in the folder where such sites keep them.

    cState's front matter has no picture, so its text begins with it.
    """
    incident = facts.incident
    slug = slug_of(version.title, incident.id)
    matter = Matter(
        title=version.title,
        description=version.description,
        image=image or picture_address(generator, f"{slug}.md"),
        date_ms=version.published_ms or version.made_ms,
        updated_ms=max(version.made_ms, version.published_ms or 0),
        began_ms=incident.pain_ms,
        resolved_ms=incident.resolved_ms,
        impact=incident.impact,
        affected=tuple(course.name for course in facts.courses),
        is_draft=version.published_ms is None,
        date_as=date_as,
    )
    name, folder = _place(matter, generator, slug)
    shown = f"![{picture_in_words(facts)}]({quote(matter.image, safe=_SAFE)})\n\n" if generator == "cstate" else ""
    body = survives(shown + version.body, generator)
    return Document(name, folder, f"{front_matter(matter, generator)}\n{body}")


def picture_address(generator: Generator, file: str) -> str:
    """Where sites of this kind keep the picture that lies beside `file` and is called like it."""
    return f"{_IMAGES[generator]}{PurePath(file).with_suffix('.png').name}"


def slug_of(title: str, id_: str) -> str:
    """ASCII letters, digits and hyphens; the incident's id when nothing of the title is left."""
    ascii_ = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_).strip("-")[:_SLUG_CHARACTERS_MAX].rstrip("-")
    return slug or id_


def _place(matter: Matter, generator: Generator, slug: str) -> tuple[str, str]:
    match generator:
        case "jekyll":
            return f"{_date(matter.date_ms)}-{slug}.md", "_posts"
        case "cstate":
            return f"{_date(matter.began_ms)}-{slug}.md", "content/issues"
        case "hugo":
            return f"{slug}.md", "content/posts"
        case "jigsaw" | "hexo":
            return f"{slug}.md", "source/_posts"


def _date(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1_000, UTC):%Y-%m-%d}"
