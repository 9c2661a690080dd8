"""What people write beside a report, the whole way: it comes, waits, is shown or not, is taken back, in the chain."""

import json
from hashlib import sha256

import pytest

from tests.statuspage.page_in_test import HOUR, MINUTE, opened_page, words_of
from whimbrel.statuspage.book import history
from whimbrel.statuspage.reports.notes import HIDDEN_DAYS

WORDS = "Home is <i>empty</i> in Bristol"


@pytest.fixture
def page(tmp_path):
    with opened_page(tmp_path) as page:
        page.run(page.program.rooms.reports.start())
        yield page


@pytest.fixture
def ada(page):
    secret = page.operator()
    browser = page.browser()
    browser.get("/admin/sign-in")
    assert browser.sign_in(secret).status == 303
    return browser


@pytest.fixture
def program(page):
    page.operator()
    key = page.run(page.speaking.operators.add_key("ada", "moderation", actor="ada"))
    return page.browser(Authorization=f"Bearer {key}")


def report(page, words, agent="Mozilla/5.0 Firefox/120.0"):
    sent = json.dumps({"service": "own", "kind": "timeline", "words": words}).encode()
    browser = page.browser(**{"User-Agent": agent, "Content-Type": "application/json"})
    assert browser.ask("POST", "/api/reports", body=sent).status == 201


def shown_to_everybody(page):
    """The notes of the public document; the public page has the same."""
    notes = [note["words"] for note in page.browser().get("/api/services/own").json["notes"]]
    said = words_of(page.browser().get("/services/own"))
    assert all(note in said for note in notes)
    assert (WORDS in said) == (WORDS in notes)
    return notes


def decisions(page):
    with page.book.look() as look:
        assert list(history.faults(look)) == []
        return [
            (entry.actor, entry.action, entry.details["words_sha256"])
            for entry in history.entries(look)
            if entry.action.startswith("note ")
        ]


def steps(words, *actions):
    return [("ada", action, sha256(words.encode()).hexdigest()) for action in actions]


def test_by_page_a_comment_waits_is_shown_and_is_hidden_again_when_it_is_taken_back(page, ada):
    report(page, WORDS)
    assert shown_to_everybody(page) == []
    waiting = ada.get("/admin/comments")
    assert (WORDS in words_of(waiting), "<i>" in waiting.body.decode()) == (True, False)
    assert "What is shown" not in words_of(waiting)
    assert ada.post("/admin/comments", id="1", do="show").status == 303
    assert shown_to_everybody(page) == [WORDS]
    said = words_of(ada.get("/admin/comments"))
    assert "Nothing waits." in said
    assert "Take it back" in said
    assert ada.post("/admin/comments", id="1", do="hide").status == 303
    assert shown_to_everybody(page) == []
    assert "Show it" in words_of(ada.get("/admin/comments"))
    assert ada.post("/admin/comments", id="1", do="hide").status == 303
    assert WORDS not in words_of(ada.get("/admin/comments"))
    assert decisions(page) == steps(WORDS, "note shown", "note taken back", "note dropped")
    assert ada.post("/admin/comments", id="1", do="show").status == 404


def test_by_program_a_comment_is_listed_shown_and_taken_back_and_another_turned_down(page, program):
    report(page, WORDS)
    report(page, "Buy larder doors", agent="Mozilla/5.0 Chrome/130.0")
    found = program.get("/api/admin/comments").json
    assert [(one["about"], one["text"]) for one in found["waiting"]] == [
        ("Birds", WORDS),
        ("Birds", "Buy larder doors"),
    ]
    first, second = (f"/api/admin/comments/{one['id']}" for one in found["waiting"])
    assert program.ask("POST", first, body=b'{"shown": true}').status == 204
    assert program.ask("POST", second, body=b'{"shown": false}').status == 204
    found = program.get("/api/admin/comments").json
    assert (found["waiting"], [one["text"] for one in found["shown"]]) == ([], [WORDS])
    assert shown_to_everybody(page) == [WORDS]
    assert program.ask("POST", first, body=b'{"shown": true}').status == 204, "twice is once"
    assert program.ask("POST", first, body=b'{"shown": false}').status == 204
    assert shown_to_everybody(page) == []
    assert decisions(page) == [
        *steps(WORDS, "note shown"),
        *steps("Buy larder doors", "note dropped"),
        *steps(WORDS, "note taken back"),
    ]


def test_a_decision_that_cannot_be_is_refused_and_nothing_is_shown(page, program):
    report(page, WORDS)
    for path, body, status in (
        ("1", b'{"shown": "perhaps"}', 422),
        ("1", b'{"shown": true, "loudly": true}', 422),
        ("1", b"{}", 422),
        ("2", b'{"shown": true}', 404),
        ("one", b'{"shown": false}', 404),
    ):
        assert program.ask("POST", f"/api/admin/comments/{path}", body=body).status == status
    assert (shown_to_everybody(page), decisions(page)) == ([], [])


def test_who_is_no_operator_neither_sees_nor_decides(page):
    report(page, WORDS)
    stranger = page.browser()
    for reply in (stranger.get("/admin/comments"), stranger.post("/admin/comments", id="1", do="show")):
        assert (reply.status, reply.headers["location"]) == (303, "/admin/sign-in")
    assert stranger.get("/api/admin/comments").status == 401
    assert stranger.ask("POST", "/api/admin/comments/1", body=b'{"shown": true}').status == 401
    assert shown_to_everybody(page) == []


def test_what_nobody_lets_through_is_forgotten_and_the_history_holds_no_words(page, ada):
    report(page, WORDS)
    ada.post("/admin/comments", id="1", do="show")
    ada.post("/admin/comments", id="1", do="hide")
    page.later((24 * HIDDEN_DAYS + 1) * HOUR)
    for _ in range(16):
        page.later(MINUTE)
        page.turn()
    with page.book.look() as look:
        assert look.one("SELECT COUNT(*) FROM report_notes")[0] == 0
        assert WORDS not in str([entry.details for entry in history.entries(look)])
