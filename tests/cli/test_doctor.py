"""doctor: every option with its source, what was measured, and a warning for what somebody should look at."""

from pathlib import Path

import pytest

from tests.cli.command import serving
from whimbrel.config import read
from whimbrel.diagnosis import Diagnosis, Disk, Standing, Syncs, warnings_of
from whimbrel.option_table import OPTIONS
from whimbrel.status_table import PAGE

SOUND = {
    "versions": {},
    "data": "data",
    "options": {},
    "disk": Disk(50, 100, "ok", "50.0% free"),
    "syncs": Syncs(1.0, 2.0, 40),
    "data_mode": 0o700,
    "files_max": 20_000,
    "standing": Standing(
        head=10, journal_bytes=1, store_cursor=10, store_bytes=1, lag_events=0, lag_seconds=0, parked=0
    ),
    "server": None,
}


@pytest.mark.parametrize(
    ("found", "flags", "said"),
    [
        ({}, {}, None),
        ({}, {"host": "0.0.0.0", "public_url": "https://birds.example.org"}, None),
        ({}, {"public_url": "https://birds.example.org", "trusted_proxies": "127.0.0.1/32"}, None),
        ({"server": {"ready": True}}, {}, None),
        ({}, {"host": "0.0.0.0"}, "public_url is not set"),
        ({}, {"host": "192.0.2.1"}, "plain http"),
        ({}, {"public_url": "https://birds.example.org"}, "trusted_proxies"),
        ({}, {"host": "192.0.2.1", "public_url": "https://b.example", "rate_limits": "off"}, "rate_limits is off"),
        ({"disk": Disk(4, 100, "low", "low (4.0% free)")}, {}, "disk: low (4.0% free)"),
        ({"disk": Disk(1, 0, "full", "full")}, {}, "disk: full"),
        ({"syncs": Syncs(25.0, 90.0, 40)}, {}, "fsync takes 25.0 ms"),
        ({"syncs": None}, {}, "cannot be written"),
        ({"data_mode": 0o755}, {}, "mode 0755"),
        ({"files_max": 4_096}, {}, "4,096 open, and each stream is one"),
        ({"standing": None}, {}, "does not exist yet"),
        ({"standing": Standing(head=10, store_cursor=10, parked=3)}, {}, "parked: 3 events"),
        ({"standing": Standing(head=10)}, {}, "store: there is none"),
        ({"standing": Standing(head=10, store_cursor=4, lag_events=6, lag_seconds=60)}, {}, "6 events (60 s) behind"),
        ({"standing": Standing(head=10, store_cursor=11)}, {}, "after the end of the journal"),
        ({"standing": Standing(problems=("the journal cannot be read: x",))}, {}, "cannot be read"),
        ({"server": {"ready": False}}, {}, "not ready"),
    ],
)
def test_a_warning_says_what_to_look_at(tmp_path, found, flags, said):
    config = read(flags, {}, directory=tmp_path).config
    warnings = warnings_of(Diagnosis(**SOUND | found), config)
    if said is None:
        assert warnings == []
    else:
        assert any(said in warning for warning in warnings), warnings


def test_every_option_is_shown_with_its_value_and_source(commands):
    commands.data.mkdir(mode=0o700)
    file = commands.data / "whimbrel.toml"
    file.write_text('title = "Birds"\n', "utf-8")
    commands.done("account", "create", "ada", "--email", "ada@example.org", "--no-password")
    commands.done("account", "list")
    found = commands.json("doctor")
    of_page = {f"status.{option.name}" for option in PAGE}
    assert set(found["options"]) == {option.name for option in OPTIONS} | of_page
    assert found["options"]["title"] == {"value": "Birds", "source": str(file)}
    assert found["options"]["port"] == {"value": 8000, "source": "default"}
    assert found["syncs"]["count"] > 0
    assert found["standing"]["head"] == found["standing"]["store_cursor"] > 0
    assert found["server"] is None
    page = commands.done("doctor")
    assert f"title                Birds  ({file})" in page
    assert page.endswith("warnings\n  none")


def test_a_running_server_is_shown_with_its_processes(commands):
    with serving(commands.data):
        found = commands.json("doctor")
        assert found["server"]["ready"] is True
        assert {"supervisor", "core", "api-1"} <= set(found["server"]["processes"])
        assert "api-1" in commands.done("doctor")


def test_what_somebody_should_look_at_ends_with_1(commands):
    ended = commands.run("doctor")
    assert ended.code == 1
    assert f"data: {commands.data} does not exist yet" in ended.out
    assert not Path(commands.data).exists()


def test_a_store_that_cannot_be_read_is_said_and_does_not_hide_the_rest(commands):
    commands.done("account", "create", "ada", "--email", "ada@example.org", "--no-password")
    (commands.data / "store-1.sqlite").write_bytes(b"nonsense" * 1_024)
    ended = commands.run("doctor")
    assert ended.code == 1
    assert "the store cannot be read" in ended.out
    assert "records" in ended.out
