"""Outage reports: how many are acknowledged durably in a second by one core, and what a million of them weighs on disk.

The reports room alone answers, on the status program's HTTP server, pinned to one core; the load comes from the other.
No challenge is asked, every report is of another person, and each answer is "counted", which means that it is on disk.
"""

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import uvloop
from granian.constants import Interfaces
from starlette.applications import Starlette

from bench.cases import LOAD_CORE, SERVER_CORE, Row
from bench.client import Load, run
from whimbrel.embedded_server import InheritedSocketServer
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.sql import schema
from whimbrel.reliability.proxies import networks
from whimbrel.status_process import listening
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.defaults import KINDS, own_service
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.reports import rows, sweeping
from whimbrel.statuspage.reports.front import Reports
from whimbrel.statuspage.reports.routes import believing, report_routes

IN_FLIGHT: Final = 64
ROOMS: Final = ("catalogue", "reports")
DAY_MINUTES: Final = 1_440
PLACES: Final = 150
BATCH: Final = 500
NETWORKS: Final = 2**32
FIRST_MINUTE: Final = 26_713_440
MILLION: Final = 1_000_000


class Size(NamedTuple):
    """How long, how often, and how many rows."""

    seconds: float
    rounds: int
    rows: int


QUICK: Final = Size(3.0, 1, 200_000)
FULL: Final = Size(10.0, 3, MILLION)


def measured(size: Size, directory: Path) -> Iterator[Row]:
    """Every figure, below `directory`."""
    for round_ in range(size.rounds):
        yield _durable(directory / f"round-{round_}", size.seconds, round_)
    yield _weight(directory / "weight", size.rows)


def _durable(folder: Path, seconds: float, round_: int) -> Row:
    """Reports a second, each acknowledged when it is on disk."""
    requests = [_request(round_, number) for number in range(int(15_000 * (seconds + 2)))]
    with _serving(folder) as port:
        load = Load("127.0.0.1", port, requests, IN_FLIGHT, seconds, status=201, check=_counted)
        figures = run(load, core=LOAD_CORE)
    book = Book(folder / "status.sqlite", [schema(f"whimbrel.statuspage.{room}") for room in ROOMS])
    with book.look() as look:
        kept = look.all("SELECT SUM(reports) FROM report_minutes")[0][0]
    book.close()
    if kept < figures.answers:
        raise RuntimeError(f"{figures.answers} reports were acknowledged, {kept} are on disk")
    return Row(
        f"reports acknowledged durably, {IN_FLIGHT} in flight",
        "2,000/s on one core",
        {"per_s": round(figures.per_second), "p50_ms": round(figures.p50_ms, 1), "p99_ms": round(figures.p99_ms, 1)},
    )


def _weight(folder: Path, count: int) -> Row:
    """Bytes of a day with so many reports, from 150 places, with its indexes; and after the voices are forgotten."""
    folder.mkdir()
    path = folder / "status.sqlite"
    book = Book(path, [schema(f"whimbrel.statuspage.{room}") for room in ROOMS])
    chance = random.Random(7)
    service, *kinds = book.submit(lambda pen: list(rows.add_slugs(pen, ("own", *KINDS)).values())).result()
    for first in range(0, count, BATCH):
        minute = FIRST_MINUTE + DAY_MINUTES * first // count
        entries = [_entry(chance, service, kinds, minute) for _ in range(BATCH)]
        book.submit(partial(rows.take_in, entries=entries)).result()
    full = _bytes(path)
    book.submit(partial(sweeping.sum_up, service=service, until=FIRST_MINUTE + DAY_MINUTES)).result()
    book.close()
    per_million = MILLION / count / 1e6
    return Row(
        "a day of reports on disk, with indexes",
        "300 MB a million",
        {"reports": count, "MB_a_million": round(full * per_million, 1)},
    )


def _entry(chance: random.Random, service: int, kinds: list[int], minute: int) -> rows.Entry:
    voice = chance.getrandbits(64) - 2**63
    place = int("DE", 36) + min(int(chance.expovariate(0.05)), PLACES)
    network, wording = chance.randrange(NETWORKS), chance.choice((0, 0, chance.randrange(NETWORKS)))
    at_ms = 60_000 * minute + chance.randrange(60_000)
    return rows.Entry(service, at_ms, voice, None, chance.choice(kinds), place, 4, network, wording, 0)


def _request(round_: int, number: int) -> bytes:
    address = f"{10 + round_}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    body = json.dumps({"service": "own", "kind": KINDS[number % len(KINDS)], "time_zone": "Europe/Berlin"}).encode()
    head = (
        f"POST /api/reports HTTP/1.1\r\nHost: bench\r\nUser-Agent: Firefox\r\nX-Forwarded-For: {address}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _counted(body: bytes) -> None:
    if json.loads(body).get("counted") is not True:
        raise ValueError(f"not counted: {body[:200]!r}")


def _bytes(path: Path) -> int:
    return sum(path.with_name(path.name + end).stat().st_size for end in ("", "-wal"))


@contextmanager
def _serving(folder: Path) -> Iterator[int]:
    folder.mkdir()
    command = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", "bench.reports", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()  # it leaves when nobody is behind it any more


async def _serve(folder: Path) -> None:
    """Take reports until standard input ends."""
    book = Book(folder / "status.sqlite", [schema(f"whimbrel.statuspage.{room}") for room in ROOMS])
    catalogue = Catalogue(book=book, clock=wall_clock_ms)
    await catalogue.load(own_service("Bench", "http://127.0.0.1:1"))
    reports = Reports(
        book=book,
        catalogue=catalogue,
        clock=wall_clock_ms,
        folder=folder,
        free_per_minute=None,
        per_second=MILLION,
    )
    await reports.start()
    await reports.turn()
    routes = report_routes(reports, believing(networks(["127.0.0.0/8"])))
    socket = listening("127.0.0.1", 0)
    port = socket.getsockname()[1]
    server = InheritedSocketServer(
        socket.detach(),  # the server closes it
        target=Starlette(routes=routes),
        interface=Interfaces.ASGINL,
        websockets=False,
    )
    serving = asyncio.create_task(server.serve())
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.stop()  # type: ignore[no-untyped-call]  # granian has no types here
    await serving
    await reports.stop()
    await asyncio.to_thread(book.close)


if __name__ == "__main__":
    uvloop.run(_serve(Path(sys.argv[1])))
