"""What Elk, Phanpy, Tusky and toot ask for when they start: each call answers, in the shape that they read.

The calls are those of their sources (Elk 1.0, Phanpy of August 2026, Tusky of May 2025, toot of July 2026). Web
clients send an Origin, and each of their calls must be one that a browser lets through.
"""

import httpx
import pytest

ORIGIN = "https://client.example.test"
EXPOSED = {"link", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id", "retry-after"}

ANONYMOUS = {
    "Elk": ("/api/v2/instance", "/nodeinfo/2.0"),
    "Phanpy": ("/api/v2/instance", "/.well-known/nodeinfo", "/.well-known/oauth-authorization-server"),
    "Tusky": ("/api/v2/instance", "/api/v1/custom_emojis"),
    "toot": ("/api/v1/instance",),
}
SIGNED_IN = {
    "Elk": (
        "/api/v1/accounts/verify_credentials",
        "/api/v1/preferences",
        "/api/v1/timelines/home?limit=30",
        "/api/v1/notifications?limit=30",
        "/api/v2/notifications?limit=30",
        "/api/v1/markers?timeline[]=notifications",
        "/api/v1/lists",
        "/api/v2/filters",
        "/api/v1/followed_tags",
    ),
    "Phanpy": (
        "/api/v1/accounts/verify_credentials",
        "/api/v1/preferences",
        "/api/v1/timelines/home?limit=20",
        "/api/v2/notifications?limit=1",
        "/api/v1/notifications?limit=1",
        "/api/v1/lists",
        "/api/v2/filters",
        "/api/v1/announcements",
        "/api/v1/follow_requests?limit=1",
        "/api/v2/notifications/policy",
    ),
    "Tusky": (
        "/api/v1/accounts/verify_credentials",
        "/api/v1/custom_emojis",
        "/api/v1/announcements?with_dismissed=false",
        "/api/v2/filters",
        "/api/v1/filters",
        "/api/v1/markers?timeline[]=notifications",
        "/api/v1/notifications?limit=30&exclude_types[]=poll",
        "/api/v1/timelines/home?limit=40",
        "/api/v1/lists",
        "/api/v1/conversations",
    ),
    "toot": ("/api/v1/accounts/verify_credentials", "/api/v1/preferences", "/api/v1/timelines/home?limit=10"),
}
LISTS = (
    "timelines",
    "notifications",
    "lists",
    "filters",
    "announcements",
    "emojis",
    "requests",
    "tags",
    "conversations",
)


@pytest.fixture
def http(server, proxy):
    """What a client without a library sends its requests with."""
    with httpx.Client(base_url=server.url, proxy=proxy.url, trust_env=False) as client:
        yield client


def is_list(path):
    plain = path.partition("?")[0]
    return (
        plain.startswith("/api/")
        and not plain.endswith("/policy")
        and plain != "/api/v2/notifications"
        and any(name in plain for name in LISTS)
    )


def exposed(answer):
    return {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}


@pytest.mark.parametrize("client", ANONYMOUS)
def test_a_client_learns_what_the_server_is(http, client):
    for path in ANONYMOUS[client]:
        answer = http.get(path, headers={"Origin": ORIGIN})
        assert answer.status_code == 200, path
        assert answer.headers["access-control-allow-origin"] == "*", path
        assert exposed(answer) >= EXPOSED


@pytest.mark.parametrize("client", SIGNED_IN)
def test_a_client_shows_its_first_screen(http, iris, client):
    headers = {"Origin": ORIGIN, "Authorization": f"Bearer {iris.access_token}"}
    iris.toot("So that there is something")
    for path in SIGNED_IN[client]:
        answer = http.get(path, headers=headers)
        assert answer.status_code == 200, path
        assert isinstance(answer.json(), list if is_list(path) else dict), path
        assert answer.headers["access-control-allow-origin"] == "*", path


def test_nobody_has_a_push_subscription_and_elk_is_told_so_with_404(http, iris):
    headers = {"Origin": ORIGIN, "Authorization": f"Bearer {iris.access_token}"}
    answer = http.get("/api/v1/push/subscription", headers=headers)
    assert (answer.status_code, answer.json()) == (404, {"error": "Record not found"})


def test_the_instance_documents_have_what_clients_read_before_they_ask(http):
    second = http.get("/api/v2/instance").json()
    configuration = second["configuration"]
    assert configuration["statuses"].keys() >= {
        "max_characters",
        "max_media_attachments",
        "characters_reserved_per_url",
    }
    assert configuration["media_attachments"]["supported_mime_types"] == []
    assert configuration["polls"].keys() >= {"max_options", "max_characters_per_option"}
    assert configuration["translation"]["enabled"] is False
    assert configuration["vapid"]["public_key"] == ""
    # Elk and Phanpy open a WebSocket at the second, Mastodon.py an event stream at the first.
    assert configuration["urls"]["streaming"].startswith("ws://")
    assert second["version"].startswith("4.")
    assert second["api_versions"]["mastodon"] >= 2
    first = http.get("/api/v1/instance").json()
    assert first["uri"] == second["domain"]
    assert first["urls"]["streaming_api"] == configuration["urls"]["streaming"]


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/api/v1/timelines/home", "authorization"),
        ("POST", "/api/v1/statuses", "authorization,content-type,idempotency-key"),
        ("PUT", "/api/v1/statuses/1", "authorization,content-type"),
        ("DELETE", "/api/v1/statuses/1", "authorization"),
        ("PATCH", "/api/v1/accounts/update_credentials", "authorization,content-type"),
        ("POST", "/api/v1/apps", "content-type"),
        ("POST", "/oauth/token", "content-type"),
        ("POST", "/oauth/revoke", "content-type"),
    ],
)
def test_a_browser_may_send_what_a_web_client_wants_to(http, method, path, headers):
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    answer = http.options(path, headers=asked)
    assert answer.status_code in (200, 204)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert method in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower().replace(" ", "").split(",")
    assert set(headers.split(",")) <= set(allowed)


def test_a_web_client_reads_refusals_too(http):
    for answer in (
        http.get("/api/v1/timelines/home", headers={"Origin": ORIGIN}),
        http.get("/api/v1/statuses/1", headers={"Origin": ORIGIN}),
        http.get("/api/v1/no/such/address", headers={"Origin": ORIGIN}),
        http.post("/oauth/token", headers={"Origin": ORIGIN}, data={"grant_type": "nonsense"}),
    ):
        assert answer.status_code in (400, 401, 404)
        assert answer.headers["access-control-allow-origin"] == "*", answer.url
        assert answer.json()["error"]


def test_the_page_where_somebody_signs_in_is_not_for_scripts(http):
    answer = http.get("/oauth/authorize", headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in answer.headers
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_head_is_get_without_its_body(http, iris):
    headers = {"Authorization": f"Bearer {iris.access_token}"}
    for path in ("/api/v1/timelines/home", "/api/v2/instance", "/api/v1/statuses/1", "/", "/health"):
        get, head = http.get(path, headers=headers), http.head(path, headers=headers)
        assert head.status_code == get.status_code, path
        assert head.content == b""
        assert head.headers["content-length"] == get.headers["content-length"], path
        assert head.headers["content-type"] == get.headers["content-type"], path
