"""What nobody has here: lists are empty, things are not found, and making one is refused in words."""

import pytest

from tests.support.openapi import assert_entity
from whimbrel.api.mastodon import empty

SCOPES = ("read", "write", "follow", "push")


@pytest.fixture
def server(serve):
    """A server with one person."""
    server = serve()
    server.add_account("ada")
    return server


def test_every_one_of_them_answers_somebody_signed_in_without_an_error_of_ours(server, token_of):
    token = token_of(server, "ada", *SCOPES)
    for route in empty.ROUTES:
        path = route.path.replace("{id}", "1").replace("{name}", "bird")
        reply = server.ask(route.method, path, headers={"Authorization": f"Bearer {token}"})
        assert reply.status in (200, 404, 422), (route.method, path)
        if reply.status != 200:
            assert_entity("Error", reply.text)


def test_those_that_are_somebodys_ask_who_it_is(server):
    for route in empty.ROUTES:
        if route.auth == "user":
            path = route.path.replace("{id}", "1").replace("{name}", "bird")
            assert server.ask(route.method, path).status == 401, (route.method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/lists",
        "/api/v1/filters",
        "/api/v2/filters",
        "/api/v1/conversations",
        "/api/v1/scheduled_statuses",
        "/api/v1/announcements",
        "/api/v1/custom_emojis",
        "/api/v1/trends/tags",
        "/api/v2/suggestions",
        "/api/v1/instance/peers",
        "/api/v1/instance/rules",
    ],
)
def test_lists_that_apps_read_at_their_start_are_empty(server, token_of, path):
    assert server.get(path, token=token_of(server, "ada", *SCOPES)).text == "[]"


def test_there_is_no_push_subscription(server, token_of):
    token = token_of(server, "ada", "push")
    assert server.get("/api/v1/push/subscription", token=token).status == 404
    refused = server.post("/api/v1/push/subscription", {}, token=token)
    assert (refused.status, refused.json["error"]) == (422, "This server sends no push notifications")


def test_a_picture_is_refused_before_anything_is_lost(server, token_of):
    refused = server.post("/api/v2/media", {}, token=token_of(server, "ada", *SCOPES))
    assert refused.status == 422
    assert "text only" in refused.json["error"]


def test_no_path_stands_twice():
    pairs = [(route.method, route.path) for route in empty.ROUTES]
    assert len(pairs) == len(set(pairs))
