"""`whimbrel verify` on a small journal of which one byte is not what was written: code 1, and it says where."""

import sqlite3

import pytest

from tests.cli.command import Commands
from whimbrel.upkeep import JOURNAL


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """A data directory with somebody in it who has an e-mail address and a token."""
    commands = Commands(tmp_path / "data", monkeypatch)
    commands.done("account", "create", "ada", "--email", "ada@example.org", "--no-password", "--confirmed")
    commands.done("account", "token", "ada")
    return commands


def places_of_records(path):
    """For each record, by sequence, the places in the file from its type to its chain hash."""
    db = sqlite3.connect(path)
    rows = db.execute(
        "SELECT sequence, type, CAST(payload || salt || payload_hash || chain AS BLOB) FROM records"
    ).fetchall()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    whole = path.read_bytes()
    ends = {sequence: whole.index(hashes) for sequence, _, hashes in rows}
    return {
        sequence: range(whole.rindex(type_.encode(), 0, ends[sequence]), ends[sequence] + len(hashes))
        for sequence, type_, hashes in rows
    }


def flip(path, place):
    with path.open("r+b") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 1 << place % 8]))


def test_every_flipped_byte_of_every_record_is_found_and_named(commands):
    path = commands.data / JOURNAL
    records = places_of_records(path)
    assert len(records) >= 4
    for sequence, found_at in records.items():
        for place in found_at:
            flip(path, place)
            ended = commands.run("verify")
            flip(path, place)
            assert ended.code == 1, f"byte {place} of record {sequence}"
            assert f"journal: record {sequence}: " in ended.err, f"byte {place}: {ended.err}"
    assert commands.run("verify").code == 0
