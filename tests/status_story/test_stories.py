"""What people see on the open page while things break for real: real processes, a real browser, real time.

The page refreshes itself; nobody loads it again. Its intervals are shorter than usual, by options that everybody has.
The stories are mostly waiting, so two of them go on at a time, each with a server and a browser of its own.
"""

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.support.chromium import browsing
from tests.support.serving import eventually, serving
from tests.support.status_watched import MEASURED, Crowd, locked, page_alone, stopped, supervisor_of, watched
from whimbrel.engines.store.numbered import store_in

AT_A_TIME = 2
EVERY_SECONDS = 2
CALM_SECONDS = 12
SAID_SECONDS = 60.0
"""Until the open page says what there is to say, on a busy machine; how fast it is, `bin/drill status` measures."""
OVER_SECONDS = 90.0
GREEN_SECONDS = 150.0
TEMPLATED = (
    "We see trouble and are looking into it.",
    "It began at",
    "Posts that you saw confirmed are safe.",
    "We do not know of anybody having got in",
    "Next update by",
)


def side_by_side(story):
    """A test that is lived through beside another one; `story` is called with a tab on the open page, server, page."""

    def test(lived):
        lived[story.__name__].result()

    test.story = story
    return test


@pytest.fixture(scope="module")
def lived(request, tmp_path_factory):
    """The stories that were asked for, under way, by their names."""
    stories = [item.function.story for item in request.session.items if hasattr(item.function, "story")]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {one.__name__: pool.submit(live, one, tmp_path_factory.mktemp("story")) for one in stories}


def live(story, folder):
    """Live through one. Where nobody answers, the browser notes that; what a script did wrong is a fault."""
    with (
        watched(folder / "data", every_seconds=EVERY_SECONDS, calm_seconds=CALM_SECONDS) as (server, page),
        browsing() as tab,
    ):
        opened(tab, page)
        story(tab, server, page)
        assert [one for one in tab.complaints if isinstance(one, dict)] == []


@pytest.fixture(scope="module", autouse=True)
def reported(tmp_path_factory):
    """A page of its own that watches a server whose probes are green, while people report: from the first story on,
    because a crowd is judged by whole minutes.
    """
    folder = tmp_path_factory.mktemp("reported")
    with ExitStack() as stack:
        server = stack.enter_context(serving(folder / "data"))
        page = stack.enter_context(page_alone(folder / "status", server.url))
        stack.enter_context(Crowd(page, every_seconds=1.0))
        yield page


def opened(tab, page, says="Everything that is measured works"):
    """The page, open in a browser."""
    tab.open(page.url)
    seen(tab, says, seconds=SAID_SECONDS)


def seen(tab, *words, seconds=SAID_SECONDS):
    """What stands on the open page once all of these words do."""
    told = [""]

    def shown():
        told[0] = tab.text()
        return told[0] if all(one in told[0] for one in words) else ""

    try:
        return eventually(shown, seconds=seconds, what=f"the open page says {words}")
    except AssertionError as error:
        raise AssertionError(f"{error}\nIt says:\n{told[0]}") from None


def part(tab, name):
    """What the open page says of a part: its state, and why."""
    return tab.ask(
        f"[...document.querySelectorAll('.part')].find((one) => one.querySelector('.part-name').innerText === '{name}')"
        ".innerText"
    )


def spans(page, id_):
    """The states that a part's own page lists, newest first."""
    found = page.ask(f"/components/{id_}")
    return re.findall(r'<th scope="row">([^<]+)</th>', found[1].partition('id="spans"')[2]) if found else []


def only(found):
    """The one of a list that has one."""
    (one,) = found
    return one


@side_by_side
def test_a_killed_server_is_said_to_be_down_and_is_said_to_be_back_when_it_is(tab, server, page):
    server.kill_all_but("status")
    seen(tab, "Some parts do not work", "Investigating", *TEMPLATED)
    for name in MEASURED:
        eventually(lambda name=name: "Major outage" in part(tab, name), seconds=SAID_SECONDS, what=f"{name} is down")
    incident = only(page.incidents())
    assert (incident["status"], incident["impact"]) == ("investigating", "critical")
    first = incident["incident_updates"][-1]
    assert (first["status"], incident["created_at"]) == ("investigating", first["created_at"])

    server.start()
    seen(tab, "Monitoring", "It looks well again.", seconds=OVER_SECONDS)
    seen(tab, "Everything that is measured works", f"{incident['name']}", "Resolved", seconds=OVER_SECONDS)
    after = only(page.past())
    assert (after["id"], after["status"]) == (incident["id"], "resolved")
    assert [one["status"] for one in after["incident_updates"]][:2] == ["resolved", "monitoring"]


@side_by_side
def test_a_stopped_core_fails_posting_alone_and_the_story_goes_on_when_the_page_was_away(tab, server, page):
    children = server.children()
    with stopped(children["core"]):
        seen(tab, "Trouble with Posting", *TEMPLATED)
        assert "Major outage" in part(tab, "Posting")
        for name in ("Home timeline", "Search and trends", "Streaming", "Web", "API"):
            assert "Operational" in part(tab, name), name
        incident = only(page.incidents())

        with stopped(supervisor_of(server)):  # else it starts the page again at once
            os.kill(children["status"], signal.SIGKILL)
            seen(tab, "This page cannot be reached since", "Trouble with Posting")
        seen(tab, "Last looked", "Trouble with Posting")
        assert only(page.incidents())["id"] == incident["id"]
        told = ["Major outage", "Not measured"]
        eventually(lambda: spans(page, "posting")[:2] == told, seconds=SAID_SECONDS, what="its absence stands there")
        tab.open(f"{page.url}/components/posting")
        seen(tab, *told)


@side_by_side
def test_a_locked_store_is_shown_where_it_is_felt_and_a_stopped_api_everywhere(tab, server, page):
    with locked(store_in(server.data)):
        seen(tab, "Search and trends", "the oldest view is")
        assert "Degraded" in part(tab, "Search and trends")
        for name in ("Posting", "Home timeline", "Streaming", "Sign-in", "Web", "API"):
            assert "Operational" in part(tab, name), name
    with stopped(server.children()["api-1"]):
        seen(tab, "Web: does not work.", "API: does not work.", "More is affected than we said at first.")
    incident = only(page.incidents())
    assert {one["status"] for one in incident["incident_updates"]} <= {"investigating", "monitoring"}


def test_a_crowd_is_heard_while_probes_are_green_and_a_flood_of_reports_does_not_hide_the_page(reported):
    with browsing() as tab:
        opened(tab, reported, says="Parts")
        _hears_the_crowd(tab, reported)


def _hears_the_crowd(tab, reported):
    seen(tab, "Users report trouble, our probes are green", "people have reported trouble", seconds=GREEN_SECONDS)
    for name in ("Web", "API"):
        assert "Degraded" in part(tab, name)
    with Crowd(reported, every_seconds=0.0, hands=8) as flood:
        eventually(lambda: flood.taken >= 1_000, seconds=SAID_SECONDS, what="a thousand reports are taken")
        answers = [reported.ask(path) for path in ("/", "/readyz", "/report", "/api/v2/summary.json") for _ in range(5)]
        assert [answer and answer[0] for answer in answers] == [200] * len(answers)
        seen(tab, "Last looked", "Users report trouble, our probes are green")
    assert "cannot be reached" not in tab.text()
