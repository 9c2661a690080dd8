"""The front of watching: started and stopped by the program, asked for evidence each second.

Promises: every task has its owner here, ends when told, and goes on after whatever surprises it, because a watcher that
dies in silence is the one failure that nobody would see. What is watched is what the `Plan` says; canaries begin when
their secrets are there. Evidence is what is known, and what is not is absent.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from starlette.routing import Route

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.errors import Misconfigured, WhimbrelError
from whimbrel.kernel.limits import (
    CANARY_ANSWER_SECONDS,
    CANARY_SECONDS,
    CANARY_STEP_SECONDS,
    PROBES_AT_ONCE_MAX,
    SCRAPE_SECONDS,
    WATCH_MINUTE_SECONDS,
    WATCH_TICK_SECONDS,
)
from whimbrel.kernel.sql import Queries
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.evidence import CrowdSeen, Evidence, Planned
from whimbrel.statuspage.rounds import Rounds
from whimbrel.statuspage.values import ProbeResult
from whimbrel.statuspage.watching import measured
from whimbrel.statuspage.watching.canary import Canary
from whimbrel.statuspage.watching.lags import staler
from whimbrel.statuspage.watching.metrics import COUNTED
from whimbrel.statuspage.watching.observed import Beside, Observed
from whimbrel.statuspage.watching.pace import pause_seconds
from whimbrel.statuspage.watching.pair import CanarySecrets, read_secrets
from whimbrel.statuspage.watching.probes import Probes
from whimbrel.statuspage.watching.probing import Probe, run_probe
from whimbrel.statuspage.watching.scraping import Scraper
from whimbrel.statuspage.watching.signing_in import App
from whimbrel.statuspage.watching.site import Site
from whimbrel.statuspage.watching.slo import Budget, Slo
from whimbrel.statuspage.watching.steps import Steps
from whimbrel.statuspage.watching.vantage import Vantages, read_keys

_log = logging.getLogger(__name__)
_SQL: Final = Queries("whimbrel.statuspage.watching")
_APP: Final = "app"
_encode_app = msgspec.msgpack.Encoder().encode
_decode_app = msgspec.msgpack.Decoder(App).decode


class Plan(NamedTuple):
    """What is watched. `url`: the service, empty for none; `nodes`: whose /metrics are read; no slash at their ends.

    `secrets_file`: the canaries' names and passwords, which may appear later; `keys_file`: the secrets of the other
    vantage points. `probes`: those of the configuration.
    """

    url: str = ""
    nodes: tuple[str, ...] = ()
    secrets_file: Path | None = None
    vantage: str = "here"
    every_seconds: float = CANARY_SECONDS
    answer_seconds: float = CANARY_ANSWER_SECONDS
    slos: Mapping[str, Slo] = {}
    keys_file: Path | None = None
    ca_file: str = ""
    probes: tuple[Probe, ...] = ()


class Watch:
    """Watches by `plan`, from `start` to `stop`, on one event loop."""

    def __init__(self, plan: Plan, *, book: Book, observed: Observed, clock: Clock) -> None:
        self._plan, self._book, self._clock = plan, book, clock
        self._site = Site(plan.url, plan.ca_file, plan.answer_seconds)
        self.observed = observed
        self.probes = Probes(book=book, clock=clock, fixed=plan.probes)
        self.scraper = Scraper(observed=observed, slos=plan.slos, clock=clock, ca_file=plan.ca_file)
        self.vantages = Vantages({}, note=self._note, forget=observed.forget_probe, clock=clock)
        self._canary: Canary | None = None
        self._app: App | None = None
        self._due: dict[str, float] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._rounds: list[Rounds] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Read the book and begin. Raises StoreUnavailable."""
        await self.probes.load()
        await self._book.read(self._load)
        self._rounds = [Rounds("probes", self._run_due_probes), Rounds("watching's minute", self._write_minute)]
        self._rounds += [Rounds(f"metrics of {node}", self._scraping(node)) for node in self._plan.nodes]
        if self._plan.url:
            self._rounds.append(Rounds("canaries", self._go_round))
        self._tasks = [asyncio.create_task(one.for_ever()) for one in self._rounds]

    async def stop(self) -> None:
        """End everything, and write down what was counted."""
        tasks = {*self._tasks, *self._running.values()}
        while tasks := {task for task in tasks if not task.done()}:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=WATCH_TICK_SECONDS)
        self._tasks = []
        with suppress(WhimbrelError):  # the book says by itself that its disk refuses
            await self._write(self._clock() // 60_000 + 1)

    @property
    def failing(self) -> str:
        """Why a part of the watching failed the last time; empty while all goes well."""
        return next((one.failing for one in self._rounds if one.failing), "")

    def evidence(
        self, component: str, now_ms: int, *, crowd: CrowdSeen | None = None, planned: Planned | None = None
    ) -> Evidence:
        """What is known of a component now. Costs no I/O."""
        empty = self.scraper.staleness.seen(now_ms) if component == "home" else None
        beside = Beside(
            burns=self.scraper.indicators.burns(component, now_ms),
            crowd=crowd,
            falls=self.scraper.rates.falls(component, now_ms // 60_000),
            stale=staler(empty, self.scraper.lags.seen(component, now_ms)),
            planned=planned,
        )
        return self.observed.evidence(component, now_ms, beside)

    def budgets(self) -> list[Budget]:
        """What is left of every error budget."""
        return self.scraper.indicators.budgets(self._clock())

    def routes(self) -> list[Route]:
        """What answers HTTP: results of other vantage points."""
        return self.vantages.routes()

    # The turns: each does its part once, and returns the seconds until the next

    async def _go_round(self) -> float:
        began = time.monotonic()
        canary = self._canary or await asyncio.to_thread(self._hatch)
        if canary is None:
            well = await self._without_canaries().look()
        else:
            well = await canary.round()
            await self._keep_app(canary)
        took_seconds = time.monotonic() - began
        return pause_seconds(took_seconds, random.random(), well=well, every_seconds=self._plan.every_seconds)

    def _hatch(self) -> Canary | None:
        file = self._plan.secrets_file
        if file is None or not file.exists():
            return None
        try:
            secrets = read_secrets(file)
        except Misconfigured as error:
            _log.error("no canaries", extra={"error": error.public})
            return None
        told = CanarySecrets(poster=secrets.poster, reader=secrets.reader, app=secrets.app or self._app)
        self._canary = Canary(
            self._site,
            told,
            note=self._note,
            clock=self._clock,
            vantage=self._plan.vantage,
            untried=self._untried,
        )
        return self._canary

    def _untried(self, component: str, probe: str) -> None:
        self.observed.forget_probe(component, probe, self._plan.vantage)

    def _without_canaries(self) -> Steps:
        vantage = self._plan.vantage
        return Steps(self._site, note=self._note, clock=self._clock, vantage=vantage, seconds=CANARY_STEP_SECONDS)

    async def _keep_app(self, canary: Canary) -> None:
        app = canary.pair.app
        if app is not None and app != self._app:
            self._app = app
            row = {"name": _APP, "value": _encode_app(app)}
            await self._book.write(lambda pen: pen.run(_SQL.keep, row))

    def _scraping(self, node: str) -> Callable[[], Awaitable[float]]:
        async def scrape() -> float:
            began = time.monotonic()
            await self.scraper.scrape(node)
            return max(1.0, SCRAPE_SECONDS - (time.monotonic() - began))

        return scrape

    async def _run_due_probes(self) -> float:
        now = time.monotonic()
        self._running = {id_: task for id_, task in self._running.items() if not task.done()}
        self._due = {id_: due for id_, due in self._due.items() if id_ in self.probes.every}
        for id_, probe in self.probes.every.items():
            if len(self._running) >= PROBES_AT_ONCE_MAX:
                break
            if id_ not in self._running and self._due.get(id_, now) <= now:
                self._due[id_] = now + probe.every_seconds
                self._running[id_] = asyncio.create_task(self._run(probe))
        return WATCH_TICK_SECONDS

    async def _run(self, probe: Probe) -> None:
        self._note(await run_probe(probe, clock=self._clock, vantage=self._plan.vantage))

    def _note(self, result: ProbeResult) -> None:
        """Take in a result. Of a component that no node counts requests of, the probes are the requests."""
        self.observed.note_probe(result)
        if result.component not in COUNTED:
            self.scraper.indicators.count_probe(result)

    async def _write_minute(self) -> float:
        await self._write(self._clock() // 60_000)
        await asyncio.to_thread(self._read_keys)
        return WATCH_MINUTE_SECONDS

    def _read_keys(self) -> None:
        if self._plan.keys_file is not None:
            self.vantages.keys = read_keys(self._plan.keys_file)

    async def _write(self, minute: int) -> None:
        indicators, rates, taken = self.scraper.indicators, self.scraper.rates, self.scraper.measured.take()

        def write(pen: Writing) -> None:
            indicators.write(pen, minute)
            measured.write(pen, taken, minute)
            rates.write(pen)
            indicators.load_sums(pen, minute)

        try:
            await self._book.write(write)
        except WhimbrelError:
            self.scraper.measured.give_back(taken)
            raise
        indicators.written(minute)

    def _load(self, look: Reading) -> None:
        self.scraper.indicators.load(look, self._clock() // 60_000)
        self.scraper.rates.load(look)
        row = look.one(_SQL.kept, {"name": _APP})
        self._app = _decode_app(row[0]) if row is not None else None
