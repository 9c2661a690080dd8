"""Backups and restores: how fast, against plain `cp` of the same bytes in the same run, and what home feels of them.

The server runs pinned to one core, and the load to the other, as everywhere; the backup goes where the kernel puts it,
as an operator's does. `home` is measured through the whole of a backup, with the snapshot that it needs, and without
one before and after it, in the same run.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from bench import cases, world
from bench.checks import page_of
from bench.client import Figures, Load, get, post, run
from bench.serving import Serving, serving, wait_for_store

READERS: Final = (100,) + (50,) * 20
HOME_CONNECTIONS: Final = 8
HOME_PAUSE_SECONDS: Final = 0.01
NEW_POSTS: Final = 500
COPIED: Final = ("journal.sqlite", "store-*.sqlite")


class Size(NamedTuple):
    """How large a world is, and how often each figure is taken."""

    accounts: int
    posts: int
    follows: int
    seconds: float
    rounds: int


QUICK: Final = Size(1_000, 20_000, 20_000, 4.0, 1)
FULL: Final = Size(50_000, 500_000, 500_000, 15.0, 3)


def measured(size: Size, directory: Path) -> Iterator[cases.Row]:
    """Every figure, for a world of this size below `directory`."""
    data, place = directory / "data", directory / "place"
    made = world.build(data, accounts=size.accounts, posts=size.posts, follows=size.follows, reader_follows=READERS)
    with serving(data, core=None) as server:
        wait_for_store(data, server)
    yield cases.Row("the data directory", "", {name: _mb(_bytes(path)) for name, path in _files(data)})
    with serving(data, core=cases.SERVER_CORE) as server:
        wait_for_store(data, server)
        yield from _online(server, data, place, made.tokens)
        yield _disturbance(server, data, directory, made.tokens[0], size)
    yield from _stopped(data, directory, size)


def _online(server: Serving, data: Path, place: Path, tokens: list[str]) -> Iterator[cases.Row]:
    yield cases.Row("the first backup, server running", "", _sent(_command("backup", str(place), "--data", str(data))))
    yield cases.Row(
        "the next, nothing happened", "kilobytes", _sent(_command("backup", str(place), "--data", str(data)))
    )
    texts = [
        post("/api/v1/statuses", tokens[n % 20], f"status=Number {n} of the bench".encode()) for n in range(NEW_POSTS)
    ]
    run(Load(server.host, server.port, texts, 8, 3.0), core=cases.LOAD_CORE)
    yield cases.Row("the next, after 4 s of posts", "", _sent(_command("backup", str(place), "--data", str(data))))
    full = _command("backup", str(place), "--full", "--data", str(data))
    yield cases.Row("everything looked through again", "", _sent(full))


def _disturbance(server: Serving, data: Path, directory: Path, token: str, size: Size) -> cases.Row:
    """Home's p99 without a backup, then beside a whole one that sends everything, then without again."""
    request = [get("/api/v1/timelines/home?limit=20", token)]
    load = Load(
        server.host,
        server.port,
        request,
        HOME_CONNECTIONS,
        size.seconds,
        check=page_of(20),
        pause_seconds=HOME_PAUSE_SECONDS,
    )
    alone = [run(load, core=cases.LOAD_CORE) for _ in range(size.rounds)]
    beside = _while_backed_up(load, data, directory, size.rounds)
    alone += [run(load, core=cases.LOAD_CORE) for _ in range(size.rounds)]
    without, with_ = (median(one.p99_ms for one in figures) for figures in (alone, beside))
    figures = {
        "p99_ms_without": round(without, 2),
        "p99_ms_with": round(with_, 2),
        "p99_ms_with_worst": round(max(one.p99_ms for one in beside), 2),
        "p99_ms_without_worst": round(max(one.p99_ms for one in alone), 2),
        "p50_ms_without": round(median(one.p50_ms for one in alone), 2),
        "p50_ms_with": round(median(one.p50_ms for one in beside), 2),
        "windows_with": len(beside),
        "disturbed_by": f"{with_ / without - 1:+.0%}",
    }
    return cases.Row("home beside a backup", "p99 less than +20 % (10 GB)", figures)


def _while_backed_up(load: Load, data: Path, directory: Path, rounds: int) -> list[Figures]:
    """Home from the beginning of a backup to its end, in windows; of the next too, while they are fewer than asked."""
    beside: list[Figures] = []
    while len(beside) < rounds:
        shutil.rmtree(
            data / "snapshots", ignore_errors=True
        )  # a young one would spare the backup its copy of the store
        with tempfile.TemporaryDirectory(dir=directory) as place:
            process = _start("backup", place, "--full", "--data", str(data))
            while process.poll() is None:
                beside.append(run(load, core=cases.LOAD_CORE))
            _, err = process.communicate()
            if process.returncode:
                raise RuntimeError(f"the backup failed: {err}")
    return beside


def _stopped(data: Path, directory: Path, size: Size) -> Iterator[cases.Row]:
    place = directory / "stopped"
    yield cases.Row("the first backup, server stopped", "", _sent(_command("backup", str(place), "--data", str(data))))
    copied = sum(_bytes(path) for _, path in _files(data))
    copies, restores, speeds = [], [], []
    for _ in range(size.rounds):
        copies.append(_copied(data, directory / "copy"))
        done = _command("restore", str(place), "--data", str(directory / "new"))
        restores.append(done["seconds"])
        speeds.append(done["bytes"] / done["seconds"] / 1e6)
        shutil.rmtree(directory / "new")
    figures = {
        "mb_per_s": round(median(speeds)),
        "seconds": round(median(restores), 2),
        "cp_mb_per_s": round(copied / median(copies) / 1e6),
        "cp_seconds": round(median(copies), 2),
        "ratio_of_seconds": round(median(copies) / median(restores), 2),
    }
    yield cases.Row("restore, against cp of journal and store", "the speed of the disk", figures)
    began = time.perf_counter()
    checked = _command("restore", str(place), "--check", "--temporary", str(directory))
    found = {"seconds": round(time.perf_counter() - began, 1), "findings": len(checked["findings"])}
    yield cases.Row("rehearsal", "", found)


def _copied(data: Path, target: Path) -> float:
    """Seconds that `cp` takes for journal and store, until they are on the disk."""
    target.mkdir()
    began = time.perf_counter()
    for _, path in _files(data):
        subprocess.run(["cp", "--reflink=never", str(path), str(target / path.name)], check=True)
        handle = os.open(target / path.name, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    seconds = time.perf_counter() - began
    shutil.rmtree(target)
    return seconds


def _command(*words: str) -> dict[str, Any]:
    """Run one command with --json to its end; what it printed."""
    process = _start(*words)
    out, err = process.communicate()
    if process.returncode:
        raise RuntimeError(f"whimbrel {' '.join(words)}: {process.returncode}\n{err}")
    answer: dict[str, Any] = json.loads(out)
    return answer


def _start(*words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "whimbrel", *words, "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _sent(done: dict[str, Any]) -> dict[str, Any]:
    figures = {
        "objects": done["objects_sent"],
        "sent_kb": round(done["bytes_sent"] / 1e3, 1),
        "seconds": done["seconds"],
    }
    if done["bytes_sent"] > 1e6:
        figures["mb_per_s"] = round(done["bytes_sent"] / done["seconds"] / 1e6)
    return figures


def _files(data: Path) -> list[tuple[str, Path]]:
    return [(path.name.partition(".")[0], path) for pattern in COPIED for path in sorted(data.glob(pattern))]


def _bytes(path: Path) -> int:
    return path.stat().st_size


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
