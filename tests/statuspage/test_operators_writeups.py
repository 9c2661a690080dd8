"""Write-ups from an operator's side: begun, edited, seen before anybody else sees them, published once; also by key."""

import json

import pytest

from tests.statuspage.page_in_test import MINUTE, opened_page, words_of
from whimbrel.kernel.limits import FORM_BYTES_MAX
from whimbrel.statuspage.incidents.people import Saying


@pytest.fixture
def page(tmp_path):
    with opened_page(tmp_path) as page:
        yield page


@pytest.fixture
def ada(page):
    """Somebody who is signed in."""
    browser = page.browser()
    browser.sign_in(page.operator())
    browser.get("/admin")
    return browser


def incident(page, *, over=True):
    incidents = page.program.rooms.incidents
    opened = page.run(incidents.open("Media", Saying(body="It fails."), actor="ada", board={}))
    page.later(10 * MINUTE)
    if over:
        page.run(incidents.say(opened.id, Saying(body="Over.", status="resolved"), actor="ada", board={}))
    page.turn()
    return opened.id


def begun(page, ada, **more):
    """A draft; returns its incident and where it is written."""
    id_ = incident(page, **more)
    at = f"/admin/incidents/{id_}/writeup"
    assert "Nobody has begun one." in words_of(ada.get(at))
    assert ada.post(at, do="begin").status == 303
    return id_, at


TEXT = {"title": "A cable", "description": "It was cut.", "body": "## Why\n\n<b>A</b> *digger*.\n"}


def test_a_draft_is_begun_edited_previewed_and_published_without_leaving_the_pages(page, ada):
    id_, at = begun(page, ada)
    assert f'href="{at}"' in ada.get(f"/admin/incidents/{id_}").body.decode()
    assert "## Impact" in ada.get(at).body.decode()
    preview = ada.post(at, over="1", do="preview", **TEXT)
    assert "<p>&lt;b&gt;A&lt;/b&gt; <em>digger</em>.</p>" in preview.body.decode()
    assert len(page.run(page.program.rooms.writeups.versions(id_))) == 1
    assert ada.post(at, over="1", do="save", **TEXT).status == 303
    page.turn()
    assert page.browser().get(f"/incidents/{id_}/writeup").status == 404, "a draft is for operators"
    assert ada.post(at, over="2", do="publish", **TEXT).status == 303
    page.turn()
    assert "<em>digger</em>" in page.browser().get(f"/incidents/{id_}/writeup").body.decode()
    assert page.browser().get("/api/v2/incidents.json").json["incidents"][0]["status"] == "postmortem"
    written = page.run(page.program.rooms.writeups.versions(id_))
    assert [(one.version, one.published_ms is not None) for one in written] == [(2, True), (1, False)]


def test_nothing_that_somebody_typed_is_lost_to_somebody_faster_or_to_a_mistake(page, ada):
    id_, at = begun(page, ada)
    assert ada.post(at, over="1", do="save", **TEXT).status == 303
    late = ada.post(at, over="1", do="save", **(TEXT | {"body": "Mine was longer."}))
    assert late.status == 409
    assert "Mine was longer." in late.body.decode()
    assert "A</b> *digger*" in words_of(late).replace("&lt;", "<"), "theirs is there to be read"
    assert 'name="over" value="2"' in late.body.decode()
    untitled = ada.post(at, over="2", do="publish", **(TEXT | {"title": " "}))
    assert (untitled.status, "*digger*" in untitled.body.decode()) == (422, True)
    assert len(page.run(page.program.rooms.writeups.versions(id_))) == 2


def test_it_is_published_when_the_incident_is_over_and_each_version_once(page, ada):
    _, at = begun(page, ada, over=False)
    early = ada.post(at, over="1", do="publish", **TEXT)
    assert (early.status, "it is not over" in words_of(early)) == (422, True)
    id_, at = begun(page, ada)
    assert ada.post(at, over="1", do="publish", **TEXT).status == 303
    again = ada.post(at, over="2", do="publish", **TEXT)
    assert (again.status, "published already" in words_of(again)) == (409, True)
    updates = page.run(page.speaking.desk.incident(id_)).updates
    assert [one.status for one in updates].count("postmortem") == 1


def test_a_long_story_fits_and_a_stranger_or_a_forged_form_gets_nowhere(page, ada):
    id_, at = begun(page, ada)
    long = TEXT | {"body": "é" * FORM_BYTES_MAX}
    assert ada.post(at, over="1", do="save", **long).status == 303
    assert page.browser().get(at).headers["location"] == "/admin/sign-in"
    ada.csrf = "0" * 64
    assert ada.post(at, over="2", do="publish", **TEXT).status == 403
    assert len(page.run(page.program.rooms.writeups.versions(id_))) == 2


def test_a_program_writes_and_publishes_with_a_key(page):
    page.operator()
    key = page.run(page.speaking.operators.add_key("ada", "stories", actor="ada"))
    program = page.browser(Authorization=f"Bearer {key}")
    at = f"/api/admin/incidents/{incident(page)}/writeup"
    assert program.ask("POST", at, body=b"{}").json["version"] == 1
    text = json.dumps(TEXT | {"over": 1}).encode()
    assert program.ask("PUT", at, body=text).json["version"] == 2
    assert program.ask("PUT", at, body=text).status == 409
    assert program.ask("POST", f"{at}/published", body=b'{"version": 2}').json["published_ms"] == page.now_ms
    assert [one["version"] for one in program.get(at).json] == [2, 1]
    assert page.browser().get(at).status == 401
