"""What else is in a copy: badges, the write-ups that are published, and what users report.

Nothing can be sent from a copy: its pages say what was reported, and leave out where to report, other spans of time
and what is computed for who asks. More than EXPORT_SERVICES_MAX services are not copied: own first, then by name.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from whimbrel.kernel.limits import EXPORT_SERVICES_MAX
from whimbrel.statuspage.export.copying import File, Found, Make, Mark, Page
from whimbrel.statuspage.pages import badge, svg
from whimbrel.statuspage.pages.addresses import in_folder
from whimbrel.statuspage.pages.language import LANGUAGES, Words, words_of
from whimbrel.statuspage.pages.look import Look
from whimbrel.statuspage.pages.making import Making
from whimbrel.statuspage.reports import service_view
from whimbrel.statuspage.reports.front import Reports
from whimbrel.statuspage.reports.public import Overview, Public
from whimbrel.statuspage.reports.words import texts_of
from whimbrel.statuspage.values import Service
from whimbrel.statuspage.writeup.front import Shown, Writeups

_DAYS: Final = 1


class BadgesCopied:
    """The badges, which say when it was so. Made with the rest at each change, and again every few minutes."""

    nav: Sequence[tuple[str, str]] = ()

    async def found(self, look: Look, marks: Mapping[str, Mark]) -> Found:  # noqa: ARG002 - its moment always moves
        """Each in every language."""
        return Found(files=[one for language in LANGUAGES for one in _badges(words_of(language), look)])


def _badges(words: Words, look: Look) -> list[File]:
    found = {badge.PATH: badge.of_all(words, look)}
    found |= {badge.path_of(one.id): badge.of_part(words, look, one) for one in look.shown.components}
    return [
        File(
            in_folder(path, words.language),
            (look.now_ms,),
            badge.drawn(words, badge.copied(words, one, look)).encode(),
        )
        for path, one in found.items()
    ]


class WriteupsCopied:
    """The write-ups of the incidents that are shown: page, picture, words."""

    nav: Sequence[tuple[str, str]] = ()

    def __init__(self, writeups: Writeups) -> None:
        self._writeups = writeups

    async def found(self, look: Look, marks: Mapping[str, Mark]) -> Found:
        """All of them; one that was published no more since is not read again."""
        pages, files = list[Page](), list[File]()
        for id_, told in look.shown.writeups.items():
            path, mark = f"incidents/{id_}/writeup", (told.updated_ms,)
            if marks.get(path) == mark:
                pages.append(Page(path, mark, _as_it_was))
                files += [File(f"{path}.png", mark, None), File(f"{path}.md", mark, None)]
                continue
            shown = await self._writeups.shown(id_)
            pages.append(Page(path, mark, _writeup(shown)))
            picture = await self._writeups.picture(id_)
            files += [File(f"{path}.png", mark, picture), File(f"{path}.md", mark, shown.version.body.encode())]
        return Found(pages, files)


class ReportsCopied:
    """What users report of each service in the last day."""

    nav: Sequence[tuple[str, str]] = (("services", "nav.reports"),)

    def __init__(self, reports: Reports) -> None:
        self._reports, self._public = reports, Public(reports)

    async def found(self, look: Look, marks: Mapping[str, Mark]) -> Found:  # noqa: ARG002 - its figures always move
        """The list, and each service."""
        services = sorted(self._reports.catalogue.services.values(), key=lambda one: (not one.own, one.name.casefold()))
        services, mark = services[:EXPORT_SERVICES_MAX], (look.now_ms,)
        names = {one.id: one.name for one in services}
        pages = [Page("services", mark, self._list(services, look.now_ms))]
        for one in services:
            overview = await self._public.overview(one, _DAYS)
            pages.append(Page(f"services/{one.id}", mark, _service(overview, names, look.now_ms)))
        return Found(pages)

    def _list(self, services: Sequence[Service], now_ms: int) -> Make:
        said = [self._reports.said(one) for one in services]

        def make(words: Words) -> Making:
            texts = texts_of(words.language)
            shown = [service_view.standing(texts, one, now_ms) for one in said]
            return Making("services.html", {"texts": texts, "services": shown})

        return make


def _service(overview: Overview, names: Mapping[str, str], now_ms: int) -> Make:
    def make(words: Words) -> Making:
        texts = texts_of(words.language)
        return Making("service.html", {"texts": texts, "svg": svg} | service_view.shown(texts, overview, names, now_ms))

    return make


def _writeup(shown: Shown) -> Make:
    return lambda _: Making("writeup.html", {"shown": shown})


def _as_it_was(_: Words) -> NoReturn:
    raise AssertionError("a page that has its mark is not made again")
