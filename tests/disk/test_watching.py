"""What a process knows of its disk: asked seldom, told once, and its log is short while that is low."""

import json
import logging
import os

import pytest

from tests.support.serving import eventually
from whimbrel.kernel.limits import DISK_LOOK_SECONDS
from whimbrel.reliability import disk
from whimbrel.reliability.disk import Space
from whimbrel.reliability.disk_watch import DiskWatch, Lookout
from whimbrel.reliability.logs import Lines

SECONDS_MAX = 20.0
PLENTY, LITTLE = Space(50, 100), Space(4, 100)


@pytest.fixture
def room(monkeypatch):
    """What the file system says, and how often it was asked."""
    said = {"space": PLENTY, "asked": 0}

    def space_of(_):
        said["asked"] += 1
        if said["space"] is None:
            raise OSError("it does not answer")
        return said["space"]

    monkeypatch.setattr(disk, "space_of", space_of)
    return said


def test_a_thousand_questions_are_one_look_at_the_file_system(room, tmp_path):
    now = [100.0]
    watch = DiskWatch(tmp_path, seconds=lambda: now[0])
    assert {watch.pressure.level for _ in range(1_000)} == {"ok"}
    assert room["asked"] == 1
    room["space"] = LITTLE
    now[0] += DISK_LOOK_SECONDS
    assert watch.pressure.level == "low"


def test_a_file_system_that_does_not_answer_is_what_it_was(room, tmp_path):
    watch = DiskWatch(tmp_path)
    assert DiskWatch(tmp_path / "nowhere").pressure.level == "ok"
    room["space"] = LITTLE
    assert watch.look().level == "low"
    room["space"] = None
    assert watch.look() == ("low", LITTLE)


def test_a_journal_on_its_reserve_makes_the_disk_full_whatever_is_free(room, tmp_path):
    assert room["space"] == PLENTY
    watch = DiskWatch(tmp_path, refused=lambda: True)
    assert watch.pressure.level == "full"
    assert {family.name: family.samples[0].value for family in watch.families()} == {
        "whimbrel_disk_free_bytes": 50,
        "whimbrel_disk_total_bytes": 100,
        "whimbrel_disk_free_share": 0.5,
        "whimbrel_disk_level": 2,
    }


def test_a_change_of_level_is_logged_once(room, tmp_path, caplog):
    seen = []
    lookout = Lookout(DiskWatch(tmp_path), seen.append)
    lookout.start()
    try:
        room["space"] = LITTLE
        eventually(lambda: seen.count("low") > 2, seconds=SECONDS_MAX, what="it has looked again")
        room["space"] = PLENTY
        eventually(lambda: seen[-1] == "ok", seconds=SECONDS_MAX, what="it has looked again")
    finally:
        lookout.stop()
    assert [record.getMessage() for record in caplog.records] == ["the disk is low", "the disk is ok"]


@pytest.fixture
def pipe():
    """Both ends; what is written comes out as lines of log."""
    out, into = os.pipe()
    yield out, into
    os.close(out)
    os.close(into)


def written(out):
    return [json.loads(line) for line in os.read(out, 100_000).decode().splitlines()]


def record(text, level=logging.INFO):
    return logging.makeLogRecord({"msg": text, "levelno": level, "levelname": logging.getLevelName(level)})


def test_below_a_warning_nothing_is_logged_while_the_disk_is_low(room, tmp_path, pipe):
    out, into = pipe
    now = [0.0]
    lines = Lines(into, "core", DiskWatch(tmp_path, seconds=lambda: now[0]))
    lines.emit(record("before"))
    room["space"] = LITTLE
    now[0] += DISK_LOOK_SECONDS
    lines.emit(record("chatter"))
    lines.emit(record("trouble", logging.WARNING))
    assert [line["event"] for line in written(out)] == ["before", "trouble"]


def test_lines_that_could_not_be_written_are_counted_and_told():
    full = os.open("/dev/full", os.O_WRONLY)
    out, into = os.pipe()
    lines = Lines(full, "core")
    for _ in range(3):
        lines.emit(record("lost"))
    os.dup2(into, full)
    lines.emit(record("there is room"))
    told, last = written(out)
    assert (told["event"], told["lines"]) == ("lines were lost", 3)
    assert last["event"] == "there is room"
    for handle in (full, out, into):
        os.close(handle)


def test_a_line_that_was_torn_does_not_spoil_the_next(tmp_path, monkeypatch):
    file = tmp_path / "log"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    lines = Lines(handle, "core")
    write = os.write
    with monkeypatch.context() as half:
        half.setattr(os, "write", lambda handle, data: write(handle, data[: len(data) // 2]))
        lines.emit(record("torn"))
    lines.emit(record("whole"))
    os.close(handle)
    _, told, last = file.read_text().splitlines()
    assert json.loads(told)["lines"] == 1
    assert json.loads(last)["event"] == "whole"
