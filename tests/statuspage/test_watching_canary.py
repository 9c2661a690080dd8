"""The canary pair on a real server: what it measures while all is well, and which of its steps fail when what fails."""

import asyncio
import json
import os
import signal
import sqlite3
from contextlib import contextmanager

import pytest

from tests.support.serving import eventually, serving
from whimbrel.engines.store.numbered import store_in
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.statuspage.watching.canary import NEEDS_TOKENS, Canary
from whimbrel.statuspage.watching.pair import CanarySecrets, Login
from whimbrel.statuspage.watching.signing_in import App
from whimbrel.statuspage.watching.site import Site

PASSWORD = "a curlew over the marsh"
APP = App("canaries", "secret-of-the-canaries-0123456789")
SECRETS = CanarySecrets(poster=Login("canary_one", PASSWORD), reader=Login("canary_two", PASSWORD), app=APP)
ALL = {"web", "api", "signin", *NEEDS_TOKENS}
PATIENT_SECONDS = 5.0
HASTY_SECONDS = 1.5


def provide_pair(server):
    """The two accounts and their app, as an operator provisions them."""
    names = (SECRETS.poster.name, SECRETS.reader.name)
    accounts = [{"name": name, "email": f"{name}@mail.test", "password": PASSWORD} for name in names]
    app = {"name": "Canaries", "client_id": APP.client_id, "client_secret": APP.client_secret}
    file = server.data.parent / "canaries.json"
    file.write_text(json.dumps({"accounts": accounts, "apps": [app]}))
    server.command("provision", str(file))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("watched") / "data") as server:
        provide_pair(server)
        yield server


class Watching:
    """A pair that goes round when told, and what it has said of each probe in the newest round.

    It waits `seconds` for an answer. So few that a busy machine may miss them are only for what stands still anyway.
    """

    def __init__(self, server, seconds=PATIENT_SECONDS):
        self.told = {}
        site = Site(server.url, seconds=seconds)
        self.canary = Canary(site, SECRETS, note=self._note, clock=wall_clock_ms, step_seconds=PATIENT_SECONDS)
        self.runner = asyncio.Runner()

    def _note(self, result):
        self.told[result.probe] = result

    def round(self):
        """Go round once; returns whether all was well."""
        self.told = {}
        return self.runner.run(self.canary.round())

    def failing(self):
        """The probes that failed in the newest round."""
        return {probe for probe, result in self.told.items() if not result.ok}


@pytest.fixture
def watching(server):
    yield from went_well(Watching(server))


@pytest.fixture
def hasty(server):
    yield from went_well(Watching(server, HASTY_SECONDS))


def went_well(watching):
    eventually(watching.round, seconds=30, what="a round goes well")
    yield watching
    watching.runner.close()


@contextmanager
def stopped(server, name):
    """A process that takes nothing in for as long as the block runs, as when its loop is wedged."""
    pid = server.children()[name]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_while_all_is_well_every_step_is_measured_with_its_latency(watching):
    assert watching.told.keys() == ALL | {"delete"}
    assert not watching.failing()
    assert all(result.latency_ms is not None for result in watching.told.values())


def test_nobody_else_sees_the_canaries_and_no_rows_are_left_behind(server, watching):
    assert watching.round()
    server.settle()
    client = server.client()
    assert client.get("/api/v1/timelines/public").json == []
    client.close()
    before = rows_in(server)
    for _ in range(3):
        assert watching.round()
    watching.canary.pair.failing = True  # so that somebody signs in anew
    assert watching.round()
    server.settle()
    after = rows_in(server)
    assert {name: (before[name], after[name]) for name in after if after[name] != before[name]} == {}
    assert (after["posts"], after["post_texts"], after["post_mentions"], after["tag_days"]) == (0, 0, 0, 0)


def rows_in(server):
    """How many rows each table of the store has."""
    with sqlite3.connect(f"file:{store_in(server.data)}?mode=ro", uri=True) as look:
        names = [row[0] for row in look.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: look.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


def test_a_stopped_api_process_makes_every_step_of_its_own_fail_and_not_silent(server, hasty):
    with stopped(server, "api-1"):
        assert not hasty.round()
        assert hasty.failing() == ALL - {"streaming"}
        assert hasty.told["posting"].error == "timed out after 1.5 s while waiting for an answer"
        assert hasty.told["streaming"].ok


def test_a_stopped_core_makes_posting_fail_while_reading_is_well(server, watching):
    with stopped(server, "core"):
        assert not watching.round()
        assert "posting" in watching.failing()
        assert {"home", "web", "api"} <= watching.told.keys() - watching.failing()
        assert "delete" not in watching.told
    eventually(watching.round, seconds=30, what="a round goes well again")
    assert not own_posts(server)


def test_a_stopped_process_of_streams_fails_streaming_only(server, watching):
    with stopped(server, "streaming"):
        assert not watching.round()
    assert watching.failing() == {"streaming"}


def own_posts(server):
    """What the poster's page shows to its follower."""
    watching = Watching(server)
    assert watching.round()
    pair = watching.canary.pair
    client = server.client(pair.reader.token)
    posts = client.get(f"/api/v1/accounts/{pair.poster.account_id}/statuses").json
    client.close()
    watching.runner.close()
    return posts


def test_what_a_round_that_was_cut_off_has_left_is_deleted_by_the_next(server, watching):
    client = server.client(watching.canary.pair.poster.token)
    left = {"status": f"@canary_two canary {'0' * 16}", "visibility": "private"}
    assert client.post("/api/v1/statuses", left).status == 200
    kept = client.post("/api/v1/statuses", {"status": "The canary is a bird", "visibility": "private"}).json["id"]
    assert [post["id"] for post in own_posts(server)] == [kept]
    client.ask("DELETE", f"/api/v1/statuses/{kept}")
    client.close()


def test_a_token_that_somebody_revoked_is_replaced_and_nothing_is_called_failed(server, watching):
    pair = watching.canary.pair
    before = pair.reader.token
    client = server.client()
    fields = {"client_id": APP.client_id, "client_secret": APP.client_secret, "token": before}
    assert client.post("/oauth/revoke", fields).status == 200
    client.close()
    watching.round()
    assert not watching.failing()
    assert "home" not in watching.told
    assert watching.round()
    assert pair.reader.token not in ("", before)
    assert watching.told.keys() == ALL | {"delete"}


def test_a_password_that_is_not_taken_fails_signing_in_and_leaves_the_rest_unmeasured(server):
    watching = Watching(server)
    wrong = Login("canary_one", "not the password")
    secrets = CanarySecrets(poster=wrong, reader=SECRETS.reader, app=APP)
    watching.canary = Canary(Site(server.url), secrets, note=watching._note, clock=wall_clock_ms)
    assert not watching.round()
    assert watching.told.keys() == {"web", "api", "signin"}
    assert watching.told["signin"].error == "did not take the name and the password"
    watching.runner.close()


def test_a_poster_who_asks_for_consent_gives_it_to_the_reader(server):
    account = {"name": "canary_three", "email": "three@mail.test", "password": PASSWORD, "profile": {"locked": True}}
    file = server.data.parent / "third.json"
    file.write_text(json.dumps({"accounts": [account]}))
    server.command("provision", str(file))
    watching = Watching(server)
    secrets = CanarySecrets(poster=Login("canary_three", PASSWORD), reader=SECRETS.reader, app=APP)
    watching.canary = Canary(Site(server.url), secrets, note=watching._note, clock=wall_clock_ms)
    eventually(watching.round, seconds=30, what="a round goes well")
    assert watching.told["home"].ok
    watching.runner.close()


def test_a_server_that_is_gone_fails_every_step_of_a_pair_that_never_got_in():
    told = {}
    canary = Canary(
        Site("http://127.0.0.1:9"),
        SECRETS,
        note=lambda result: told.update({result.probe: result.error}),
        clock=wall_clock_ms,
    )
    assert not asyncio.run(canary.round())
    assert told == dict.fromkeys(ALL, "the connection was refused or broken off")
