"""Signing in through an app: from registration to a token that works, and every way in which it must not."""

import hashlib
import html
import re
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import urlencode

import pytest

from tests.support.browsing import PASSWORD, Browser, Server
from tests.support.openapi import assert_entity
from whimbrel.api.oauth.passwords import WRONG
from whimbrel.api.oauth.redirects import OUT_OF_BAND
from whimbrel.reliability.ratelimit import ADDRESS

BACK = "https://app.example/back?at=1"
VERIFIER = "v" * 64
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def register(server, *, redirect_uris=BACK, scopes="read write follow push"):
    reply = server.post("/api/v1/apps", {"client_name": "Curlew", "redirect_uris": redirect_uris, "scopes": scopes})
    assert reply.status == 200
    return reply.json


def request_of(app, **changed):
    query = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": BACK, "scope": "read write"}
    return {name: value for name, value in (query | changed).items() if value is not None}


def sign_in(browser, app, *, login="ada", password=PASSWORD, **changed):
    page = browser.open("/oauth/authorize", **request_of(app, **changed))
    return browser.send(page.form, login=login, password=password)


def consent_page(browser, app, **changed):
    sent_on = sign_in(browser, app, **changed)
    assert sent_on.status == 303
    return browser.open(sent_on.location)


def code_for(browser, app, **changed):
    return browser.send(consent_page(browser, app, **changed).form, decision="allow").answer["code"]


def exchange(server, app, code, **changed):
    values = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "redirect_uri": BACK,
    }
    return server.post("/oauth/token", {name: value for name, value in (values | changed).items() if value is not None})


def test_a_person_signs_in_allows_the_app_and_the_app_acts_for_them(server, browser):
    app = register(server)
    sent_on = sign_in(browser, app, state="a b&c")
    assert sent_on.status == 303
    consent = browser.open(sent_on.location)
    assert "Curlew" in consent.text
    assert "@ada" in consent.text
    back = browser.send(consent.form, decision="allow")
    assert back.status == 303
    assert back.location.startswith(BACK + "&code=")
    assert back.answer["state"] == "a b&c"
    assert back.answer["iss"] == "http://127.0.0.1:8000/"
    given = exchange(server, app, back.answer["code"])
    assert_entity("Token", given.text)
    assert given.json["scope"] == "read write"
    assert given.json["created_at"] * 1000 <= server.clock.now_ms
    assert given.header("cache-control") == "private, no-store"
    assert server.get("/api/v1/preferences", token=given.json["access_token"]).status == 200


def test_a_person_who_says_no_sends_the_app_away_with_that(server, browser):
    back = browser.send(consent_page(browser, register(server), state="s").form, decision="deny")
    assert (back.answer["error"], back.answer["state"]) == ("access_denied", "s")
    assert "code" not in back.answer


def test_out_of_band_the_code_is_shown_to_be_copied(server, browser):
    app = register(server, redirect_uris=OUT_OF_BAND)
    page = browser.send(consent_page(browser, app, redirect_uri=OUT_OF_BAND).form, decision="allow")
    assert page.status == 200
    code = page.text.partition("readonly autofocus>")[2].partition("<")[0]
    assert len(code) < 200
    assert exchange(server, app, code, redirect_uri=OUT_OF_BAND).status == 200


def test_a_native_app_gets_its_answer_on_whichever_loopback_port_it_has(server, browser):
    app = register(server, redirect_uris=["http://127.0.0.1/back"])
    here = "http://127.0.0.1:50123/back"
    back = browser.send(consent_page(browser, app, redirect_uri=here).form, decision="allow")
    assert back.location.startswith(here + "?code=")
    assert exchange(server, app, back.answer["code"], redirect_uri=here).status == 200


def test_who_is_signed_in_is_asked_again_without_typing_anything(server, browser):
    app = register(server)
    code_for(browser, app)
    assert "Allow Curlew" in browser.open("/oauth/authorize", **request_of(app)).text


def test_force_login_asks_for_the_password_though_somebody_is_signed_in(server, browser):
    app = register(server)
    code_for(browser, app)
    page = browser.open("/oauth/authorize", **request_of(app, force_login="true"))
    assert 'name="password"' in page.text
    assert "Allow Curlew" in browser.open(browser.send(page.form, login="ada", password=PASSWORD).location).text


def test_another_account_is_chosen_by_signing_out(server, browser):
    server.add_account("bea")
    app = register(server)
    page = consent_page(browser, app)
    session = browser.cookies["whimbrel_session"]
    again = browser.open(browser.send(page.form, to="/oauth/sign_out").location)
    assert 'name="password"' in again.text
    assert server.run(server.doors.access.session(session)) is None
    assert "@bea" in browser.open(browser.send(again.form, login="bea", password=PASSWORD).location).text


def test_a_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites(server, browser):
    sent_on = sign_in(browser, register(server))
    cookie = next(value for name, value in sent_on.headers if name == "set-cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_behind_https_every_cookie_is_secure_and_bound_to_this_host(tmp_path):
    server = Server(tmp_path, public_url="https://whimbrel.example")
    server.add_account("ada")
    sent_on = sign_in(Browser(server), register(server))
    cookie = next(value for name, value in sent_on.headers if name == "set-cookie")
    assert cookie.startswith("__Host-whimbrel_session=")
    assert "Secure" in cookie
    server.close()


def test_a_session_cookie_opens_no_api(server, browser):
    sign_in(browser, register(server))
    assert server.get("/api/v1/preferences", token=browser.cookies["whimbrel_session"]).status == 401


def test_wrong_name_and_wrong_password_read_the_same(server, browser):
    app = register(server)
    wrong = [
        sign_in(browser, app, password="something else"),
        sign_in(browser, app, login="nobody"),
        sign_in(browser, app, login="nobody@mail.example"),
        sign_in(browser, app, login="ada", password=""),
        sign_in(browser, app, login="a" * 5_000),
    ]
    assert [page.status for page in wrong] == [422] * 5
    assert all(WRONG in page.text for page in wrong)
    assert "whimbrel_session" not in browser.cookies


def test_the_page_with_a_mistake_can_be_sent_again(server, browser):
    page = sign_in(browser, register(server), password="something else")
    assert page.form.fields["login"] == "ada"
    assert browser.send(page.form, password=PASSWORD).status == 303


def test_an_account_that_waits_is_told_so_only_to_who_knows_its_password(server, browser):
    server.add_account("cleo", confirmed=False)
    app = register(server)
    assert "missing a confirmed e-mail" in sign_in(browser, app, login="cleo").text
    assert WRONG in sign_in(browser, app, login="cleo", password="something else").text


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": "https://evil.example/back"},
        {"redirect_uri": None},
        {"redirect_uri": "https://app.example/back"},
        {"redirect_uri": BACK + "&more=1"},
    ],
)
def test_an_unknown_app_or_address_is_never_redirected_to(server, browser, changed):
    page = browser.open("/oauth/authorize", **request_of(register(server), **changed))
    assert page.status == 400
    assert page.location == ""
    assert "That did not work" in page.text


WRONG_REQUESTS = [
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": None}, "unsupported_response_type"),
    ({"scope": "read everything"}, "invalid_scope"),
    ({"scope": "admin:read"}, "invalid_scope"),
    ({"code_challenge": CHALLENGE}, "invalid_request"),
    ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
]


@pytest.mark.parametrize(("changed", "error"), WRONG_REQUESTS)
def test_a_wrong_request_of_a_known_app_is_told_to_the_app_once_somebody_has_signed_in(server, browser, changed, error):
    app = register(server)
    sign_in(browser, app)
    back = browser.open("/oauth/authorize", **request_of(app, state="s", **changed))
    assert back.status == 303
    assert back.location.startswith(BACK)
    assert (back.answer["error"], back.answer["state"]) == (error, "s")


@pytest.mark.parametrize(("changed", "error"), WRONG_REQUESTS)
def test_a_mere_link_led_whoever_followed_it_to_the_address_of_any_app(server, browser, changed, error):
    told = browser.open("/oauth/authorize", **request_of(register(server), state="s", **changed))
    assert (told.status, told.location) == (400, "")
    (back,) = re.findall('href="(https:[^"]+)" rel="noreferrer">app.example<', told.text)
    assert html.unescape(back).startswith(f"{BACK}&error={error}&")


def test_a_form_from_another_browser_does_nothing(server, browser):
    app = register(server)
    mine = browser.open("/oauth/authorize", **request_of(app))
    other = Browser(server)
    other.open("/oauth/authorize", **request_of(app))
    assert other.send(mine.form, login="ada", password=PASSWORD).status == 403
    assert Browser(server).send(mine.form, login="ada", password=PASSWORD).status == 403


def test_a_consent_form_works_only_in_the_session_that_it_was_shown_to(server, browser):
    app = register(server)
    form = consent_page(browser, app).form
    server.add_account("bea")
    other = Browser(server)
    sign_in(other, app, login="bea")
    assert other.send(form, decision="allow").status == 403
    assert Browser(server).send(form, decision="allow").status == 403
    assert browser.send(form, decision="allow").status == 303


def test_a_sign_in_form_is_no_consent_form(server, browser):
    app = register(server)
    page = browser.open("/oauth/authorize", **request_of(app))
    browser.send(page.form, login="ada", password=PASSWORD)
    assert browser.send(page.form, to="/oauth/authorize", decision="allow").status == 403


def test_a_form_that_lay_about_for_an_hour_does_nothing(server, browser):
    form = consent_page(browser, register(server)).form
    server.clock.now_ms += 61 * 60_000
    assert browser.send(form, decision="allow").status == 403


def test_a_code_works_once(server, browser):
    app = register(server)
    code = code_for(browser, app)
    assert exchange(server, app, code).status == 200
    again = exchange(server, app, code)
    assert (again.status, again.json["error"]) == (400, "invalid_grant")


def test_a_code_works_for_ten_minutes_and_after_that_not(server, browser):
    app = register(server)
    code = code_for(browser, app)
    server.clock.now_ms += 10 * 60_000
    assert exchange(server, app, code).json["error"] == "invalid_grant"


def test_a_code_works_for_its_own_app_and_address_only(server, browser):
    app, other = register(server), register(server)
    code = code_for(browser, app)
    assert exchange(server, other, code).json["error"] == "invalid_grant"
    assert exchange(server, app, code, redirect_uri="https://app.example/").json["error"] == "invalid_grant"
    assert exchange(server, app, code, redirect_uri=None).json["error"] == "invalid_grant"
    assert exchange(server, app, "made up").json["error"] == "invalid_grant"
    assert exchange(server, app, code).status == 200


def test_a_code_asked_for_with_a_challenge_needs_its_verifier(server, browser):
    app = register(server)
    code = code_for(browser, app, code_challenge=CHALLENGE, code_challenge_method="S256")
    assert exchange(server, app, code).json["error"] == "invalid_grant"
    assert exchange(server, app, code, code_verifier="w" * 64).json["error"] == "invalid_grant"
    assert exchange(server, app, code, code_verifier=VERIFIER).status == 200


def test_a_verifier_for_a_code_without_challenge_is_refused(server, browser):
    app = register(server)
    assert exchange(server, app, code_for(browser, app), code_verifier=VERIFIER).json["error"] == "invalid_grant"


def test_a_code_of_an_account_that_was_disabled_since_is_refused(server, browser):
    app = register(server)
    code = code_for(browser, app)
    ada = server.run(server.doors.accounts.by_name("ada"))
    server.run(server.doors.accounts.disable(ada.id, reason="a test"))
    assert exchange(server, app, code).json["error"] == "invalid_grant"
    assert 'name="password"' in browser.open("/oauth/authorize", **request_of(app)).text


def test_a_wrong_secret_is_refused_by_body_and_by_header(server, browser):
    app = register(server)
    code = code_for(browser, app)
    refused = exchange(server, app, code, client_secret="wrong")
    assert (refused.status, refused.json["error"]) == (401, "invalid_client")
    values = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    wrong = b64encode(f"{app['client_id']}:wrong".encode()).decode()
    refused = server.post("/oauth/token", values, basic=wrong)
    assert (refused.status, refused.json["error"]) == (401, "invalid_client")
    assert refused.header("www-authenticate") == 'Basic realm="Whimbrel"'
    assert server.post("/oauth/token", values, basic="%%%").status == 401
    right = b64encode(f"{app['client_id']}:{app['client_secret']}".encode()).decode()
    assert server.post("/oauth/token", values, basic=right).status == 200


def test_what_the_app_may_do_is_in_words_on_the_page(server, browser):
    page = consent_page(browser, register(server), scope="read:statuses write:media push")
    for words in ("Read the posts", "Upload pictures", "Receive push notifications"):
        assert words in page.text


def test_an_app_cannot_put_html_on_the_page(server, browser):
    reply = server.post("/api/v1/apps", {"client_name": "<b>Bank</b>", "redirect_uris": BACK, "scopes": "read write"})
    page = consent_page(browser, reply.json)
    assert "<b>Bank" not in page.text
    assert "&lt;b&gt;Bank" in page.text


def test_pages_cannot_be_framed_cached_scripted_or_traced(server, browser):
    app = register(server)
    page = browser.open("/oauth/authorize", **request_of(app))
    policy = page.header("content-security-policy")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "script-src" not in policy
    assert page.header("referrer-policy") == "no-referrer"
    assert page.header("x-frame-options") == "DENY"
    assert page.header("cache-control") == "no-store"
    assert page.header("access-control-allow-origin") is None


def test_the_consent_form_may_lead_away_to_any_app(server, browser):
    page = consent_page(browser, register(server))
    assert "form-action" not in page.header("content-security-policy")


def test_trying_passwords_ends_for_the_address_and_for_the_name(tmp_path):
    server = Server(tmp_path, limited=True)
    server.add_account("ada")
    browser = Browser(server)
    page = browser.open("/oauth/authorize", **request_of(register(server)))
    for _ in range(25):
        assert browser.send(page.form, login="ada", password="wrong").status == 422
    refused = browser.send(page.form, login="ada", password=PASSWORD)
    assert refused.status == 429
    assert "Wait" in refused.text
    server.clock.now_ms += 5 * 60_000
    assert browser.send(page.form, login="ada", password=PASSWORD).status == 429
    assert browser.send(page.form, login="nobody", password=PASSWORD).status == 422
    server.clock.now_ms += 54 * 60_000
    page = browser.open("/oauth/authorize", **request_of(register(server)))
    assert browser.send(page.form, login="ada", password=PASSWORD).status == 303
    server.close()


def test_a_person_at_a_browser_read_json_when_too_much_was_asked_or_sent(tmp_path):
    server = Server(tmp_path, limited=True)
    too_much = server.ask("POST", "/oauth/sign_in", headers={"Content-Length": str(10**9)}, body=b"")
    refused = [Browser(server).open("/oauth/authorize") for _ in range(ADDRESS.requests)][-1]
    server.close()
    assert (too_much.status, refused.status) == (413, 429)
    assert all("That did not work" in page.text for page in (too_much, refused))
    assert int(refused.header("retry-after")) > 0
    assert refused.header("x-ratelimit-remaining") == "0"


@pytest.mark.parametrize("other", ["before", "behind"])
def test_a_browser_that_sends_each_cookie_by_itself_was_taken_for_another(server, browser, other):
    form = browser.open("/oauth/authorize", **request_of(register(server))).form
    ours, theirs = f"whimbrel_browser={browser.cookies['whimbrel_browser']}", "theirs=1"
    first, second = (theirs, ours) if other == "before" else (ours, theirs)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": first, "cookie": second}
    body = urlencode(form.fields | {"login": "ada", "password": PASSWORD}).encode()
    assert server.ask("POST", form.action, headers=headers, body=body).status == 303
