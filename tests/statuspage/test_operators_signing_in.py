"""Getting in: one answer for everything that is wrong, a code once, forms from our own pages only."""

import asyncio

import pytest

from tests.statuspage.page_in_test import HOST, HOUR, MINUTE, PASSWORD, opened_page, words_of
from whimbrel.kernel.errors import Conflict, Invalid, NotFound
from whimbrel.kernel.limits import OPERATOR_SESSION_IDLE_SECONDS, OPERATOR_SESSION_SECONDS
from whimbrel.reliability.proxies import networks
from whimbrel.statuspage.book import history
from whimbrel.statuspage.operators import totp
from whimbrel.statuspage.operators.front import Attempt
from whimbrel.statuspage.operators.guard import COOKIE

RFC_SECRET = b"12345678901234567890"
RFC_CODES = [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]


@pytest.fixture
def page(tmp_path):
    with opened_page(tmp_path) as page:
        yield page


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES)
def test_codes_are_those_of_the_rfc(seconds, code):
    assert totp.code_of(RFC_SECRET, totp.step_at(1_000 * seconds)) == code


def test_a_clock_may_be_half_a_minute_wrong_and_no_more(page):
    secret = page.operator()
    now = page.now_ms
    for steps, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        assert (totp.step_of(secret, page.code(secret, steps), now) is not None) is good


def test_somebody_signs_in_and_out(page):
    browser = page.browser()
    secret = page.operator()
    assert browser.get("/admin").headers["location"] == "/admin/sign-in"
    assert "authenticator" in words_of(browser.get("/admin/sign-in"))
    reply = browser.sign_in(secret)
    assert (reply.status, reply.headers["location"]) == (303, "/admin")
    cookie = reply.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/admin" in cookie
    assert "Signed in as ada" in words_of(browser.get("/admin"))
    token = browser.cookies[COOKIE]
    assert browser.post("/admin/sign-out").headers["location"] == "/admin/sign-in"
    browser.cookies[COOKIE] = token
    assert browser.get("/admin").status == 303


def test_a_cookie_goes_over_https_only_where_the_page_is_reached_so(tmp_path):
    with opened_page(tmp_path, public_url=f"https://{HOST}") as page:
        reply = page.browser().sign_in(page.operator())
        assert "secure" in reply.headers["set-cookie"].lower()


def test_whatever_is_wrong_the_answer_is_the_same(page):
    secret = page.operator()
    browser = page.browser()
    wrong = "000000" if page.code(secret) != "000000" else "111111"
    replies = [
        browser.sign_in(secret, name="nobody"),
        browser.sign_in(secret, password="not ada's password"),
        browser.sign_in(secret, code=wrong),
        browser.sign_in(secret, code=""),
    ]
    assert {reply.status for reply in replies} == {401}
    assert len({reply.body for reply in replies}) == 1


def test_a_code_is_good_once_and_older_ones_not_after_it(page):
    secret = page.operator()
    code, older = page.code(secret), page.code(secret, -1)
    assert page.browser().sign_in(secret, code=code).status == 303
    assert page.browser().sign_in(secret, code=code).status == 401
    assert page.browser().sign_in(secret, code=older).status == 401
    page.later(MINUTE)
    assert page.browser().sign_in(secret).status == 303


def test_two_who_send_one_code_at_once_get_one_session(page):
    secret = page.operator()
    code = page.code(secret)

    async def both():
        tries = [page.speaking.operators.sign_in(Attempt("ada", PASSWORD, code, f"n{one}")) for one in range(2)]
        return await asyncio.gather(*tries, return_exceptions=True)

    assert sorted(type(one).__name__ for one in page.run(both())) == ["Unauthenticated", "str"]


def test_who_guesses_waits_longer_each_time_and_the_right_password_does_not_help_then(page):
    secret = page.operator()
    browser = page.browser()
    for _ in range(5):
        assert browser.sign_in(secret, password="a guess, a wrong one").status == 401
    refused = browser.sign_in(secret)
    assert refused.status == 429
    assert int(refused.headers["retry-after"]) == 1
    waits = []
    for _ in range(4):
        page.later(HOUR)
        assert browser.sign_in(secret, password="a guess, a wrong one").status == 401
        waits.append(int(browser.sign_in(secret).headers["retry-after"]))
    assert waits == [2, 4, 8, 16]
    page.later(MINUTE)
    assert browser.sign_in(secret).status == 303


def test_a_stranger_cannot_lock_an_operator_out(tmp_path):
    with opened_page(tmp_path, proxies=networks(("192.0.2.7",))) as page:
        secret = page.operator()
        stranger = page.browser(**{"X-Forwarded-For": "198.51.100.1"})
        for _ in range(6):
            stranger.sign_in(secret, password="a guess, a wrong one")
        assert stranger.sign_in(secret).status == 429
        assert page.browser(**{"X-Forwarded-For": "203.0.113.9"}).sign_in(secret).status == 303


def test_who_has_the_password_cannot_try_codes_from_many_places(tmp_path):
    with opened_page(tmp_path, proxies=networks(("192.0.2.7",))) as page:
        secret = page.operator()
        replies = [
            page.browser(**{"X-Forwarded-For": f"198.51.100.{one}"}).sign_in(secret, code="not a code").status
            for one in range(6)
        ]
        assert replies == [401] * 5 + [429]


def test_a_session_ends_when_it_was_idle_and_when_it_is_old(page):
    secret = page.operator()
    browser = page.browser()
    browser.sign_in(secret)
    for _ in range(OPERATOR_SESSION_SECONDS // 3_000 - 1):
        page.later(3_000_000)
        assert browser.get("/admin").status == 200, "somebody who works stays signed in"
    page.later(3_000_000)
    page.later(3_000_000)
    assert browser.get("/admin").status == 303, "twelve hours are over"
    browser.sign_in(secret)
    page.later(1_000 * OPERATOR_SESSION_IDLE_SECONDS)
    assert browser.get("/admin").status == 303, "idle for an hour"


def test_a_form_without_the_sessions_token_is_refused(page):
    secret = page.operator()
    browser, other = page.browser(), page.browser()
    browser.sign_in(secret)
    browser.get("/admin")
    page.later(MINUTE)
    other.sign_in(secret)
    other.get("/admin")
    assert browser.csrf != other.csrf
    for csrf in ("", "0" * 64, other.csrf):
        reply = browser.post("/admin/incidents/new", csrf=csrf, name="Home", body="It is slow.", do="publish")
        assert reply.status == 403
    elsewhere = {"Origin": "https://elsewhere.example"}
    reply = browser.post("/admin/incidents/new", headers=elsewhere, name="Home", body="It is slow.", do="publish")
    assert reply.status == 403
    assert browser.post("/admin/sign-in", headers={"Sec-Fetch-Site": "cross-site"}, name="ada").status == 403
    assert page.run(page.speaking.desk.incidents()) == []


def test_a_form_that_is_too_large_or_no_form_is_refused(page):
    browser = page.browser()
    assert browser.post("/admin/sign-in", name="x" * 9_000).status == 413
    assert browser.ask("POST", "/admin/sign-in", body=b"name=%ff%fe").status == 400
    assert browser.ask("POST", "/admin/sign-in", body=b"a&" * 400).status == 400


def test_another_password_ends_the_sessions_and_the_old_second_factor(page):
    secret = page.operator()
    browser = page.browser()
    browser.sign_in(secret)
    page.run(page.speaking.operators.set_password("ada", "another password", actor="test"))
    assert browser.get("/admin").status == 303
    page.later(MINUTE)
    assert browser.sign_in(secret, password="another password").status == 401


def test_who_is_removed_is_out_with_sessions_and_keys(page):
    secret = page.operator()
    operators = page.speaking.operators
    browser = page.browser()
    browser.sign_in(secret)
    key = page.run(operators.add_key("ada", "deploys", actor="ada"))
    assert page.run(operators.key_owner(key)) == "ada"
    page.run(operators.remove("ada", actor="test"))
    assert browser.get("/admin").status == 303
    assert page.run(operators.keys()) == []
    with pytest.raises(NotFound):
        page.run(operators.remove("ada", actor="test"))


@pytest.mark.parametrize("name", ["", "whimbrel", "-x", "a b", "x" * 41, "<b>"])
def test_a_name_that_cannot_be_one_is_refused(page, name):
    with pytest.raises(Invalid, match="name"):
        page.run(page.speaking.operators.create(name, PASSWORD, actor="test"))


def test_a_short_password_and_a_taken_name_are_refused(page):
    page.operator()
    with pytest.raises(Invalid, match="password"):
        page.run(page.speaking.operators.create("bob", "short", actor="test"))
    with pytest.raises(Conflict):
        page.run(page.speaking.operators.create("Ada", PASSWORD, actor="test"))


def test_the_book_holds_no_password_key_or_session_and_the_history_no_secret(page):
    secret = page.operator()
    browser = page.browser()
    browser.sign_in(secret)
    key = page.run(page.speaking.operators.add_key("ada", "deploys", actor="ada"))
    files = b"".join(one.read_bytes() for one in page.settings.data.glob("status.sqlite*"))
    for held in (PASSWORD, key, browser.cookies[COOKIE]):
        assert held.encode() not in files
    with page.book.look() as look:
        told = list(history.entries(look))
    assert not any(secret in entry.payload or secret.hex().encode() in entry.payload for entry in told)
    actions = [entry.action for entry in told if entry.actor in ("ada", "test")]
    assert actions == ["operator created", "signed in", "key created"]
