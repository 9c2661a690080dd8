"""A look as files: every page in every language, the documents of the v2 API, the feeds. Pure.

Each page carries its style and script, so that one file is a whole page, however old its neighbours are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from whimbrel.statuspage.pages import budgets, making
from whimbrel.statuspage.pages.addresses import Copied, in_folder
from whimbrel.statuspage.pages.charts import Figures
from whimbrel.statuspage.pages.language import LANGUAGES, Words, words_of
from whimbrel.statuspage.pages.layout import ICON, SCRIPT, STYLE, Layout
from whimbrel.statuspage.pages.look import Look
from whimbrel.statuspage.pages.making import Making, Told
from whimbrel.statuspage.pages.views import OVER
from whimbrel.statuspage.v2.routes import FEEDS, documents, spoken

_BUDGETS = "api/budgets.json"
Mark = tuple[object, ...]


class _Copy(NamedTuple):
    """What the frame says about a copy, and the entries of its menu besides the usual ones."""

    made_ms: int
    nav: Sequence[tuple[str, str]]


class _Sheet(NamedTuple):
    """What stands in the page because nothing stands beside it. Our own files, not anybody's input."""

    style: str
    script: str


_SHEET = _Sheet(STYLE.body.decode(), SCRIPT.body.decode())


Make = Callable[[Words], Making]


class Page(NamedTuple):
    """A page that can be made. `mark`: while it is the same, the page says the same."""

    path: str
    mark: Mark
    make: Make


class File(NamedTuple):
    """A file beside the pages. `body` is None for one that is as it was under the same mark."""

    path: str
    mark: Mark
    body: bytes | None


class Found(NamedTuple):
    """What a room has to copy: every page and file of it, whether it has changed or not."""

    pages: Sequence[Page] = ()
    files: Sequence[File] = ()


class Room(Protocol):
    """A room with pages of its own. `nav`: its entries of the menu, as pairs of a path and a key of words."""

    nav: Sequence[tuple[str, str]]

    async def found(self, look: Look, marks: Mapping[str, Mark]) -> Found:
        """What is to be copied; of what has its mark among `marks` nothing is made again. Raises WhimbrelError."""


def fronts(look: Look) -> Iterator[Page]:
    """The first page, which is made anew all the time."""
    yield Page("", (look.now_ms,), lambda words: making.front(words, look))


def pages(look: Look, figures: Mapping[str, Sequence[Figures]]) -> Iterator[Page]:
    """Every other page."""
    shown = look.shown
    told = making.told(look)
    yield Page(
        "history",
        tuple((one.id, one.updated_ms) for one in told),
        lambda words: making.history(words, look, told, older_ms=None, first=True),
    )
    yield Page("rule", (), lambda words: making.published_rule(words, look))
    yield Page("budgets", (look.now_ms,), lambda words: making.error_budgets(words, look))
    yield Page("api", tuple(one.id for one in shown.components), lambda words: making.api(words, look))
    for component in shown.components:
        yield Page(
            f"components/{component.id}",
            (look.now_ms,),
            lambda words, one=component: making.component(words, look, one, figures.get(one.id, ())),  # type: ignore[misc]
        )
    stories: list[Told] = [*shown.incidents, *shown.maintenances]
    for one in stories:
        ages = () if one.status in OVER else (look.now_ms,)
        yield Page(
            f"incidents/{one.id}",
            (one.updated_ms, *ages),
            lambda words, one=one: making.story(words, look, one),  # type: ignore[misc]
        )


def rendered(
    layout: Layout, page: Page, made_ms: int, nav: Sequence[tuple[str, str]] = ()
) -> Iterator[tuple[str, bytes]]:
    """A page in every language: where each lies, and its bytes."""
    for language in LANGUAGES:
        words, at = words_of(language), Copied(page.path, language)
        found = page.make(words)
        text = layout.render(found.template, words, at, **found.values, copy=_Copy(made_ms, nav), sheet=_SHEET)
        yield at.place, text.encode()


def places(page: Page) -> Iterator[str]:
    """Where a page lies, in every language."""
    return (Copied(page.path, language).place for language in LANGUAGES)


def data(look: Look) -> Iterator[tuple[str, bytes]]:
    """What programs read, and the drawing beside the name."""
    for path, (_, make) in documents().items():
        yield path, make(look.shown)
    for path, (_, speak) in FEEDS.items():
        for language in LANGUAGES[1:]:
            yield in_folder(path, language), spoken(speak, language)(look.shown)
    yield _BUDGETS, msgspec.json.encode(budgets.document(look))
    yield ICON.path, ICON.body


def paths() -> set[str]:
    """Where that lies."""
    feeds = (in_folder(path, language) for path in FEEDS for language in LANGUAGES)
    return {*documents(), *feeds, _BUDGETS, ICON.path}
