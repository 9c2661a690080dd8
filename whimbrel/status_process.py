"""The entry of the status program: a page of its own that goes on when everything that it watches has gone.

Promises: ready within a second; on SIGTERM it answers what it has begun and exits 0. Started by the supervisor as one
of its children, it does *not* die with it: `kill -9` of everything else is just what the page is for. The supervisor
that comes next tells it to leave (`LEAVE`, on its control socket) before it starts one of its own.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

import uvloop
from granian.constants import Interfaces

from whimbrel.config import HANDED_DOWN, Config, decode
from whimbrel.embedded_server import InheritedSocketServer
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.limits import CANARIES_ASKED_SECONDS
from whimbrel.reliability.children import (
    LEAVE,
    LISTEN_HANDLE,
    RETIRE,
    leave_the_terminal_to_the_supervisor,
    of_this_process,
)
from whimbrel.reliability.control import ControlSocket, Reply, ask
from whimbrel.reliability.health import ProcessHealth, loop_answers
from whimbrel.reliability.logs import log_as_json
from whimbrel.reliability.metrics import exposition, gauge
from whimbrel.reliability.proxies import networks
from whimbrel.statuspage.program import Program
from whimbrel.statuspage.settings import Settings, configured

_log = logging.getLogger("whimbrel.status")

NAME: Final = "status"


class Place(NamedTuple):
    """Where the program listens and is asked: a listening socket's descriptor, a folder for the control socket."""

    listen_handle: int
    run: Path
    tls: tuple[Path, Path] | None = None


def main() -> NoReturn:
    """Be the supervisor's child that the environment describes."""
    flags = argparse.ArgumentParser(prog="whimbrel.status_process")
    flags.add_argument("--name", default=NAME)
    flags.add_argument("--parent", type=int)
    told = flags.parse_args()
    leave_the_terminal_to_the_supervisor()
    config = decode(os.environ[HANDED_DOWN])
    log_as_json(told.name, config.log_level, config.data)
    tls = (config.tls_cert, config.tls_key) if config.tls_cert and config.tls_key else None
    provider = of_this_process().words(["whimbrel.canaries"])
    sys.exit(run(settings_of(config), Place(LISTEN_HANDLE, config.data / "run", tls), provider=provider))


def settings_of(config: Config) -> Settings:
    """What the server's configuration says to its status program."""
    settings = Settings(
        data=config.data / "status",
        name=config.title,
        public_url=config.status_url_told() or config.status_port_url(),
        watched_url=config.public_url_at(config.port) if config.tls_cert else config.local_url(),
        proxies=networks(config.trusted_proxies),
        canary_file=config.data / "secrets" / "canary.json",
        every_seconds=config.status_every_seconds,
        calm_seconds=config.status_calm_seconds,
    )
    # A predecessor that knows no section hands none down.
    return configured(settings, config.status_page) if config.status_page else settings


def run(
    settings: Settings, place: Place, *, provider: Sequence[str] = (), on_ready: Callable[[], None] | None = None
) -> int:
    """Serve until SIGTERM; returns the exit code. `on_ready` is called when the page answers.

    `provider`: the command line that makes the canaries' accounts, for a page that belongs to a server.
    """
    return uvloop.run(StatusProcess(settings, place, provider).serve(on_ready))


class StatusProcess:
    """The program behind HTTP."""

    def __init__(self, settings: Settings, place: Place, provider: Sequence[str] = ()) -> None:
        self._settings, self._place, self._provider = settings, place, provider
        self._program = Program(settings, clock=wall_clock_ms)

    async def serve(self, on_ready: Callable[[], None] | None = None) -> int:
        """Serve until told to stop; returns the exit code."""
        self._loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for told in (signal.SIGTERM, signal.SIGINT, RETIRE):
            self._loop.add_signal_handler(told, stop.set)
        async with AsyncExitStack() as ending:
            ending.push_async_callback(self._program.stop)  # also of one that could not be started
            await self._program.start()
            ending.push_async_callback(asyncio.to_thread, self._control(stop).close)
            if self._provider:
                ending.push_async_callback(_end, self._loop.create_task(self._provide_canaries()))
            if on_ready is not None:
                on_ready()  # the socket listens already: who comes now is answered as soon as the server takes over
            await self._serve_until(stop)
        return 0

    def _control(self, stop: asyncio.Event) -> ControlSocket:
        return ControlSocket(
            self._place.run / f"{NAME}.control.sock",
            {"/livez": lambda: loop_answers(self._loop), "/readyz": self._ready, "/metrics": self._metrics},
            verbs={LEAVE: lambda _: self._told_to_leave(stop)},
        )

    async def _provide_canaries(self) -> None:
        """Have the server that we belong to make the canaries' accounts, once it is there to do so.

        Asked for by a program of the server's own, because this one knows nothing of the microblog's inside.
        """
        file, core = self._settings.canary_file, self._place.run / "core.control.sock"
        while file is not None and not file.exists():
            if await asyncio.to_thread(_is_ready, core):
                try:
                    made = await asyncio.create_subprocess_exec(*self._provider, stdin=asyncio.subprocess.DEVNULL)
                    code = await made.wait()
                except OSError as error:  # no memory for another process, or no such program while it is replaced
                    code = error.errno or 1
                if code:
                    _log.warning("the canaries' accounts could not be made; they are asked for again")
            await asyncio.sleep(CANARIES_ASKED_SECONDS)

    async def _serve_until(self, stop: asyncio.Event) -> None:
        certificate, key = self._place.tls or (None, None)
        server = InheritedSocketServer(
            self._place.listen_handle,
            target=self._program.application(),
            interface=Interfaces.ASGINL,
            websockets=False,
            ssl_cert=certificate,
            ssl_key=key,
        )
        serving = self._loop.create_task(server.serve())
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        server.stop()  # type: ignore[no-untyped-call]  # granian has no types here
        await serving

    def _told_to_leave(self, stop: asyncio.Event) -> Reply:
        self._loop.call_soon_threadsafe(stop.set)
        return Reply(200, "text/plain", "leaving\n")

    def _ready(self) -> Reply:
        return ProcessHealth(loop_answers(self._loop).status == 200 and self._program.is_ready, {}, {}).reply()

    def _metrics(self) -> Reply:
        book = self._program.rooms.book
        families = [
            gauge(
                "whimbrel_status_last_turn_seconds", "Since the board was last looked at.", self._program.age_seconds
            ),
            gauge("whimbrel_status_writes_pending", "Writes that wait for the book.", book.pending),
        ]
        return Reply(200, "text/plain; version=0.0.4", exposition(families))


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens, for a program that nobody hands one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _is_ready(core: Path) -> bool:
    try:
        return ask(core, "/readyz").status == 200
    except OSError:
        return False


if __name__ == "__main__":
    main()
