"""What the server says of itself: true, and in the shapes that apps read at their start."""

import pytest

from tests.support.openapi import assert_entity
from whimbrel import __version__


def test_both_instance_documents_have_mastodons_shape(serve):
    server = serve(title="Marsh", contact_email="ops@marsh.example", public_url="https://marsh.example")
    told = assert_entity("Instance", server.get("/api/v2/instance").text)
    assert (told["domain"], told["title"], told["contact"]["email"]) == ("marsh.example", "Marsh", "ops@marsh.example")
    told = assert_entity("V1Instance", server.get("/api/v1/instance").text)
    assert (told["uri"], told["title"], told["email"]) == ("marsh.example", "Marsh", "ops@marsh.example")


def test_a_trailing_slash_changes_nothing(serve):
    server = serve()
    assert server.get("/api/v1/instance/").text == server.get("/api/v1/instance").text


def test_the_version_begins_like_mastodons_and_names_ours(serve):
    assert serve().get("/api/v1/instance").json["version"] == f"4.6.0 (compatible; Whimbrel {__version__})"


def test_limits_are_the_servers_own(serve):
    told = serve(post_characters_max=777).get("/api/v2/instance").json["configuration"]
    assert told["statuses"]["max_characters"] == 777
    assert told["accounts"]["max_pinned_statuses"] == 5


def test_what_is_not_here_is_not_promised(serve):
    told = serve().get("/api/v2/instance").json["configuration"]
    assert told["media_attachments"]["supported_mime_types"] == []
    assert told["statuses"]["max_media_attachments"] == 0
    assert told["polls"]["max_options"] == 0
    assert told["translation"]["enabled"] is False


def test_people_are_told_where_the_status_page_is_when_there_is_one(serve):
    told = serve(status_url="https://status.marsh.example").get("/api/v2/instance").json["configuration"]["urls"]
    assert told["status"] == "https://status.marsh.example"
    assert "status" not in serve().get("/api/v2/instance").json["configuration"]["urls"]


def test_both_documents_say_where_streams_are(serve):
    server = serve(streaming_url="wss://streams.marsh.example")
    assert server.get("/api/v1/instance").json["urls"]["streaming_api"] == "wss://streams.marsh.example"
    assert server.get("/api/v2/instance").json["configuration"]["urls"]["streaming"] == "wss://streams.marsh.example"


@pytest.mark.parametrize(
    ("registrations", "enabled", "approval"),
    [("open", True, False), ("approval", True, True), ("closed", False, False)],
)
def test_who_may_join_is_said_in_both_documents(serve, registrations, enabled, approval):
    server = serve(registrations=registrations)
    told = server.get("/api/v2/instance").json["registrations"]
    assert (told["enabled"], told["approval_required"]) == (enabled, approval)
    told = server.get("/api/v1/instance").json
    assert (told["registrations"], told["approval_required"]) == (enabled, approval)


def test_people_are_counted_once_a_minute(serve):
    server = serve()
    server.add_account("ada")
    assert server.get("/api/v1/instance").json["stats"]["user_count"] == 1
    server.add_account("bea")
    server.add_account("cleo", confirmed=False)
    assert server.get("/api/v1/instance").json["stats"]["user_count"] == 1
    server.clock.now_ms += 60_000
    assert server.get("/api/v1/instance").json["stats"]["user_count"] == 2


def test_the_two_accounts_that_try_the_server_were_counted_as_people(serve, token_of):
    server = serve()
    server.left_out += ["status_one", "status_two"]
    for name in ("ada", "status_one", "status_two"):
        server.add_account(name)
        token_of(server, name)
    assert server.get("/api/v1/instance").json["stats"]["user_count"] == 1
    assert server.get("/nodeinfo/2.0").json["usage"]["users"]["total"] == 1
    week = server.get("/api/v1/instance/activity").json[0]
    assert (week["registrations"], week["logins"]) == ("1", "1")


def test_the_documents_answer_while_the_store_is_away(serve):
    server = serve()
    server.add_account("ada")
    assert server.get("/api/v2/instance").status == 200
    server.clock.now_ms += 3_600_000
    with server.appending.take_store_away():
        assert server.get("/api/v1/instance").json["stats"]["user_count"] == 1
        assert server.get("/nodeinfo/2.0").json["usage"]["users"]["total"] == 1


def test_counts_that_were_never_taken_are_left_out_where_that_is_allowed(serve):
    server = serve(contact_email="ops@marsh.example")
    with server.appending.take_store_away():
        assert server.get("/nodeinfo/2.0").json["usage"] == {"users": {}}
        assert_entity("V1Instance", server.get("/api/v1/instance").text)
        assert server.get("/api/v1/instance/activity").status == 503


def test_activity_tells_of_twelve_weeks_from_their_mondays(serve, token_of):
    server = serve()
    server.add_account("ada")
    token_of(server, "ada")
    weeks = server.get("/api/v1/instance/activity").json
    assert len(weeks) == 12
    assert all((int(week["week"]) - 4 * 86_400) % (7 * 86_400) == 0 for week in weeks)
    assert (weeks[0]["registrations"], weeks[0]["logins"], weeks[0]["statuses"]) == ("1", "1", "0")
    assert all(week["registrations"] == "0" for week in weeks[1:])


def test_the_description_is_the_operators_and_no_html(serve):
    told = serve(description="Birds & <b>mud</b>").get("/api/v1/instance/extended_description")
    assert assert_entity("ExtendedDescription", told.text)["content"] == "<p>Birds &amp; &lt;b&gt;mud&lt;/b&gt;</p>"
    assert serve().get("/api/v1/instance/extended_description").json["content"] == ""


@pytest.mark.parametrize("name", ["privacy_policy", "terms_of_service", "terms_of_service/2026-01-01"])
def test_documents_that_nobody_wrote_are_not_found(serve, name):
    assert serve().get(f"/api/v1/instance/{name}").status == 404


def test_languages_are_known_by_code_and_name(serve):
    told = serve().get("/api/v1/instance/languages").json
    assert {"code": "mi", "name": "Māori"} in told


def test_preferences_are_the_accounts_own_defaults(serve, token_of):
    server = serve()
    server.add_account("ada")
    told = assert_entity("Preferences", server.get("/api/v1/preferences", token=token_of(server, "ada")).text)
    assert told["posting:default:visibility"] == "public"
    assert server.get("/api/v1/preferences", token=token_of(server, "ada", "read:statuses")).status == 403
    assert server.get("/api/v1/preferences").status == 401
