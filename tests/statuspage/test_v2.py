"""Statuspage's dialect: the shapes that strict clients read, and feeds whose first word is the present state."""

import re
import xml.etree.ElementTree as ElementTree
from datetime import datetime

import pytest
from msgspec.structs import replace

from whimbrel.statuspage.catalogue.defaults import COMPONENTS
from whimbrel.statuspage.incidents.actions import Opening, Telling
from whimbrel.statuspage.incidents.changes import opened, told
from whimbrel.statuspage.v2 import feeds, shapes
from whimbrel.statuspage.v2.shapes import Page, Shown
from whimbrel.statuspage.v2.voice import Voice
from whimbrel.statuspage.values import Maintenance, Update

NOW = 1_602_794_000_123
NAMES = {component.id: component.name for component in COMPONENTS}
PAGE = Page("page-1", "Birds & Co", "http://127.0.0.1:8001", NOW)
STATUSES = {"operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"}
OPENING = Opening(
    components={"home": "major_outage"},
    impact="critical",
    pain_ms=NOW - 5_000,
    next_update_ms=NOW + 300_000,
    figures={},
)
INCIDENT = opened(OPENING, "i1", NAMES, NOW)
OVER = told(
    INCIDENT,
    Telling(
        incident="i1",
        template="resolved",
        status="resolved",
        components={"home": "operational"},
        impact="critical",
        next_update_ms=None,
        figures={},
    ),
    NAMES,
    NOW + 60_000,
)
WINDOW = Maintenance(
    id="m1",
    name="A <new> disk",
    status="in_progress",
    components=("media",),
    scheduled_ms=NOW,
    until_ms=NOW + 60_000,
    created_ms=NOW - 60_000,
    updated_ms=NOW,
)


def shown(incidents=(), maintenances=(), **states):
    return Shown(PAGE, COMPONENTS, dict.fromkeys(NAMES, "operational") | states, incidents, maintenances)


ENGLISH = Voice("en", shown())


def times_in(document):
    if isinstance(document, dict):
        for name, value in document.items():
            if name.endswith("_at") and value is not None:
                yield value
            yield from times_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from times_in(value)


@pytest.mark.parametrize(
    ("state", "indicator", "description"),
    [
        ("operational", "none", "All Systems Operational"),
        ("under_maintenance", "none", "Service Under Maintenance"),
        ("unknown", "minor", "Not Being Measured"),
        ("degraded_performance", "minor", "Partially Degraded Service"),
        ("partial_outage", "major", "Partial System Outage"),
        ("major_outage", "critical", "Major System Outage"),
    ],
)
def test_one_indicator_tells_the_worst_of_all(state, indicator, description):
    assert shapes.status(shown(home=state))["status"] == {"indicator": indicator, "description": description}


def test_an_incident_alone_raises_the_indicator():
    assert shapes.status(shown([INCIDENT]))["status"]["indicator"] == "critical"
    assert shapes.status(shown([OVER]))["status"]["indicator"] == "none"


def test_the_summary_has_every_array_and_only_words_that_clients_know():
    for document in (shapes.summary(shown()), shapes.summary(shown([INCIDENT, OVER], [WINDOW], home="unknown"))):
        for name in ("components", "incidents", "scheduled_maintenances"):
            assert isinstance(document[name], list)
        assert {component["status"] for component in document["components"]} <= STATUSES
    assert [one["id"] for one in document["incidents"]] == ["i1"]
    assert [one["id"] for one in document["scheduled_maintenances"]] == ["m1"]


def test_what_is_not_measured_is_not_called_operational():
    found = {one["id"]: one for one in shapes.components(shown(home="unknown"))["components"]}
    assert found["home"]["status"] == "degraded_performance"
    assert "Not being measured" in found["home"]["description"]


def test_groups_name_their_members_and_members_their_group():
    listed = shapes.components(shown(media="partial_outage"))["components"]
    groups = [one for one in listed if one["group"]]
    assert [group["name"] for group in groups] == ["Reading and writing", "Getting in"]
    assert groups[0]["status"] == "partial_outage"
    for group in groups:
        members = [one["id"] for one in listed if one["group_id"] == group["id"]]
        assert group["components"] == members


def test_every_time_has_fractions_and_an_offset():
    document = shapes.summary(shown([INCIDENT], [WINDOW]))
    found = list(times_in(document))
    assert len(found) > 20
    for time in found:
        assert datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%f%z")
    assert document["page"]["updated_at"] == "2020-10-15T20:33:20.123Z"


def test_an_update_tells_what_changed_since_the_one_before():
    first, second = reversed(shapes.incidents(shown(), [OVER])["incidents"][0]["incident_updates"])
    assert [(one["code"], one["old_status"], one["new_status"]) for one in first["affected_components"]] == [
        ("home", "operational", "major_outage")
    ]
    assert [(one["old_status"], one["new_status"]) for one in second["affected_components"]] == [
        ("major_outage", "operational")
    ]


def test_the_feeds_are_whole_and_say_the_present_state_first():
    told_about = [OVER, WINDOW]
    atom = ElementTree.fromstring(feeds.atom(shown(), told_about, ENGLISH))
    space = {"a": "http://www.w3.org/2005/Atom"}
    assert atom.find("a:title", space).text == "Birds & Co - Incident History"
    content = atom.find("a:entry/a:content", space).text
    assert re.search(r"<strong>(\w+)</strong>", content)[1] == "Resolved"
    rss = ElementTree.fromstring(feeds.rss(shown(), told_about, ENGLISH))
    assert [item.find("title").text for item in rss.iter("item")] == [OVER.name, "A <new> disk"]
    told_in_json = feeds.json_feed(shown(), told_about, ENGLISH)
    assert [item["title"] for item in told_in_json["items"]] == [OVER.name, "A <new> disk"]


def test_a_step_that_time_took_is_the_present_state_of_a_window():
    said = Update(
        id="m1-1", incident="m1", status="scheduled", body="Wait.", actor="ada", created_ms=NOW, displayed_ms=NOW
    )
    begun = replace(WINDOW, updates=(said,))
    content = feeds.json_feed(shown(), [begun], ENGLISH)["items"][0]["content_html"]
    assert re.findall(r"<strong>(.*?)</strong>", content) == ["In progress", "Scheduled"]
    planned = feeds.json_feed(shown(), [replace(begun, status="scheduled")], ENGLISH)["items"][0]["content_html"]
    assert re.findall(r"<strong>(.*?)</strong>", planned) == ["Scheduled"]


def test_letters_that_no_xml_may_have_do_not_break_a_feed():
    spoiled = replace(INCIDENT, name="Tape\x00 \x0bworn\x1b[31m \ufffe\ud800 out")
    for made in (feeds.atom(shown(), [spoiled], ENGLISH), feeds.rss(shown(), [spoiled], ENGLISH)):
        assert "Tape worn[31m  out" in "".join(ElementTree.fromstring(made.encode()).itertext())
