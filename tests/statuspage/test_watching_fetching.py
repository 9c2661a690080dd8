"""Asking other servers: answers are read whole and bounded, and every way to be broken or hostile has its words."""

import asyncio
from contextlib import contextmanager

import pytest

from tests.statuspage.watched import answering, http, silence
from whimbrel.statuspage.watching.fetching import FetchFailed, Request, fetch, listen
from whimbrel.statuspage.watching.reaching import is_allowed, place_of

OK = http(200, b'{"ok": [1]}', content_type="application/json")


@contextmanager
def refusing(words):
    """Fails unless the block is refused with these words for people."""
    with pytest.raises(FetchFailed) as refused:
        yield
    assert words in refused.value.public


def asked(script, path="/", **wanted):
    """The answer of a raw server to one request."""

    async def ask():
        async with answering(script) as raw:
            return await fetch(Request(raw.url + path, reach="public_or_loopback", **wanted)), raw.heard

    return asyncio.run(ask())


def test_an_answer_is_read_whole_and_its_json_decoded():
    answer, heard = asked(OK, "/a b".replace(" ", "%20") + "?q=ä", headers={"accept": "application/json"})
    assert (answer.status, answer.json(), answer.header("content-type")) == (200, {"ok": [1]}, "application/json")
    assert heard[0].startswith(b"GET /a%20b?q=%C3%A4 HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"accept-encoding: identity\r\n" in heard[0]
    assert answer.expect().expect(200, 204) is answer


def test_chunks_are_put_together_and_their_extensions_and_trailers_passed_over():
    body = b"4;x=y\r\nWhim\r\n4\r\nbrel\r\n0\r\ntrailer: 1\r\n\r\n"
    answer, _ = asked(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert answer.text == "Whimbrel"


def test_an_answer_without_a_length_ends_when_the_other_side_hangs_up():
    assert asked(b"HTTP/1.0 200 OK\r\n\r\nall of it")[0].text == "all of it"


def test_interim_answers_are_passed_over():
    assert asked(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK)[0].status == 200


def test_a_body_is_sent_with_its_length():
    _, heard = asked(OK, method="POST", body=b"a=b")
    assert heard[0].startswith(b"POST / ")
    assert b"content-length: 3\r\n" in heard[0]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"", "hung up without an answer"),
        (b"SSH-2.0-OpenSSH_9\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 999 No\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", "hung up in the middle"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx", "does not say plainly how long"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "does not say plainly how long"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n" + b"x" * 2_000, "sent more than 1 kB"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2_000, "sent more than 1 kB"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "chunk without a length"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n", "longer than it says"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n", "unknown coding"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n", "compressed"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 101 + b"\r\n", "more header fields"),
        (b"HTTP/1.1 200 OK\r\na: " + b"b" * 100_000, "a line without end"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "malformed header"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 9, "interim answer"),
    ],
)
def test_a_broken_or_hostile_answer_is_refused_with_words(sent, words):
    with refusing(words):
        asked(sent, body_bytes_max=1_000)


def test_a_server_that_takes_the_question_and_says_nothing_is_left_at_the_deadline():
    with refusing("timed out after 0.2 s while waiting for an answer"):
        asked(silence, total_seconds=0.2)


def test_a_server_that_drips_is_left_at_the_same_deadline():
    async def drip(_, __, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.transport.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0)

    with refusing("timed out after 0.3 s while reading"):
        asked(drip, total_seconds=0.3, body_bytes_max=1 << 40)


def test_nobody_at_home_is_a_refused_connection():
    async def ask():
        async with answering(OK) as raw:
            url = raw.url
        await fetch(Request(url, reach="anywhere"))

    with refusing("refused or broken off"):
        asyncio.run(ask())


def test_redirects_are_followed_as_far_as_told_and_given_back_otherwise():
    async def lead(head, _, writer):
        path = head.split()[1]
        writer.write(http(302, location="/b") if path == b"/a" else http(307, location="/c") if path == b"/b" else OK)
        await writer.drain()

    answer, heard = asked(lead, "/a", method="POST", body=b"x", redirects_max=2, headers={"authorization": "Bearer t"})
    assert (answer.status, answer.url[-2:]) == (200, "/c")
    assert [head.split()[0] for head in heard] == [b"POST", b"GET", b"GET"]
    assert all(b"authorization: Bearer t" in head for head in heard)
    assert asked(lead, "/a")[0].status == 302
    with refusing("redirected more than 1 times"):
        asked(lead, "/a", redirects_max=1)


def test_credentials_do_not_follow_a_redirect_to_another_origin():
    async def ask():
        async with answering(OK) as other, answering(http(302, location=f"{other.url}/x")) as raw:
            wanted = {"authorization": "Bearer t", "x-other": "1"}
            await fetch(Request(raw.url, reach="public_or_loopback", redirects_max=1, headers=wanted))
            return other.heard[0]

    heard = asyncio.run(ask())
    assert b"authorization" not in heard
    assert b"x-other: 1" in heard


def test_a_redirect_into_a_private_network_is_refused_like_the_address_itself():
    with refusing("private network"):
        asked(http(302, location="http://10.0.0.1/"), redirects_max=1)
    with refusing("private network"):
        asyncio.run(fetch(Request("http://localhost:1/")))


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("192.0.2.1", False),
        ("9.9.9.9", True),
        ("127.0.0.2", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:9.9.9.9", True),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("2620:fe::fe", True),
    ],
)
def test_a_strangers_address_leads_to_public_places_only(address, allowed):
    assert is_allowed(address, "public") is allowed
    assert is_allowed(address, "anywhere")
    assert is_allowed(address, "public_or_loopback") is (allowed or address in ("127.0.0.2", "::1", "::ffff:127.0.0.1"))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "http:///x",
        "http://a@b.example/",
        "http://a.example:0/",
        "http://a.example:x/",
        "//x",
        "http://a.example/\r\nhost: b",
        "http://[::1",
        "http://a.example/" + "x" * 3_000,
    ],
)
def test_an_address_that_is_not_plain_is_refused_before_anything_is_sent(url):
    with refusing("the address is"):
        place_of(url)


def test_a_header_that_would_smuggle_another_is_refused():
    with refusing("malformed"):
        asked(OK, headers={"x": "a\r\nb: c"})


def test_what_is_not_json_and_what_answers_badly_says_so():
    with refusing("answered 503"):
        asked(http(503))[0].expect()
    for body in (b"<html>", b"[" * 100_000, b'"\xff"'):
        with refusing("not JSON"):
            asked(http(200, body))[0].json()


def test_a_stream_is_read_while_it_comes_and_left_when_nobody_reads_on():
    async def stream(head, reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await silence(head, reader, writer)

    async def hear():
        async with answering(stream) as raw, listen(Request(raw.url, reach="anywhere")) as heard:
            return heard.head.status, await anext(heard.pieces)

    assert asyncio.run(hear()) == (200, b"one")
