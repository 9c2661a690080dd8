"""Every page is valid HTML: html5lib reads it without a complaint, ids are given once, and lead somewhere."""

import asyncio
import itertools
import re
import xml.etree.ElementTree as ElementTree

import html5lib
import pytest

from tests.support.status_page import StatusPage, in_trouble
from whimbrel.statuspage.pages.language import LANGUAGES

PATHS = ("/", "/history", "/rule", "/api", "/incidents/i1", "/incidents/i2", "/components/home", "/nothing")
SPACE = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Every page in every language, by path and language."""
    status = StatusPage(tmp_path_factory.mktemp("html") / "status.sqlite")

    async def all_of_them():
        await in_trouble(status)
        return {
            (path, language): (await status.get(path, query=f"lang={language}")).body.decode()
            for path in PATHS
            for language in LANGUAGES
        }

    yield asyncio.run(all_of_them())
    status.book.close()


def parsed(text):
    return html5lib.HTMLParser(strict=True).parse(text)


def test_every_page_is_read_without_a_complaint(pages):
    assert len(pages) == len(PATHS) * len(LANGUAGES)
    for text in pages.values():
        parsed(text)


def test_ids_are_given_once_and_what_is_pointed_to_is_there(pages):
    for name, text in pages.items():
        elements = list(parsed(text).iter())
        ids = [element.get("id") for element in elements if element.get("id")]
        assert len(ids) == len(set(ids)), name
        pointed = {
            id_
            for element in elements
            for attribute in ("aria-labelledby", "aria-describedby")
            for id_ in element.get(attribute, "").split()
        }
        assert pointed <= set(ids), name


def test_headings_go_down_one_by_one(pages):
    for name, text in pages.items():
        levels = [int(found) for found in re.findall(r"<h([1-6])\b", text)]
        assert levels[0] == 1, name
        assert levels.count(1) == 1, name
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), (name, levels)


def test_every_page_can_be_skipped_into_and_names_its_language(pages):
    for (_, language), text in pages.items():
        tree: ElementTree.Element = parsed(text)
        assert tree.get("lang") == language
        links = [link.get("href") for link in tree.iter(f"{SPACE}a")]
        assert links[0] == "#content"
