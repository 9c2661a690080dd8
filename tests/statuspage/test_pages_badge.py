"""The badge for other sites: small, heard and seen, in its reader's language, never green for the unknown."""

import asyncio
import re
import xml.etree.ElementTree as ElementTree

import pytest

from tests.support.status_page import StatusPage, in_trouble
from whimbrel.kernel.limits import BADGE_KEPT_SECONDS, TURN_LATE_SECONDS
from whimbrel.statuspage.pages import badge
from whimbrel.statuspage.pages.badge import Badge
from whimbrel.statuspage.pages.language import LANGUAGES, words_of
from whimbrel.statuspage.values import SEVERITY

SPACE = "{http://www.w3.org/2000/svg}"
GREEN, RED, GREY = "#1f6245", "#97230f", "#566267"


@pytest.fixture
def status(tmp_path):
    status = StatusPage(tmp_path / "status.sqlite")
    yield status
    status.close()


def title_of(reply):
    """What is heard."""
    picture = ElementTree.fromstring(reply.body)
    assert (picture.tag, picture.get("role")) == (f"{SPACE}svg", "img")
    title = picture.find(f"{SPACE}title")
    assert picture.get("aria-labelledby") == title.get("id")
    return title.text


def colour_of(reply):
    return re.search(r'<path fill="(#\w+)"', reply.body.decode())[1]


def test_the_state_of_all_and_of_each_part_is_a_small_picture_that_others_may_show(status):
    async def look():
        await status.begin()
        await status.turn()
        well = await status.get("/badge.svg")
        await status.turn(failing={"home"}, silent={"media"})
        return well, [await status.get(f"/{one}") for one in ("badge.svg", badge.path_of("home"), badge.path_of("web"))]

    well, (all_, home, web) = asyncio.run(look())
    assert (title_of(well), colour_of(well)) == ("Birds & Co: Everything works", GREEN)
    assert (title_of(all_), colour_of(all_)) == ("Birds & Co: Some parts do not work", RED)
    assert (title_of(home), title_of(web)) == ("Home timeline: Major outage", "Web: Operational")
    assert len(all_.body) < 1_500
    assert all_.headers["content-type"] == "image/svg+xml"
    assert all_.headers["cache-control"] == f"public, max-age={BADGE_KEPT_SECONDS}"
    assert all_.headers["cross-origin-resource-policy"] == "cross-origin"


def test_it_is_never_green_for_what_nobody_knows(status):
    async def look():
        await status.begin()
        parts = {one.id for one in status.catalogue.components}
        await status.turn(silent=parts)
        nothing = [await status.get("/badge.svg"), await status.get("/components/web/badge.svg")]
        await status.turn(silent={"media"})
        known = await status.get("/badge.svg")
        status.now_ms += 1_000 * TURN_LATE_SECONDS + 1
        blind = [await status.get("/badge.svg"), await status.get("/components/web/badge.svg")]
        return nothing, known, blind

    nothing, known, blind = asyncio.run(look())
    assert [colour_of(one) for one in (*nothing, *blind)] == [GREY] * 4
    assert title_of(known) == "Birds & Co: Everything that is measured works"
    assert [title_of(one).rpartition(": ")[2] for one in blind] == ["Not measured"] * 2


def test_its_words_are_the_readers_and_a_second_look_is_free(status):
    async def look():
        await in_trouble(status)
        found = {one: await status.get("/components/home/badge.svg", query=f"lang={one}") for one in LANGUAGES}
        by_browser = await status.get("/components/home/badge.svg", accept_language="ja")
        again = await status.get("/components/home/badge.svg", if_none_match=found["en"].headers["etag"])
        return found, by_browser, again, await status.get("/components/nothing/badge.svg")

    found, by_browser, again, missing = asyncio.run(look())
    for language, reply in found.items():
        words = words_of(language)
        state = "degraded_performance"  # as a person called it
        assert title_of(reply) == f"{words('label', text=words('part.home'))} {words(f'state.{state}')}"
        assert reply.headers["content-language"] == language
    assert by_browser.body == found["ja"].body
    assert (again.status, again.body) == (304, b"")
    assert missing.status == 404


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\x00\x1b[31m\ufffe\ud800 & \"'", "え" * 200, ""])
def test_no_name_breaks_it_or_makes_it_endless(name):
    for state in SEVERITY:
        picture = ElementTree.fromstring(badge.drawn(words_of("en"), Badge(name, "Works", state)).encode())
        assert int(picture.get("width")) < 700
        assert {one.tag.removeprefix(SPACE) for one in picture.iter()} <= {"svg", "title", "rect", "path", "g", "text"}
