"""Configured probes: each kind says what is well and what is not, and they are kept under somebody's name."""

import asyncio
import socket
import ssl

import pytest
import trustme

from tests.statuspage.watched import answering, http, silence
from whimbrel.kernel.errors import Conflict, Invalid, NotFound
from whimbrel.kernel.limits import CONFIGURED_PROBES_MAX
from whimbrel.kernel.sql import schema
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.watching.probes import Probes
from whimbrel.statuspage.watching.probing import DnsProbe, HttpProbe, TcpProbe, TlsProbe, run_probe

NOW = 1_602_794_000_000
DOCUMENT = http(200, b'{"state": {"ready": true, "lags": [3, 0]}}', content_type="application/json")


def run(probe):
    """The one result of a probe."""
    return asyncio.run(run_probe(probe, clock=lambda: NOW, vantage="here"))


def over_http(sent, **wanted):
    """The error of an HTTP probe of a server that sends this; empty when all is well."""

    async def ask():
        async with answering(sent) as raw:
            return await run_probe(
                HttpProbe(id="x", component="api", url=raw.url, **wanted), clock=lambda: NOW, vantage="here"
            )

    return asyncio.run(ask()).error


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({}, ""),
        ({"statuses": (204,)}, "answered 200"),
        ({"contains": '"ready"'}, ""),
        ({"contains": "steady"}, "the answer does not contain what it should"),
        ({"latency_ms_max": 60_000.0}, ""),
        ({"json_path": "state.ready", "json_equals": True}, ""),
        ({"json_path": "state.lags.1", "json_equals": 0}, ""),
        ({"json_path": "state.lags.0", "json_equals": 0}, "state.lags.0 is 3, not 0"),
        ({"json_path": "state.ready", "json_equals": 1}, "state.ready is true, not 1"),
        ({"json_path": "state.lags.7", "json_equals": 0}, "the answer has no state.lags.7"),
    ],
)
def test_an_http_probe_checks_status_text_latency_and_json(wanted, error):
    assert over_http(DOCUMENT, **wanted) == error


def test_an_http_probe_calls_a_slow_answer_a_failure():
    assert "at most 1e-06 are well" in over_http(DOCUMENT, latency_ms_max=1e-6)


def test_a_probe_of_somebody_who_never_answers_ends_with_a_failure():
    assert over_http(silence, seconds=0.2).startswith("timed out after 0.2 s")


def test_a_tcp_probe_is_well_when_the_port_takes_a_connection():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        probe = TcpProbe(id="port", component="web", host="127.0.0.1", port=listening.getsockname()[1])
        up = run(probe)
    down = run(probe)
    assert (up.ok, up.component, up.probe, up.vantage, up.at_ms) == (True, "web", "port", "here", NOW)
    assert (down.ok, down.latency_ms, down.error) == (False, None, "the connection was refused or broken off")


def test_a_tls_probe_counts_the_days_of_a_certificate_and_refuses_a_strangers(tmp_path):
    authority, other = trustme.CA(), trustme.CA()
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(own)
    for name, ca in (("own", authority), ("other", other)):
        ca.cert_pem.write_to_path(tmp_path / name)

    async def ask(now_ms, **wanted):
        async with answering(b"", own) as raw:
            probe = TlsProbe(id="cert", component="web", host="localhost", port=raw.port, **wanted)
            return (await run_probe(probe, clock=lambda: now_ms, vantage="here")).error

    long_ago, much_later = 1_602_794_000_000, 400_000 * 86_400_000
    assert asyncio.run(ask(long_ago, ca_file=str(tmp_path / "own"))) == ""
    assert asyncio.run(ask(much_later, ca_file=str(tmp_path / "own"))).startswith("the certificate ends in -")
    assert "the certificate is refused" in asyncio.run(ask(long_ago, ca_file=str(tmp_path / "other")))
    assert "cannot be read" in asyncio.run(ask(long_ago, ca_file=str(tmp_path / "none")))


def test_a_dns_probe_asks_where_a_name_leads():
    assert run(DnsProbe(id="name", component="web", name="localhost")).ok
    assert run(DnsProbe(id="name", component="web", name="127.0.0.1", addresses=("127.0.0.1", "::1"))).ok
    assert "not where it should" in run(DnsProbe(id="n", component="web", name="127.0.0.1", addresses=("::2",))).error
    assert "is not known" in run(DnsProbe(id="name", component="web", name="nobody.invalid")).error


PROBE = HttpProbe(id="mail", component="api", url="http://mail.example/health")


@pytest.fixture
def book(tmp_path):
    book = Book(tmp_path / "status.sqlite", [schema("whimbrel.statuspage.watching")])
    yield book
    book.close()


async def loaded(book):
    probes = Probes(book=book, clock=lambda: NOW)
    await probes.load()
    return probes


def test_probes_are_kept_and_every_change_is_in_the_history(book):
    async def change():
        probes = await loaded(book)
        await probes.put(PROBE, actor="ada")
        await probes.put(TcpProbe(id="port", component="api", host="mail.example", port=25), actor="ada")
        await probes.remove("port", actor="bob")
        return probes

    changed, again = asyncio.run(change()), asyncio.run(loaded(book))
    assert dict(again.every) == dict(changed.every) == {"mail": PROBE}
    with book.look() as look:
        told = [(entry.actor, entry.action, entry.subject) for entry in history.entries(look)]
    assert told == [("ada", "probe set", "mail"), ("ada", "probe set", "port"), ("bob", "probe removed", "port")]


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        (HttpProbe(id="No", component="api", url="http://a.example"), "id"),
        (HttpProbe(id="a", component="", url="http://a.example"), "component"),
        (HttpProbe(id="a", component="api", url="gopher://a.example"), "url"),
        (TcpProbe(id="a", component="api", host="a", port=1, every_seconds=1), "every_seconds"),
        (TcpProbe(id="a", component="api", host="a", port=1, every_seconds=5, seconds=6.0), "seconds"),
    ],
)
def test_a_probe_that_could_never_run_is_refused(book, probe, words):
    async def put():
        await (await loaded(book)).put(probe, actor="ada")

    with pytest.raises(Invalid, match=words):
        asyncio.run(put())


def test_there_are_at_most_so_many_probes_and_none_is_removed_twice(book):
    async def fill():
        probes = await loaded(book)
        for number in range(CONFIGURED_PROBES_MAX):
            await probes.put(DnsProbe(id=f"p{number}", component="api", name="a.example"), actor="ada")
        with pytest.raises(Conflict):
            await probes.put(PROBE, actor="ada")
        with pytest.raises(NotFound):
            await probes.remove("mail", actor="ada")

    asyncio.run(fill())
