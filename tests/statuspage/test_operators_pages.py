"""What operators do on their pages: words with a preview, edits that show, reasons, windows, components, keys."""

import json
import re

import pytest

from tests.statuspage.page_in_test import MINUTE, NOW, opened_page, words_of
from whimbrel.statuspage.book import history


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


def opened(ada, **more):
    """Open an incident; returns where it is."""
    fields = {"name": "Home is slow", "body": "Posts come late.", "do": "publish"} | more
    reply = ada.post("/admin/incidents/new", **fields)
    assert reply.status == 303, words_of(reply)
    return reply.headers["location"]


def told(page):
    with page.book.look() as look:
        return [(entry.actor, entry.action) for entry in history.entries(look) if entry.actor != "whimbrel"]


def test_an_incident_is_previewed_opened_and_on_the_page_in_its_operators_name(page, ada):
    fields = {"name": "Home is slow", "body": "Posts <b>come</b> late.", "component__home": "partial_outage"}
    preview = ada.post("/admin/incidents/new", do="preview", next_update_minutes="20", **fields)
    said = words_of(preview)
    assert "nothing is published yet" in said
    assert "Posts <b>come</b> late." in said
    assert "home: partial_outage" in said
    assert "20:53 UTC" in said
    assert page.run(page.speaking.desk.incidents()) == []
    assert 'value="Home is slow"' in preview.body.decode()
    place = opened(ada, next_update_minutes="20", **fields)
    incident = page.run(page.speaking.desk.incident(place.rpartition("/")[2]))
    assert (incident.components, incident.next_update_ms) == ({"home": "partial_outage"}, NOW + 20 * MINUTE)
    assert incident.updates[0].actor == "ada"
    assert ("ada", "incident opened") in told(page)
    page.turn()
    summary = page.browser().get("/api/v2/summary.json").json
    assert [one["name"] for one in summary["incidents"]] == ["Home is slow"]
    assert page.program.rooms.showing.shown.states["home"] == "partial_outage"


def test_status_impact_cause_workaround_breach_and_data_are_said(page, ada):
    place = opened(ada)
    fields = {
        "status": "identified",
        "impact": "major",
        "cause": "A disk.",
        "workaround": "Reload.",
        "breach": "no_evidence",
    }
    assert ada.post(place, body="Found it.", data_safety="Nothing is lost.", do="publish", **fields).status == 303
    incident = page.run(page.speaking.desk.incident(place.rpartition("/")[2]))
    assert (incident.status, incident.impact, incident.breach) == ("identified", "major", "no_evidence")
    assert (incident.cause, incident.workaround, incident.data_safety) == ("A disk.", "Reload.", "Nothing is lost.")
    form = ada.get(place)
    assert "Found it." in words_of(form)
    assert re.search(r'name="cause"[^>]*>\s*A disk\.', form.body.decode()), "what stands is changed, not lost"


def test_calling_it_better_asks_for_a_reason_and_keeps_what_was_typed(page, ada):
    place = opened(ada, impact="major")
    refused = ada.post(place, body="It is small.", impact="minor", do="publish")
    assert refused.status == 422
    assert "reason" in words_of(refused)
    assert "It is small." in refused.body.decode()
    assert ada.post(place, body="It is small.", impact="minor", reason="few are hit", do="publish").status == 303
    page.turn()
    assert "few are hit" in words_of(page.browser().get(place.removeprefix("/admin")))


def test_an_edit_is_previewed_shows_as_edited_and_is_not_told_again(page, ada):
    place = opened(ada)
    incident = page.run(page.speaking.desk.incident(place.rpartition("/")[2]))
    edit = f"{place}/updates/{incident.updates[0].id}"
    assert "Posts come late." in ada.get(edit).body.decode()
    assert "nothing is published yet" in words_of(ada.post(edit, body="Posts come very late.", do="preview"))
    assert ada.post(edit, body="  ", do="publish").status == 422
    page.later(MINUTE)
    assert ada.post(edit, body="Posts come very late.", do="publish").status == 303
    after = page.run(page.speaking.desk.incident(incident.id)).updates[0]
    assert (after.body, after.edited_ms) == ("Posts come very late.", NOW + MINUTE)
    assert "edited" in words_of(ada.get(place))
    assert ada.get(f"{place}/updates/none").status == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"body": ""}, "body"),
        ({"name": ""}, "name"),
        ({"component__nothing": "major_outage"}, "nothing"),
        ({"component__home": "broken"}, "broken"),
        ({"status": "fine"}, "fine"),
        ({"next_update_minutes": "soon"}, "int"),
        ({"next_update_minutes": "99999999999999"}, "int"),
        ({"since": "yesterday"}, "yesterday"),
        ({"since": "0001-01-01T00:00+14:00"}, "0001"),
    ],
)
def test_what_cannot_be_said_is_refused_on_the_form_with_its_name(page, ada, fields, said):
    reply = ada.post("/admin/incidents/new", **({"name": "Home", "body": "It is slow.", "do": "publish"} | fields))
    assert reply.status == 422
    assert said in words_of(reply)
    assert 'role="alert"' in reply.body.decode()
    assert page.run(page.speaking.desk.incidents()) == []


def test_a_window_is_previewed_announced_begun_and_completed_and_comes_again(page, ada):
    fields = {
        "name": "A new disk",
        "body": "We change a disk.",
        "scheduled_for": "2020-10-16T02:00",
        "scheduled_until": "2020-10-16T03:00",
        "components": ["home", "media"],
        "expected": "partial_outage",
        "recurs": "FREQ=WEEKLY",
    }
    assert "2020, 02:00 UTC to" in words_of(ada.post("/admin/maintenance/new", do="preview", **fields))
    refused = ada.post("/admin/maintenance/new", do="publish", **(fields | {"scheduled_until": "2020-10-16T01:00"}))
    assert refused.status == 422
    place = ada.post("/admin/maintenance/new", do="publish", **fields).headers["location"]
    assert "nothing is published yet" in words_of(ada.post(place, status="in_progress", body="Begun.", do="preview"))
    assert ada.post(place, status="in_progress", body="", do="publish").status == 422
    assert ada.post(place, status="in_progress", body="We have begun.", do="publish").status == 303
    assert ada.post(place, status="completed", body="Done early.", do="publish").status == 303
    states = [(one.status, one.scheduled_ms) for one in page.run(page.speaking.desk.windows())]
    assert [status for status, _ in states] == ["scheduled", "completed"]
    assert [actor for actor, action in told(page) if action.startswith("maintenance")] == ["ada"] * 3


def test_components_and_services_are_added_changed_and_removed(page, ada):
    fields = {"id": "relays", "name": "Relays", "group": "Getting in", "position": "20", "only_show_if_degraded": "yes"}
    assert ada.post("/admin/components", do="set", description="", **fields).status == 303
    added = next(one for one in page.program.rooms.catalogue.components if one.id == "relays")
    assert (added.name, added.position, added.only_show_if_degraded) == ("Relays", 20, True)
    assert "Relays" in words_of(ada.get("/admin/components"))
    assert ada.post("/admin/components", do="set", id="Re lays", name="x").status == 422
    assert ada.post("/admin/components", do="remove", id="relays").status == 303
    assert ada.post("/admin/components", do="remove", id="relays").status == 422
    service = {"id": "larder", "name": "Larder", "url": "https://larder.example", "kinds": "website, app other"}
    assert ada.post("/admin/services", do="set", page_url="", **service).status == 303
    assert page.program.rooms.catalogue.services["larder"].kinds == ("website", "app", "other")
    assert ada.post("/admin/services", do="remove", id="own").status == 422, "the watched one stays"
    own = {"id": "own", "name": "Birds", "url": "https://birds.example", "kinds": "other"}
    assert ada.post("/admin/services", do="set", **own).status == 303
    assert page.program.rooms.catalogue.services["own"].own
    assert ada.post("/admin/services", do="remove", id="larder").status == 303


def test_a_key_is_shown_once_works_for_programs_and_is_revoked(page, ada):
    shown = ada.post("/admin/keys", do="make", label="deploys")
    key = re.search(r"wsk_[\w-]+", shown.body.decode())[0]
    assert key not in ada.get("/admin/keys").body.decode()
    program = page.browser(Authorization=f"Bearer {key}")
    document = {"name": "Media fail", "body": "Uploads fail.", "components": {"media": "major_outage"}}
    incident = program.ask("POST", "/api/admin/incidents", body=json.dumps(document).encode()).json
    assert incident["updates"][0]["actor"] == "ada"
    at = f"/api/admin/incidents/{incident['id']}"
    said = program.ask("POST", f"{at}/updates", body=b'{"body": "Still.", "status": "identified"}').json
    assert said["status"] == "identified"
    edited = program.ask("PUT", f"{at}/updates/{said['updates'][0]['id']}", body=b'{"body": "Still, alas."}').json
    assert edited["updates"][0]["body"] == "Still, alas."
    assert [one["id"] for one in program.get("/api/admin/incidents").json] == [incident["id"]]
    (held,) = page.run(page.speaking.operators.keys())
    ada.get("/admin/keys")
    assert ada.post("/admin/keys", do="revoke", id=held.id).status == 303
    assert program.get(at).status == 401
    assert ada.post("/admin/keys", do="make", label=" ").status == 422


def test_programs_set_components_services_and_windows(page):
    page.operator()
    key = page.run(page.speaking.operators.add_key("ada", "deploys", actor="ada"))
    program = page.browser(Authorization=f"Bearer {key}")
    assert program.ask("PUT", "/api/admin/components/relays", body=b'{"name": "Relays"}').json["id"] == "relays"
    assert "relays" in [one["id"] for one in program.get("/api/admin/components").json]
    assert program.ask("DELETE", "/api/admin/components/relays").status == 204
    service = b'{"name": "Larder", "url": "https://larder.example", "kinds": ["app"]}'
    assert program.ask("PUT", "/api/admin/services/larder", body=service).json["own"] is False
    assert len(program.get("/api/admin/services").json) == 2
    assert program.ask("DELETE", "/api/admin/services/larder").status == 204
    window = {
        "name": "A new disk",
        "body": "We change it.",
        "components": ["home"],
        "scheduled_for": "2020-10-16T02:00Z",
        "scheduled_until": "2020-10-16T03:00Z",
    }
    made = program.ask("POST", "/api/admin/maintenances", body=json.dumps(window).encode()).json
    going = b'{"status": "in_progress", "body": "Begun."}'
    at = f"/api/admin/maintenances/{made['id']}/updates"
    assert program.ask("POST", at, body=going).json["status"] == "in_progress"
    assert [one["status"] for one in program.get("/api/admin/maintenances").json] == ["in_progress"]


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({}, b"{}", 401, "unauthenticated"),
        ({"Authorization": "Bearer wsk_guess"}, b"{}", 401, "unauthenticated"),
        ({"Authorization": "Basic YTpi"}, b"{}", 401, "unauthenticated"),
        (None, b"{", 400, "bad_request"),
        (None, b"[]", 422, "invalid"),
        (None, b'{"name": "x", "body": "y", "colour": "red"}', 422, "invalid"),
        (None, b"[" * 60_000, 400, "bad_request"),
        (None, b" " * 70_000, 413, "too_large"),
    ],
)
def test_a_program_that_may_not_or_errs_is_told_so(page, headers, body, status, code):
    page.operator()
    key = page.run(page.speaking.operators.add_key("ada", "deploys", actor="ada"))
    program = page.browser(**({"Authorization": f"Bearer {key}"} if headers is None else headers))
    reply = program.ask("POST", "/api/admin/incidents", body=body)
    assert (reply.status, reply.json["error"]["code"]) == (status, code)


def test_the_history_is_a_list_that_can_be_read(page, ada):
    opened(ada)
    said = words_of(ada.get("/admin/history"))
    assert "ada , incident opened" in said
    assert "Chain" in said
    assert "Older" not in said
    for number in range(99):
        page.run(page.speaking.operators.add_key("ada", f"key {number}", actor="ada"))
    older = re.search(r"/admin/history\?before=\d+", ada.get("/admin/history").body.decode())[0]
    assert "operator created" in words_of(ada.get(older))
    assert ada.get("/admin/history?before=all").status == 200


def test_an_address_without_a_page_is_not_found_and_all_the_others_need_a_session(page, ada):
    assert ada.get("/admin/incidents/none").status == 404
    assert "Nothing waits." in words_of(ada.get("/admin/comments"))
    stranger = page.browser()
    for path in ("", "/incidents/new", "/maintenance/new", "/components", "/services", "/keys", "/history"):
        for reply in (stranger.get(f"/admin{path}"), stranger.post(f"/admin{path}", do="publish")):
            assert reply.status in (303, 405), path
            assert reply.headers.get("location", "/admin/sign-in") == "/admin/sign-in"
    assert stranger.get("/admin/admin.css").status == 200
