"""Clients that others have written read the page: npm `statuspage.io`, a Prometheus exporter, a parser of feeds."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import feedparser
import pytest

from tests.support.status_page import StatusPage, in_trouble, served
from whimbrel.statuspage.pages.language import LANGUAGES, words_of

NODE = Path(__file__).parent / "node"
SECONDS = 60


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A status page in trouble behind a real server."""
    made = []

    async def make(url):
        status = StatusPage(tmp_path_factory.mktemp("clients") / "status.sqlite", url=url)
        made.append(status)
        await in_trouble(status)
        return status.app

    try:
        with served(make) as site:
            yield site
    finally:
        made[0].book.close()


@pytest.fixture
def feeds(tmp_path):
    """The feeds of a page in trouble, by path and language, asked by a program that sends its owner's preference."""
    status = StatusPage(tmp_path / "status.sqlite")

    async def read():
        await in_trouble(status)
        paths = ("/history.atom", "/history.rss", "/history.json")
        asked = [(path, language) for path in paths for language in ("", *LANGUAGES[1:])]
        found = {
            (path, one): (await status.get(path, query=f"lang={one}", accept_language="fr")) for path, one in asked
        }
        return {path + language: reply.body for (path, language), reply in found.items()}

    yield asyncio.run(read())
    status.book.close()


def ran(command, **more):
    """What a program of others printed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def quietly(**more):
    """An environment in which clients ask nobody else."""
    proxies = {"HTTP_PROXY": "", "HTTPS_PROXY": "", "http_proxy": "", "https_proxy": "", "NO_PROXY": "*"}
    return os.environ | proxies | more


def test_npm_statuspage_io_reads_everything_that_it_knows(site):
    assert (NODE / "node_modules" / "statuspage.io").is_dir(), "it is not installed: bin/check statuspage does it"
    told = json.loads(ran([shutil.which("node"), "read.mjs", site.url], cwd=NODE, env=quietly()))
    assert told["status"]["status"]["indicator"] == "critical"
    assert told["status"]["page"]["name"] == "Birds & Co"
    names = {one["name"]: one["status"] for one in told["components"]["components"]}
    assert (names["Home timeline"], names["Posting"]) == ("degraded_performance", "operational")
    assert [one["id"] for one in told["unresolved"]["incidents"]] == ["i1"]
    assert told["incidents"]["incidents"][0]["incident_updates"][0]["status"] == "identified"
    assert [one["name"] for one in told["upcoming"]["scheduled_maintenances"]] == ["New disks"]
    summary = told["summary"]
    assert summary["incidents"][0]["shortlink"] == f"{site.url}/incidents/i1"
    assert {one["name"] for one in summary["scheduled_maintenances"]} == {"New disks", "New cables"}


def test_the_prometheus_exporter_counts_what_is_wrong(site, tmp_path):
    services = {"birds": {"url": f"{site.url}/api/v2/summary.json", "name": "Birds"}}
    (tmp_path / "services.json").write_text(json.dumps(services))
    metrics = tmp_path / "statuspage.prom"
    module = "statuspage_prometheus_exporter.status_monitoring"
    ran(
        [sys.executable, "-m", module],
        cwd=tmp_path,
        env=quietly(RUN_MODE="once", METRICS_TEXTFILE_PATH=str(metrics), SERVICES_JSON_PATH="services.json"),
    )
    text = metrics.read_text()
    assert 'statuspage_service_status{service_name="Birds"} 0.0' in text
    assert 'statuspage_probe_check{service_name="Birds"} 1.0' in text
    assert re.search(r'statuspage_incident_info{.*impact="critical".*incident_id="i1".*} 1.0', text)
    assert re.search(r'statuspage_maintenance_info{.*maintenance_name="New cables".*} 1.0', text)
    parts = dict(
        re.findall(r'statuspage_component_status{component_name="([^"]+)",service_name="Birds"} ([\d.]+)', text)
    )
    assert (parts["Posting"], parts["Home timeline"]) == ("1.0", "0.0")


def test_feedparser_reads_the_atom_feed(feeds):
    feed = feedparser.parse(feeds["/history.atom"])
    assert not feed.bozo
    assert feed.version == "atom10"
    assert feed.feed.title == "Birds & Co - Incident History"
    incident = next(entry for entry in feed.entries if entry.link.endswith("/incidents/i1"))
    assert incident.title == "Trouble with Home timeline, Search and trends"
    assert re.search(r"<strong>(\w+)</strong>", incident.content[0].value)[1] == "Identified"
    assert "A disk is full &lt;really&gt;. (edited)" in incident.content[0].value
    assert incident.published_parsed[:3] == (2020, 10, 15)
    assert len({entry.id for entry in feed.entries}) == len(feed.entries) == 3


def test_feedparser_reads_the_rss_feed(feeds):
    feed = feedparser.parse(feeds["/history.rss"])
    assert not feed.bozo
    assert feed.version == "rss20"
    assert {entry.title for entry in feed.entries} >= {"New disks", "New cables"}
    assert all(entry.published_parsed and entry.guid == entry.link for entry in feed.entries)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_feedparser_reads_each_feed_in_the_words_of_the_page(feeds, language):
    words, parsed = words_of(language), {}
    for path in ("/history.atom", "/history.rss"):
        feed = parsed[path] = feedparser.parse(feeds[path + language])
        assert not feed.bozo
        assert feed.feed.title == words("feed.title", name="Birds & Co")
        assert feed.feed.language == language
        assert all(entry.link.endswith(f"?lang={language}") for entry in feed.entries)
        trouble = next(entry for entry in feed.entries if "/incidents/i1" in entry.link)
        assert trouble.title == words("incident.name", names=f"{words('part.home')}, {words('part.search')}")
        told = trouble.content[0].value if path == "/history.atom" else trouble.summary
        assert re.search(r"<strong>(.*?)</strong>", told)[1] == words("status.identified")
        for key in ("update.safety", "update.breach"):
            assert words(key).replace("\u00a0", " ") in told.replace("\u00a0", " ")
        assert "A disk is full &lt;really&gt;." in told, "what people wrote stays as it is"
    english = feedparser.parse(feeds["/history.atom"])
    assert [entry.id for entry in parsed["/history.atom"].entries] == [entry.id for entry in english.entries]
    told = json.loads(feeds["/history.json" + language])
    assert (told["language"], told["title"]) == (language, words("feed.title", name="Birds & Co"))
    assert words("update.safety") in told["items"][0]["content_html"] + told["items"][-1]["content_html"]
