"""The catalogue: a new page shows the parts of a microblog, changes are kept under a name, bad ones are refused."""

import asyncio

import pytest
from msgspec.structs import replace

from whimbrel.kernel.errors import Conflict, Invalid, NotFound
from whimbrel.kernel.limits import COMPONENTS_MAX
from whimbrel.kernel.sql import schema
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.defaults import COMPONENTS, own_service
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.values import Component, Service

NOW = 1_602_794_000_000
OWN = own_service("Birds", "http://127.0.0.1:8000")
OTHER = Service(id="bank", name="A bank", url="https://bank.example", kinds=("website", "app"))


@pytest.fixture
def book(tmp_path):
    book = Book(tmp_path / "status.sqlite", [schema("whimbrel.statuspage.catalogue")])
    yield book
    book.close()


async def loaded(book):
    catalogue = Catalogue(book=book, clock=lambda: NOW)
    await catalogue.load(OWN)
    return catalogue


def test_a_new_page_shows_the_parts_of_a_microblog_and_a_later_start_the_same(book):
    first, second = asyncio.run(loaded(book)), asyncio.run(loaded(book))
    assert first.names() == {component.id: component.name for component in COMPONENTS}
    assert second.components == first.components
    assert dict(second.services) == {"own": OWN}


def test_changes_are_kept_in_the_pages_order_under_the_name_of_who_made_them(book):
    async def change():
        catalogue = await loaded(book)
        await catalogue.put_component(Component(id="mail", name="Mail", position=3), actor="ada")
        await catalogue.remove_component("media", actor="ada")
        await catalogue.put_service(OTHER, actor="bob")
        return catalogue

    changed, again = asyncio.run(change()), asyncio.run(loaded(book))
    assert [one.id for one in changed.components][:4] == ["posting", "home", "mail", "notifications"]
    assert again.components == changed.components
    assert again.service("bank") == OTHER
    with book.look() as look:
        told = [(entry.actor, entry.action) for entry in history.entries(look) if entry.subject in ("mail", "bank")]
    assert told == [("ada", "component set"), ("bob", "service set")]


@pytest.mark.parametrize(
    ("service", "name"),
    [
        (replace(OTHER, id="The Bank"), "id"),
        (replace(OTHER, url="ftp://bank.example"), "url"),
        (replace(OTHER, page_url="javascript:alert(1)"), "page_url"),
        (replace(OTHER, url="https://ada:secret@bank.example"), "url"),
        (replace(OTHER, kinds=()), "kind"),
        (replace(OTHER, name=" "), "name"),
    ],
)
def test_a_service_that_cannot_be_is_refused_with_what_was_wrong(book, service, name):
    async def put():
        await (await loaded(book)).put_service(service, actor="ada")

    with pytest.raises(Invalid, match=name):
        asyncio.run(put())


def test_the_watched_service_stays_and_what_is_not_there_is_not_found(book):
    async def remove(id_):
        await (await loaded(book)).remove_service(id_, actor="ada")

    with pytest.raises(Invalid):
        asyncio.run(remove("own"))
    with pytest.raises(NotFound):
        asyncio.run(remove("nothing-here"))


def test_a_page_has_a_largest_number_of_components(book):
    async def fill():
        catalogue = await loaded(book)
        for number in range(COMPONENTS_MAX + 1):
            await catalogue.put_component(Component(id=f"part-{number}", name="A part"), actor="ada")

    with pytest.raises(Conflict):
        asyncio.run(fill())


def test_figures_that_no_book_can_keep_and_lines_without_end_are_refused(book):
    async def ask(**changed):
        catalogue = await loaded(book)
        return await catalogue.put_component(Component(**({"id": "mail", "name": "Mail"} | changed)), actor="ada")

    for changed, name in (
        ({"position": 2**70}, "position"),
        ({"position": -(10**10)}, "position"),
        ({"description": "x" * 301}, "description"),
        ({"group": "x" * 301}, "group"),
    ):
        with pytest.raises(Invalid, match=name):
            asyncio.run(ask(**changed))
    kept = asyncio.run(ask(name="Mail\x00\x1b[1m", group="A\nB"))
    assert (kept.name, kept.group) == ("Mail[1m", "A B")


def test_a_service_has_each_kind_once_and_an_address_that_can_be_shown(book):
    async def ask(**changed):
        return await (await loaded(book)).put_service(replace(OTHER, **changed), actor="ada")

    assert asyncio.run(ask(kinds=("app",) * 1_000 + ("website",))).kinds == ("app", "website")
    with pytest.raises(Invalid, match="kinds"):
        asyncio.run(ask(kinds=tuple(f"kind-{number}" for number in range(41))))
    for address in ("http://a\x00", "https://bank.example/\u202e", "https://bank.example/" + "x" * 300):
        with pytest.raises(Invalid, match="url"):
            asyncio.run(ask(url=address))
