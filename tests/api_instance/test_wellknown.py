"""How others find this server and the people on it."""

import pytest


@pytest.fixture
def marsh(serve):
    """A server by a name, where Ada has an account."""
    server = serve(public_url="https://marsh.example")
    server.add_account("Ada")
    return server


@pytest.mark.parametrize(
    "resource",
    [
        "acct:ada@marsh.example",
        "acct:ADA@MARSH.example",
        "acct:@Ada@marsh.example",
        "https://marsh.example/@Ada",
        "https://marsh.example/users/ada",
    ],
)
def test_somebody_is_found_by_address_and_by_page(marsh, resource):
    found = marsh.get("/.well-known/webfinger", resource=resource)
    assert found.header("content-type") == "application/jrd+json; charset=utf-8"
    assert found.json["subject"] == "acct:Ada@marsh.example"
    assert "https://marsh.example/@Ada" in found.json["aliases"]


@pytest.mark.parametrize(
    "resource",
    [
        "acct:bea@marsh.example",
        "acct:ada@elsewhere.example",
        "acct:ada",
        "https://elsewhere.example/@Ada",
        "https://marsh.example.elsewhere.example/@Ada",
        "https://marsh.example/@Ada/1",
        "https://marsh.example/[",
        "mailto:ada@marsh.example",
        "acct:@marsh.example",
    ],
)
def test_nobody_else_is(marsh, resource):
    assert marsh.get("/.well-known/webfinger", resource=resource).status == 404


def test_without_a_resource_there_is_nothing_to_look_for(marsh):
    assert marsh.get("/.well-known/webfinger").status == 400


def test_who_waits_or_is_gone_is_not_found(marsh):
    marsh.add_account("cleo", confirmed=False)
    assert marsh.get("/.well-known/webfinger", resource="acct:cleo@marsh.example").status == 404
    ada = marsh.run(marsh.doors.accounts.by_name("ada"))
    marsh.run(marsh.doors.accounts.delete(ada.id))
    assert marsh.get("/.well-known/webfinger", resource="acct:ada@marsh.example").status == 404


def test_host_meta_leads_to_webfinger(marsh):
    told = marsh.get("/.well-known/host-meta")
    assert told.header("content-type") == "application/xrd+xml; charset=utf-8"
    assert 'template="https://marsh.example/.well-known/webfinger?resource={uri}"' in told.text


def test_nodeinfo_is_where_its_link_says(marsh):
    link = marsh.get("/.well-known/nodeinfo").json["links"][0]
    assert link["href"] == "https://marsh.example/nodeinfo/2.0"
    told = marsh.get("/nodeinfo/2.0").json
    assert told["software"]["name"] == "whimbrel"
    assert told["protocols"] == []
    assert told["openRegistrations"] is False
    assert told["usage"]["users"]["total"] == 1


def test_apps_that_know_servers_by_name_only_could_not_tell_whose_api_this_is(marsh):
    assert marsh.get("/nodeinfo/2.0").json["metadata"]["upstream"] == {"name": "mastodon"}


def test_health_is_plain(marsh):
    assert marsh.get("/health").text == "OK"
