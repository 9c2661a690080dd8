"""What a person has configured of the page, in the running program: parts, promises, probes, the copy."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.statuspage.page_in_test import opened_page
from tests.support.serving import eventually
from whimbrel.kernel.errors import Conflict, Misconfigured
from whimbrel.status_table import PASSWORD_VARIABLE
from whimbrel.statuspage.catalogue.defaults import Wanted, own_service
from whimbrel.statuspage.values import ProbeResult
from whimbrel.statuspage.watching.probing import TcpProbe
from whimbrel.statuspage.watching.slo import Slo

SHOP = Wanted(id="shop", name="Shop", group="Beside", position=5)
PORT = TcpProbe(id="port", component="shop", host="127.0.0.1", port=9, every_seconds=5, seconds=1.0)


def configure(page, *wanted):
    own = own_service("Birds", "http://127.0.0.1:8000")
    page.run(page.program.rooms.catalogue.load(own, wanted))
    return page.program.rooms.catalogue.components


def actions(page):
    with page.book.look() as look:
        return list(look.all("SELECT action, subject, actor FROM history ORDER BY sequence"))


def test_parts_are_added_changed_and_taken_away_as_the_configuration_says(tmp_path):
    with opened_page(tmp_path) as page:
        found = configure(page, SHOP, Wanted(id="home", name="Nest"), Wanted(id="media", shown=False))
        ids = [one.id for one in found]
        assert ids.index("shop") in (ids.index("streaming") - 1, ids.index("streaming") + 1)
        assert "media" not in ids
        home = next(one for one in found if one.id == "home")
        assert (home.name, home.group, home.position) == ("Nest", "Reading and writing", 2)
        page.turn()
        assert "Nest" in page.browser().get("/").body.decode()


def test_the_configuration_changes_nothing_that_is_so_already(tmp_path):
    with opened_page(tmp_path) as page:
        configure(page, SHOP)
        before = actions(page)
        configure(page, SHOP, Wanted(id="attic", shown=False))
        assert actions(page) == before
        assert ("component set", "shop", "the configuration") in before


def test_a_probe_of_the_configuration_runs_and_is_changed_there_only(tmp_path):
    with opened_page(tmp_path, probes=(PORT,)) as page:
        probes = page.program.rooms.watch.probes
        page.run(probes.load())
        assert probes.every["port"] == PORT
        for change in (probes.put(PORT, actor="ada"), probes.remove("port", actor="ada")):
            with pytest.raises(Conflict, match="configuration"):
                page.run(change)


def test_the_runs_of_a_probe_are_the_requests_of_a_part_that_no_node_counts(tmp_path):
    with opened_page(tmp_path, slos={"shop": Slo(availability=0.9, latency_seconds=0.1)}) as page:
        watch, minute = page.program.rooms.watch, page.now_ms // 60_000
        for number in range(40):
            result = ProbeResult(component="shop", probe="port", vantage="here", at_ms=page.now_ms, ok=number % 20 > 0)
            watch._note(_with_latency(result, 200.0 if number == 1 else 50.0))
            watch._note(_with_latency(result, 50.0, component="home"))
        page.run(watch._write(minute + 1))
        found = {(one.component, one.sli): one for one in watch.budgets()}
        assert set(found) == {("shop", "availability"), ("shop", "latency")}
        assert (found["shop", "availability"].bad, found["shop", "availability"].total) == (2, 40)
        assert found["shop", "availability"].left == pytest.approx(0.5)
        assert (found["shop", "latency"].bad, found["shop", "latency"].total) == (1, 38)


def _with_latency(result, latency_ms, component="shop"):
    return ProbeResult(
        component=component,
        probe=result.probe,
        vantage=result.vantage,
        at_ms=result.at_ms,
        ok=result.ok,
        latency_ms=latency_ms if result.ok else None,
        error="" if result.ok else "refused",
    )


def test_a_copy_that_cannot_be_written_stops_the_start(tmp_path):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(Misconfigured, match="export"),
        opened_page(tmp_path / "data", export=tmp_path / "file" / "copy"),
    ):
        pass


SECTION = """
[status]
port = 0
name = "Birds"
export = "copy"

[status.mail]
host = "127.0.0.1"
port = 9
tls = "none"
user = "birds"
sender = "Birds <status@example.org>"

[status.components.shop]
name = "Shop"

[status.slo.shop]
availability = 99.5

[status.probes.port]
kind = "tcp"
component = "shop"
host = "127.0.0.1"
port = 9
every_seconds = 5
seconds = 1
"""
SECRET = "no secret in a list of processes"


def test_a_page_by_itself_is_what_its_own_file_says(tmp_path):
    (tmp_path / "whimbrel.toml").write_text(SECTION, "utf-8")
    words = [sys.executable, "-m", "whimbrel", "status", "serve", "--data", str(tmp_path)]
    environment = os.environ | {PASSWORD_VARIABLE: SECRET}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            ready = process.stdout.readline()
            assert ready.startswith("ready: http://127.0.0.1:"), process.stderr.read()
            url = ready.split()[1]
            eventually(lambda: "shop" in measured(url), seconds=30.0, what="the probe of the file has run")
            with urllib.request.urlopen(f"{url}/subscribe", timeout=20) as reply:
                assert 'type="email"' in reply.read().decode()
            eventually((tmp_path / "copy" / "index.html").exists, seconds=10.0, what="there is a copy")
            assert SECRET not in Path(f"/proc/{process.pid}/cmdline").read_text()
        finally:
            process.terminate()
            _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert SECRET not in said
    assert all(SECRET.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def measured(url):
    """The parts of which anything is known."""
    with urllib.request.urlopen(f"{url}/api/v2/components.json", timeout=20) as reply:
        return {one["id"] for one in json.load(reply)["components"]}


def test_a_page_that_cannot_start_ends(tmp_path):
    """Accident: it had opened its book by then, and the book's thread kept the process alive for ever."""
    (tmp_path / "report-salt").mkdir()
    words = [sys.executable, "-m", "whimbrel", "status", "serve", "--data", str(tmp_path), "--port", "0"]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode not in (0, None)
    assert "report-salt" in ended.stderr
