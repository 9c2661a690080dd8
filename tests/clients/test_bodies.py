"""What clients send is understood in each of their ways: JSON with nulls, forms, multipart, with and without a slash.

The bodies are those of Elk, Phanpy, Tusky and toot for a plain post, and of Elk and Tusky for a profile.
"""

import httpx
import pytest

POSTS = "/api/v1/statuses"
PROFILE = "/api/v1/accounts/update_credentials"

JSON_POSTS = {
    "Elk": {"status": "Hello", "visibility": "public", "sensitive": False, "spoiler_text": "", "language": "en"},
    "Phanpy": {
        "status": "Hello",
        "spoiler_text": None,
        "sensitive": False,
        "poll": None,
        "media_ids": [],
        "language": "en",
        "visibility": "public",
        "in_reply_to_id": None,
    },
    "Tusky": {
        "status": "Hello",
        "spoiler_text": "",
        "in_reply_to_id": None,
        "visibility": "public",
        "sensitive": False,
        "media_ids": [],
        "media_attributes": [],
        "scheduled_at": None,
        "poll": None,
        "language": "en",
        "quoted_status_id": None,
    },
    "toot": {"status": "Hello", "visibility": "public", "sensitive": False, "language": "en"},
}


@pytest.fixture
def http(server, proxy, iris):
    """Requests as iris."""
    headers = {"Authorization": f"Bearer {iris.access_token}"}
    with httpx.Client(base_url=server.url, proxy=proxy.url, trust_env=False, headers=headers) as client:
        yield client


def multipart(values):
    return [(name, (None, value)) for name, value in values.items()]


@pytest.mark.parametrize("client", JSON_POSTS)
def test_a_post_in_json_is_understood_with_all_its_nulls(http, client):
    answer = http.post(POSTS, json=JSON_POSTS[client])
    assert answer.status_code == 200, answer.text
    assert [answer.json()[name] for name in ("content", "visibility", "spoiler_text", "language")] == [
        "<p>Hello</p>",
        "public",
        "",
        "en",
    ]


def test_the_same_post_is_the_same_in_every_way_of_sending_it(http):
    values = {"status": "Hello", "visibility": "unlisted", "sensitive": "true", "spoiler_text": "greeting"}
    answers = [
        http.post(POSTS, json={**values, "sensitive": True}),
        http.post(POSTS, data=values),
        http.post(POSTS, files=multipart(values)),
        http.post(POSTS, params=values),
        http.post(POSTS + "/", data=values),
    ]
    keys = ("content", "visibility", "sensitive", "spoiler_text")
    said = {tuple(answer.json()[key] for key in keys) for answer in answers}
    assert said == {("<p>Hello</p>", "unlisted", True, "greeting")}
    assert len({answer.json()["id"] for answer in answers}) == len(answers)


def test_a_profile_is_changed_by_multipart_and_by_json_alike(http):
    fields = {"fields_attributes[0][name]": "Place", "fields_attributes[0][value]": "The shore"}
    values = {"display_name": "Iris", "locked": "false", "source[privacy]": "unlisted", "source[sensitive]": "0"}
    by_multipart = http.patch(PROFILE, files=multipart(values | fields)).json()
    by_form = http.patch(PROFILE, data=values | fields).json()
    by_json = http.patch(
        PROFILE,
        json={
            "display_name": "Iris",
            "locked": False,
            "avatar": None,
            "source": {"privacy": "unlisted", "sensitive": False},
            "fields_attributes": {"0": {"name": "Place", "value": "The shore"}},
        },
    ).json()
    by_list = http.patch(PROFILE, json={"fields_attributes": [{"name": "Place", "value": "The shore"}]}).json()
    for own in (by_multipart, by_form, by_json, by_list):
        assert (own["display_name"], own["locked"], own["source"]["privacy"]) == ("Iris", False, "unlisted")
        assert [(field["name"], field["value"]) for field in own["fields"]] == [("Place", "The shore")]


def test_a_verb_needs_no_body_and_minds_none(http, iris):
    post = iris.toot("Like me")
    address = f"{POSTS}/{post.id}/favourite"
    for answer in (
        http.post(address),
        http.post(address, json={}),
        http.post(address, headers={"Content-Type": "application/json"}),
        http.post(address, data={"unknown": "x"}),
        http.post(address + "/"),
    ):
        assert (answer.status_code, answer.json()["favourited"]) == (200, True), answer.text


def test_a_list_of_ids_comes_with_brackets_without_and_numbered(http, iris, otto):
    ids = [iris.me().id, otto.me().id]
    for query in ([("id[]", id_) for id_ in ids], {"id[0]": ids[0], "id[1]": ids[1]}):
        found = http.get("/api/v1/accounts/relationships", params=query).json()
        assert [each["id"] for each in found] == [str(id_) for id_ in ids]
    assert len(http.get("/api/v1/accounts/relationships", params={"id": ids[0]}).json()) == 1


def test_the_parameters_of_a_get_may_come_in_its_body(http, iris, otto):
    ids = [str(iris.me().id), str(otto.me().id)]
    for body in ({"json": {"id": ids}}, {"data": {"id[]": ids}}):
        found = http.request("GET", "/api/v1/accounts/relationships", **body).json()
        assert [each["id"] for each in found] == ids


def test_a_token_may_come_in_the_query_or_the_form(server, iris):
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        token = {"access_token": iris.access_token}
        assert http.get("/api/v1/accounts/verify_credentials", params=token).status_code == 200
        assert http.post(POSTS, data={"status": "By form"} | token).status_code == 200
        assert http.post(POSTS, json={"status": "By JSON"} | token).status_code == 200


def test_every_address_is_the_same_with_a_slash_at_its_end(http):
    for path in (
        "/api/v1/instance",
        "/api/v1/timelines/home",
        "/api/v1/accounts/verify_credentials",
        "/api/v1/notifications",
        "/api/v2/search?q=iris",
        "/.well-known/nodeinfo",
        "/oauth/authorize",
    ):
        plain, _, query = path.partition("?")
        without, with_slash = http.get(path), http.get(f"{plain}/?{query}")
        assert with_slash.status_code == without.status_code, path
        assert with_slash.headers["content-type"] == without.headers["content-type"], path
