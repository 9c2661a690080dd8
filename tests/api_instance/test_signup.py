"""Signing up through an app, as far as the operator lets people in."""

import pytest

from tests.support.openapi import assert_entity

WANTED = {
    "username": "bea",
    "email": "bea@mail.example",
    "password": "a godwit in the rain",
    "agreement": True,
    "locale": "en",
}


def app_token(server, *scopes):
    app, _ = server.run(
        server.doors.access.register_app(name="Curlew", redirect_uris=("curlew://back",), scopes=("read", "write"))
    )
    return server.run(
        server.doors.access.issue_token(account_id=None, app_id=app.id, scopes=scopes or ("read", "write"))
    )


def sign_up(server, **changed):
    return server.post("/api/v1/accounts", WANTED | changed, token=app_token(server))


def test_where_it_is_open_the_token_works_at_once(serve):
    server = serve(registrations="open", confirm_email=False)
    given = assert_entity("Token", sign_up(server).text)
    assert server.get("/api/v1/preferences", token=given["access_token"]).status == 200


def test_where_addresses_are_confirmed_the_token_waits_for_that(serve):
    server = serve(registrations="open", confirm_email=True)
    token = sign_up(server).json["access_token"]
    refused = server.get("/api/v1/preferences", token=token)
    assert refused.status == 403
    assert "confirmed" in refused.json["error"]
    assert server.get("/api/v1/emails/check_confirmation", token=token).json is False
    assert server.get("/api/v1/apps/verify_credentials", token=token).status == 200
    asked = server.post("/api/v1/emails/confirmations", {}, token=token)
    assert (asked.status, "operator" in asked.json["error"]) == (422, True)
    bea = server.run(server.doors.accounts.by_name("bea"))
    server.run(server.doors.accounts.confirm(bea.id))
    assert server.get("/api/v1/preferences", token=token).status == 200
    assert server.post("/api/v1/emails/confirmations", {}, token=token).status == 403


def test_where_moderators_approve_a_reason_is_asked_and_the_token_waits(serve):
    server = serve(registrations="approval", confirm_email=False)
    refused = sign_up(server)
    assert assert_entity("ValidationError", refused.text)["details"]["reason"][0]["error"] == "ERR_BLANK"
    token = sign_up(server, reason="I count birds").json["access_token"]
    assert "approval" in server.get("/api/v1/preferences", token=token).json["error"]


def test_where_it_is_closed_nobody_signs_up(serve):
    refused = sign_up(serve())
    assert (refused.status, refused.json["error"]) == (403, "Registrations on this server are closed")


@pytest.mark.parametrize(
    ("changed", "field", "error"),
    [
        ({"username": ""}, "username", "ERR_BLANK"),
        ({"username": "bea.b"}, "username", "ERR_INVALID"),
        ({"username": "admin"}, "username", "ERR_RESERVED"),
        ({"username": "ADA"}, "username", "ERR_TAKEN"),
        ({"email": "no address"}, "email", "ERR_INVALID"),
        ({"email": "Ada@mail.example"}, "email", "ERR_TAKEN"),
        ({"password": "short"}, "password", "ERR_TOO_SHORT"),
        ({"agreement": False}, "agreement", "ERR_ACCEPTED"),
        ({"locale": "not a language"}, "locale", "ERR_INVALID"),
    ],
)
def test_what_is_wrong_is_said_field_by_field(serve, changed, field, error):
    server = serve(registrations="open", confirm_email=False)
    server.add_account("ada")
    refused = sign_up(server, **changed)
    assert refused.status == 422
    assert assert_entity("ValidationError", refused.text)["details"][field][0]["error"] == error


def test_signing_up_needs_an_apps_own_token_that_may_write_accounts(serve, token_of):
    server = serve(registrations="open")
    server.add_account("ada")
    assert server.post("/api/v1/accounts", WANTED).status == 401
    assert server.post("/api/v1/accounts", WANTED, token=app_token(server, "read")).status == 403
    assert server.post("/api/v1/accounts", WANTED, token=token_of(server, "ada")).status == 401


def test_a_sixth_sign_up_within_half_an_hour_is_refused(serve):
    server = serve(limited=True, registrations="open")
    token = app_token(server)
    for number in range(5):
        made = server.post(
            "/api/v1/accounts", WANTED | {"username": f"b{number}", "email": f"b{number}@mail.example"}, token=token
        )
        assert made.status == 200
    assert server.post("/api/v1/accounts", WANTED, token=token).status == 429
