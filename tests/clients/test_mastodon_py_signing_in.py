"""Mastodon.py registers an app, signs a person in by code or signs somebody new up, and gives the token back."""

import pytest
from mastodon import Mastodon
from mastodon.errors import MastodonIllegalArgumentError, MastodonUnauthorizedError

from tests.support.signing_in import allow

SCOPES = ["read", "write", "follow", "push"]
ELSEWHERE = "http://127.0.0.1:9/back"


@pytest.fixture
def app(server, session):
    """Mastodon.py for an app that was registered just now, with both ways back."""

    def register(redirect_uris=None):
        client_id, secret = Mastodon.create_app(
            "A test", scopes=SCOPES, redirect_uris=redirect_uris, api_base_url=server.url, session=session
        )
        return Mastodon(
            client_id=client_id,
            client_secret=secret,
            api_base_url=server.url,
            session=session,
            version_check_mode="created",
        )

    return register


def test_a_person_signs_in_by_a_code_that_is_shown_to_them(app, person):
    client = app()
    address = client.auth_request_url(scopes=SCOPES, allow_http=True)
    client.log_in(code=allow(address, person), scopes=SCOPES, allow_http=True)
    assert client.me().username == person.name
    assert client.app_verify_credentials().name == "A test"
    assert client.persistable_login_credentials().startswith(client.access_token)


def test_a_person_signs_in_by_a_code_that_the_browser_takes_back(app, person):
    client = app([ELSEWHERE, "http://127.0.0.1:9/other"])
    address = client.auth_request_url(redirect_uris=ELSEWHERE, scopes=["read"], state="s", allow_http=True)
    client.log_in(code=allow(address, person), redirect_uri=ELSEWHERE, scopes=["read"], allow_http=True)
    assert client.account_verify_credentials().username == person.name


def test_a_code_works_once_only(app, person):
    client = app()
    code = allow(client.auth_request_url(scopes=SCOPES, allow_http=True), person)
    client.log_in(code=code, scopes=SCOPES, allow_http=True)
    with pytest.raises(MastodonIllegalArgumentError):
        client.log_in(code=code, scopes=SCOPES, allow_http=True)


def test_a_revoked_token_opens_nothing(app, person):
    client = app()
    client.log_in(code=allow(client.auth_request_url(allow_http=True), person), allow_http=True)
    token = client.access_token
    client.revoke_access_token(allow_http=True)
    client.access_token = token
    with pytest.raises(MastodonUnauthorizedError):
        client.me()


def test_the_password_grant_is_refused_with_what_to_do_instead(app, person):
    with pytest.raises(MastodonIllegalArgumentError, match="code flow"):
        app().log_in(username="wren@mail.test", password=person.password, allow_http=True)


def test_somebody_new_signs_up_and_posts_at_once(app):
    client = app()
    client.create_account("newcomer", "another long password", "newcomer@mail.test", agreement=True)
    assert client.me().username == "newcomer"
    assert client.toot("Hello, I am new").account.username == "newcomer"


def test_a_taken_name_is_told_by_its_field(app, person):
    token, refused = app().create_account(
        person.name, "another long password", "other@mail.test", agreement=True, return_detailed_error=True
    )
    assert token is None
    assert refused.details.username[0].error == "ERR_TAKEN"


def test_the_server_tells_where_to_sign_in(anonymous, server):
    assert anonymous.oauth_authorization_server_info().token_endpoint == f"{server.url}/oauth/token"
