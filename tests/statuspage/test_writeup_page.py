"""The write-up in the whole program: an outage is seen, ends, is written up, and every reader and feed hears of it."""

import pytest

from tests.statuspage.page_in_test import MINUTE, NOW, PageInTest
from tests.support.asgi import asked
from whimbrel.statuspage.incidents.people import Saying


@pytest.fixture
def page(tmp_path):
    page = PageInTest(tmp_path / "status")
    yield page
    page.close()


def get(page, path):
    return page.run(asked(page.app, "GET", path, headers={"host": "status.example.org"}))


def test_a_published_write_up_is_on_the_page_in_the_api_and_in_the_feed(page):
    rooms = page.program.rooms
    opened = page.run(rooms.incidents.open("Media", Saying(body="It fails."), actor="ada", board={}))
    page.now_ms = NOW + 10 * MINUTE
    page.run(rooms.incidents.say(opened.id, Saying(body="Over.", status="resolved"), actor="ada", board={}))
    page.turn()
    assert get(page, "/api/v2/incidents.json").json["incidents"][0]["postmortem_body"] is None
    missing = get(page, f"/incidents/{opened.id}/writeup")
    assert (missing.status, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")
    draft = page.run(rooms.writeups.draft(opened.id, actor="ada"))
    page.run(rooms.writeups.publish(opened.id, version=draft.version, actor="ada"))
    page.turn()
    shown = get(page, f"/incidents/{opened.id}/writeup")
    assert (shown.status, "<h2>Impact</h2>" in shown.body.decode()) == (200, True)
    german = page.run(asked(page.app, "GET", f"/incidents/{opened.id}", query=b"lang=de"))
    assert f"Der Bericht ist veröffentlicht: {draft.title}" in german.body.decode()
    newest = get(page, "/api/v2/incidents.json").json["incidents"][0]
    assert (newest["status"], newest["incident_updates"][0]["status"]) == ("postmortem", "postmortem")
    assert newest["postmortem_body"] == draft.body
    assert newest["postmortem_published_at"] == newest["postmortem_body_last_updated_at"] == newest["updated_at"]
    assert newest["postmortem_notified_subscribers"] is True
    assert f"/incidents/{opened.id}/writeup" in get(page, "/history.atom").body.decode()
    assert get(page, "/api/v2/incidents/unresolved.json").json["incidents"] == []
