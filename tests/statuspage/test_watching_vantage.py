"""Results from other vantage points: taken when signed, fresh, new and within bounds; refused with words otherwise."""

import asyncio
import os

import msgspec
import pytest
from starlette.applications import Starlette

from tests.statuspage.watched import answering, http
from whimbrel.kernel.errors import Conflict, Invalid, Misconfigured, Unauthenticated
from whimbrel.kernel.limits import VANTAGE_NONCES_MAX, VANTAGE_RESULTS_MAX
from whimbrel.statuspage.values import ProbeResult
from whimbrel.statuspage.watching.elsewhere import Elsewhere, named_key
from whimbrel.statuspage.watching.fetching import FetchFailed
from whimbrel.statuspage.watching.pair import CanarySecrets, Login
from whimbrel.statuspage.watching.probing import TcpProbe
from whimbrel.statuspage.watching.vantage import Results, Untried, Vantages, read_keys, signed

NOW = 1_602_794_000_000
KEY = "a long secret of lisbon"
RESULT = ProbeResult(component="api", probe="api", vantage="lisbon", at_ms=NOW - 2_000, ok=True, latency_ms=4.2)


class Page:
    """A status page that knows one vantage point."""

    def __init__(self):
        self.noted, self.forgotten, self.now_ms = [], [], NOW
        self.vantages = Vantages({"lisbon": KEY}, note=self.noted.append, forget=self.forget, clock=lambda: self.now_ms)

    def forget(self, *told):
        self.forgotten.append(told)

    def take(self, *results, untried=(), key=KEY, vantage="lisbon", now_ms=NOW, header=None):
        body = msgspec.json.encode(Results(results, untried))
        return self.vantages.take(header or signed(vantage, key, body, now_ms=now_ms), body)


def test_signed_results_are_taken():
    page = Page()
    assert page.take(RESULT, msgspec.structs.replace(RESULT, ok=False, error="answered 503")) == 2
    assert page.noted[0] == RESULT


@pytest.mark.parametrize("ahead_ms", [-50_000, 0, 50_000])
def test_a_clock_that_is_wrong_elsewhere_makes_no_result_older_or_younger_than_it_is(ahead_ms):
    """Accident: what came from a machine whose clock is fast counted for two minutes, a slow one's for ten seconds."""
    page = Page()
    page.take(msgspec.structs.replace(RESULT, at_ms=NOW + ahead_ms - 7_000), now_ms=NOW + ahead_ms)
    assert page.noted[0].at_ms == NOW - 7_000


def test_what_could_not_be_tried_elsewhere_is_not_measured_any_more():
    """Accident: a good deletion of a minute ago said that posting works, while nobody could post."""
    page = Page()
    page.take(RESULT, untried=(Untried("posting", "delete"),))
    assert (page.noted, page.forgotten) == ([RESULT], [("posting", "delete", "lisbon")])
    with pytest.raises(Invalid):
        page.take(untried=(Untried("posting", "delete"),) * (VANTAGE_RESULTS_MAX + 1))


def test_a_vantage_point_tells_what_it_could_not_try():
    page = Page()
    secrets = CanarySecrets(poster=Login("ada", "a password"), reader=Login("bo", "a password"))

    async def sender(url):
        elsewhere = Elsewhere(to=url, key=f"lisbon:{KEY}", url="http://127.0.0.1:9", clock=lambda: NOW, secrets=secrets)
        return await elsewhere.once()

    assert asyncio.run(through_http(page, sender)) is False
    assert page.forgotten == [("posting", "delete", "lisbon")]


@pytest.mark.parametrize(
    "wanted",
    [
        {"key": "another secret altogether"},
        {"vantage": "porto"},
        {"now_ms": NOW - 61_000},
        {"now_ms": NOW + 61_000},
        {"header": "v=1 vantage=lisbon"},
        {"header": signed("lisbon", KEY, b"another body", now_ms=NOW)},
    ],
)
def test_what_is_not_signed_by_a_known_key_for_now_is_refused(wanted):
    page = Page()
    with pytest.raises(Unauthenticated):
        page.take(RESULT, **wanted)
    assert page.noted == []


@pytest.mark.parametrize(
    "header",
    [
        "",
        "v=1 vantage=lisbon",
        signed("porto", KEY, b"", now_ms=NOW),
        signed("lisbon", KEY, b"", now_ms=NOW - 61_000),
        signed("lisbon", KEY, b"", now_ms=NOW + 61_000),
    ],
)
def test_of_who_is_unknown_or_late_by_the_head_no_body_is_read(header):
    """Accident: anybody could have 128 kB read, and signed for comparison, under a name that nobody has here."""

    page = Page()
    app = Starlette(routes=page.vantages.routes())
    arriving, sent = [b"{" + b" " * 1_000], []

    async def receive():
        return {"type": "http.request", "body": arriving.pop(), "more_body": True}

    async def send(message):
        sent.append(message)

    headers = [(b"x-whimbrel-vantage", header.encode())]
    scope = {"type": "http", "method": "POST", "path": "/api/probes", "query_string": b"", "headers": headers}
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 401
    assert arriving


def test_a_request_that_was_sent_before_is_refused_also_among_thousands():
    page = Page()
    body = msgspec.json.encode(Results((RESULT,)))
    header = signed("lisbon", KEY, body, now_ms=NOW)
    assert page.vantages.take(header, body) == 1
    for _ in range(VANTAGE_NONCES_MAX - 1):
        page.take()
    with pytest.raises(Conflict):
        page.vantages.take(header, body)


@pytest.mark.parametrize(
    "changed",
    [
        {"vantage": "porto"},
        {"at_ms": NOW + 61_000},
        {"at_ms": NOW - 61_000},
        {"component": "No Slug"},
        {"probe": "x" * 50},
        {"error": "although it went well"},
        {"ok": False},
        {"ok": False, "error": "x" * 301},
        {"latency_ms": -1.0},
    ],
)
def test_one_result_out_of_bounds_refuses_all_of_them(changed):
    page = Page()
    with pytest.raises(Invalid):
        page.take(RESULT, msgspec.structs.replace(RESULT, **changed))
    assert page.noted == []


def test_too_many_results_or_none_of_the_kind_are_refused():
    page = Page()
    with pytest.raises(Invalid, match="at most"):
        page.take(*[RESULT] * (VANTAGE_RESULTS_MAX + 1))
    for body in (b"", b"[]", b'{"results": 3}', b'{"results": [{}]}', b'{"results": [], "more": 1}', b"[" * 9_000):
        with pytest.raises(Invalid):
            page.vantages.take(signed("lisbon", KEY, body, now_ms=NOW), body)


async def through_http(page, sender):
    """What the sender's round returns when the page answers over HTTP."""
    app = Starlette(routes=page.vantages.routes())

    async def serve(head, reader, writer):
        lines = head.decode().split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        body = await reader.readexactly(int(fields["content-length"]))
        headers = [(name.encode(), value.encode()) for name, value in fields.items()]
        scope = {"type": "http", "method": "POST", "path": lines[0].split()[1], "query_string": b"", "headers": headers}
        sent = []

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            sent.append(message)

        await app(scope, receive, send)
        writer.write(http(sent[0]["status"], sent[1]["body"]))
        await writer.drain()

    async with answering(serve) as raw:
        return await sender(raw.url)


def test_a_vantage_point_sends_what_it_finds_and_the_page_believes_it():
    page = Page()

    async def sender(url):
        probe = TcpProbe(id="port", component="web", host="127.0.0.1", port=9)
        elsewhere = Elsewhere(
            to=url, key=f"lisbon:{KEY}", url="http://127.0.0.1:9", clock=lambda: NOW, probes={"port": probe}
        )
        return await elsewhere.once()

    assert asyncio.run(through_http(page, sender)) is False
    assert {(one.component, one.probe, one.vantage, one.ok) for one in page.noted} == {
        ("web", "web", "lisbon", False),
        ("api", "api", "lisbon", False),
        ("web", "port", "lisbon", False),
    }


def test_a_vantage_point_with_the_wrong_key_is_told_why():
    async def sender(url):
        await Elsewhere(
            to=url, key="lisbon:not the secret of lisbon", url="http://127.0.0.1:9", clock=lambda: NOW
        ).once()

    with pytest.raises(FetchFailed) as refused:
        asyncio.run(through_http(Page(), sender))
    assert "answered 401" in refused.value.public


def test_keys_come_from_a_file_that_only_its_owner_reads(tmp_path):
    file = tmp_path / "vantages.json"
    assert read_keys(file) == {}
    file.write_text('{"lisbon": "a long secret of lisbon"}')
    os.chmod(file, 0o600)
    assert read_keys(file) == {"lisbon": KEY}
    for text, mode in (('{"lisbon": "short"}', 0o600), ("[]", 0o600), ('{"lisbon": "a long secret"}', 0o644)):
        file.write_text(text)
        os.chmod(file, mode)
        with pytest.raises(Misconfigured):
            read_keys(file)
    assert named_key("lisbon:a long: secret of lisbon") == ("lisbon", "a long: secret of lisbon")
    with pytest.raises(Invalid):
        named_key("lisbon")
