"""Tokens beyond the authorization code: an app's own, by password, given back, and what is told of them."""

import pytest

from tests.support.browsing import PASSWORD, Server
from tests.support.openapi import assert_entity

BACK = "curlew://back"


def register(server, **changed):
    values = {"client_name": "Curlew", "redirect_uris": [BACK], "scopes": "read write profile"} | changed
    reply = server.post("/api/v1/apps", values)
    assert reply.status == 200, reply.text
    return reply.json


def ask_token(server, app, **values):
    secrets = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    return server.post("/oauth/token", secrets | values)


@pytest.fixture
def generous(tmp_path):
    """A server that takes passwords from apps."""
    folder = tmp_path / "generous"
    folder.mkdir()
    server = Server(folder, password_grant=True)
    server.add_account("ada")
    yield server
    server.close()


def test_an_app_is_registered_with_what_it_asked_for(server):
    reply = server.post(
        "/api/v1/apps",
        {
            "client_name": "Curlew",
            "redirect_uris": "https://app.example/a\nhttps://app.example/b",
            "scopes": "read write:statuses",
            "website": "https://app.example",
        },
    )
    app = assert_entity("CredentialApplication", reply.text)
    assert app["redirect_uris"] == ["https://app.example/a", "https://app.example/b"]
    assert app["redirect_uri"] == "https://app.example/a\nhttps://app.example/b"
    assert app["scopes"] == ["read", "write:statuses"]


@pytest.mark.parametrize(
    "changed",
    [
        {"client_name": ""},
        {"client_name": None},
        {"client_name": "x" * 61},
        {"client_name": "a\u202eb"},
        {"redirect_uris": ""},
        {"redirect_uris": None},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": [f"https://app.example/{each}" for each in range(21)]},
        {"scopes": "read everything"},
        {"website": "javascript:alert(1)"},
        {"website": "https://app.example/" + "x" * 2_000},
    ],
)
def test_an_app_that_cannot_be_is_refused_in_words(server, changed):
    values = {"client_name": "Curlew", "redirect_uris": [BACK], "scopes": "read"} | changed
    reply = server.post("/api/v1/apps", values)
    assert reply.status == 422
    assert_entity("Error", reply.text)


def test_an_app_gets_a_token_of_its_own_that_opens_no_account(server):
    given = ask_token(server, register(server), grant_type="client_credentials")
    assert assert_entity("Token", given.text)["scope"] == "read"
    token = given.json["access_token"]
    assert_entity("Application", server.get("/api/v1/apps/verify_credentials", token=token).text)
    assert server.get("/api/v1/preferences", token=token).status == 422


def test_an_app_gets_no_more_than_it_registered_for(server):
    refused = ask_token(server, register(server), grant_type="client_credentials", scope="read push")
    assert (refused.status, refused.json["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
        ({"grant_type": "password", "username": "ada", "password": PASSWORD}, "unsupported_grant_type"),
        ({"grant_type": ["authorization_code"]}, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": {"read": True}}, "invalid_scope"),
    ],
)
def test_other_grants_are_refused_in_oauths_words(server, values, error):
    refused = ask_token(server, register(server), **values)
    assert (refused.status, refused.json["error"]) == (400, error)
    assert_entity("Error", refused.text)


def test_a_name_that_nobody_knows_may_come_twice_as_mastodon_py_sends_it(server):
    app = register(server)
    known = f"grant_type=client_credentials&client_id={app['client_id']}&client_secret={app['client_secret']}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"{known}&oauth_info=issuer&oauth_info=token_endpoint".encode()
    assert server.ask("POST", "/oauth/token", headers=headers, body=body).status == 200
    refused = server.ask("POST", "/oauth/token", headers=headers, body=f"{known}&scope=read&scope=write".encode())
    assert refused.status == 400


def test_a_password_gets_a_token_where_the_operator_allows_it(generous):
    app = register(generous)
    values = {"grant_type": "password", "scope": "read write"}
    given = ask_token(generous, app, username="ada@mail.example", password=PASSWORD, **values)
    assert given.json["scope"] == "read write"
    assert generous.get("/api/v1/preferences", token=given.json["access_token"]).status == 200
    refused = ask_token(generous, app, username="ada", password="wrong", **values)
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")


def test_a_token_given_back_opens_nothing_and_giving_it_back_again_is_fine(generous):
    app = register(generous)
    token = ask_token(generous, app, grant_type="password", username="ada", password=PASSWORD).json["access_token"]
    secrets = {"client_id": app["client_id"], "client_secret": app["client_secret"], "token": token}
    assert generous.get("/api/v1/preferences", token=token).status == 200
    for _ in range(2):
        assert generous.post("/oauth/revoke", secrets).status == 200
    assert generous.get("/api/v1/preferences", token=token).status == 401


def test_an_app_cannot_give_back_what_another_was_given(generous):
    app, other = register(generous), register(generous)
    token = ask_token(generous, app, grant_type="client_credentials").json["access_token"]
    secrets = {"client_id": other["client_id"], "client_secret": other["client_secret"], "token": token}
    refused = generous.post("/oauth/revoke", secrets)
    assert (refused.status, refused.json["error"]) == (403, "unauthorized_client")
    assert generous.get("/api/v1/apps/verify_credentials", token=token).status == 200


def test_revoking_needs_the_apps_secret_and_a_token(server):
    app = register(server)
    assert server.post("/oauth/revoke", {"client_id": app["client_id"], "token": "x"}).status == 401
    secrets = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    assert server.post("/oauth/revoke", secrets).json["error"] == "invalid_request"


def test_the_one_who_signed_in_is_told_by_name(generous):
    app = register(generous)
    token = ask_token(generous, app, grant_type="password", username="ada", password=PASSWORD, scope="profile")
    told = generous.get("/oauth/userinfo", token=token.json["access_token"]).json
    assert (told["preferred_username"], told["profile"]) == ("ada", "http://127.0.0.1:8000/@ada")
    assert told["sub"] == "http://127.0.0.1:8000/users/ada"


def test_the_metadata_says_what_is_here(server, generous):
    told = assert_entity(
        "DiscoverOauthServerConfigurationResponse", server.get("/.well-known/oauth-authorization-server").text
    )
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert "password" not in told["grant_types_supported"]
    generous_told = generous.get("/.well-known/oauth-authorization-server").json
    assert "password" in generous_told["grant_types_supported"]


def test_neither_tokens_nor_secrets_nor_passwords_are_kept(generous, tmp_path):
    app = register(generous)
    token = ask_token(generous, app, grant_type="password", username="ada", password=PASSWORD).json["access_token"]
    generous.appending.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for secret in (token, app["client_secret"], PASSWORD):
        assert secret.encode() not in kept
    assert app["client_id"].encode() in kept
