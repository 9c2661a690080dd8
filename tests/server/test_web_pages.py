"""The pages that anybody may read, on a real server: what stands on them, and what never does."""

from urllib.parse import urlsplit

import pytest


@pytest.fixture(scope="module")
def author(people):
    (author,) = people("w_author")
    return author


@pytest.fixture(scope="module")
def anybody(server):
    client = server.client()
    yield client
    client.close()


def page(client, path):
    reply = client.get(path)
    assert reply.headers["content-type"].startswith("text/html"), reply
    return reply


def test_the_front_page_shows_what_was_posted_for_all(anybody, author):
    author.post("frontpageword")
    author.post("unlistedword", visibility="unlisted")
    front = page(anybody, "/")
    assert front.status == 200
    assert "frontpageword" in front.json
    assert "unlistedword" not in front.json


def test_a_profile_shows_public_and_unlisted_posts_and_nothing_else(anybody, author):
    for visibility in ("public", "unlisted", "private", "direct"):
        author.post(f"profile{visibility}word", visibility=visibility)
    profile = page(anybody, f"/@{author.name}")
    assert profile.status == 200
    assert "profilepublicword" in profile.json
    assert "profileunlistedword" in profile.json
    assert "profileprivateword" not in profile.json
    assert "profiledirectword" not in profile.json


def test_a_thread_shows_what_is_answered_and_the_answers_that_all_may_see(anybody, author):
    first = author.post("threadfirstword")
    second = author.post("threadsecondword", in_reply_to_id=str(first))
    author.post("threadthirdword", in_reply_to_id=str(second))
    author.post("threadhiddenword", in_reply_to_id=str(second), visibility="private")
    thread = page(anybody, f"/@{author.name}/{second}")
    assert thread.status == 200
    places = [thread.json.index(word) for word in ("threadfirstword", "threadsecondword", "threadthirdword")]
    assert places[0] < places[2]
    assert "threadhiddenword" not in thread.json


def test_a_signed_in_author_gets_the_same_pages_as_anybody(author):
    hidden = author.post("onlyforfollowersword", visibility="private")
    assert page(author.client, f"/@{author.name}/{hidden}").status == 404


def test_a_deleted_post_is_gone_from_every_page_at_once(anybody, author):
    id_ = author.post("soongoneword #soongone")
    paths = ("/", f"/@{author.name}", "/tags/soongone")
    assert all("soongoneword" in page(anybody, path).json for path in paths)
    assert author.client.ask("DELETE", f"/api/v1/statuses/{id_}").status == 200
    assert not any("soongoneword" in page(anybody, path).json for path in paths)
    assert page(anybody, f"/@{author.name}/{id_}").status == 404


def test_what_people_write_is_text_and_never_markup(anybody, author):
    id_ = author.post("<script>alert(1)</script> <b>bold</b>")
    text = page(anybody, f"/@{author.name}/{id_}").json
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.usefixtures("author")
@pytest.mark.parametrize("path", ["/@w_author/", "/about/", "/tags/tide/", "/static/whimbrel.css/"])
def test_a_slash_at_the_end_led_to_whatever_host_the_request_named(anybody, path):
    reply = anybody.ask("GET", path, headers={"Host": "elsewhere.example"})
    assert (reply.status, reply.json) == (200, anybody.get(path[:-1]).json)


def test_what_the_api_gives_as_uri_was_not_found(anybody, author):
    post = author.client.get(f"/api/v1/statuses/{author.post('found by its uri')}").json
    for uri, address in ((post["uri"], post["url"]), (post["account"]["uri"], post["account"]["url"])):
        reply = anybody.get(urlsplit(uri).path)
        assert (reply.status, reply.headers["location"]) == (302, urlsplit(address).path)


@pytest.mark.usefixtures("author")
@pytest.mark.parametrize("path", ["/@nobody_here", "/@w_author/1", "/@w_author/not-a-number", "/nowhere"])
def test_what_is_not_there_is_a_page_that_says_so(anybody, path):
    assert page(anybody, path).status == 404
