"""What an API process is made of: HTTP by granian on the supervisor's socket, the product, a link to the core.

Promises: it says that it is ready only when its views stand at the journal's head; on SIGTERM it finishes the
requests that it has begun and exits 0; on RETIRE it first has its clients move to its successor (draining.py); when
it finds that its memory is of another history than the journal (a restored backup) it exits, and the supervisor starts
it afresh. It ends with the supervisor, however that ends.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, NoReturn

import uvloop
from granian.constants import Interfaces

from whimbrel.config import HANDED_DOWN, Config, decode
from whimbrel.embedded_server import InheritedSocketServer
from whimbrel.engines.journal.client import CoreLink
from whimbrel.engines.journal.head import HeadReader
from whimbrel.following import Following, spare_the_collector
from whimbrel.kernel.limits import (
    KEEPALIVE_IDLE_SECONDS,
    KEEPALIVE_PROBE_SECONDS,
    KEEPALIVE_PROBES_MAX,
    KEEPALIVE_UNTAKEN_MS_MAX,
    THREAD_SWITCH_SECONDS,
)
from whimbrel.reliability.children import (
    LISTEN_HANDLE,
    RETIRE,
    die_with_parent,
    leave_the_terminal_to_the_supervisor,
)
from whimbrel.reliability.control import ControlSocket, Reply
from whimbrel.reliability.draining import AsgiApp, Draining
from whimbrel.reliability.logs import log_as_json
from whimbrel.reliability.metrics import (
    HOME,
    ROUTE,
    SECONDS,
    STATUS,
    Family,
    HomeAnswers,
    RequestMetrics,
    exposition,
    gauge,
)

_log = logging.getLogger(__name__)


Build = Callable[[Config, CoreLink], Awaitable[AsgiApp]]
"""Makes the application: builds the views and has the link feed them (`CoreLink.follow`). The link is connected; the
configuration's `port` is the one that is listened on."""

_ANOTHER_HISTORY: Final = 70
_KEEPALIVE: Final = {
    "TCP_KEEPIDLE": KEEPALIVE_IDLE_SECONDS,
    "TCP_KEEPINTVL": KEEPALIVE_PROBE_SECONDS,
    "TCP_KEEPCNT": KEEPALIVE_PROBES_MAX,
    "TCP_USER_TIMEOUT": KEEPALIVE_UNTAKEN_MS_MAX,
}


def run(build: Build) -> NoReturn:
    """Be the API process that the command line and the environment describe."""
    flags = argparse.ArgumentParser(prog="whimbrel.api_process")
    flags.add_argument("--name", required=True)
    flags.add_argument("--parent", type=int)
    told = flags.parse_args()
    if told.parent is not None:
        die_with_parent(told.parent)
    leave_the_terminal_to_the_supervisor()
    config = decode(os.environ[HANDED_DOWN])
    log_as_json(told.name, config.log_level, config.data)
    sys.setswitchinterval(THREAD_SWITCH_SECONDS)
    sys.exit(uvloop.run(ApiProcess(config, told.name, LISTEN_HANDLE).serve(build)))


class ApiProcess:
    """Serves HTTP on an inherited socket until SIGTERM."""

    def __init__(self, config: Config, name: str, listen_handle: int) -> None:
        port = _port_of(listen_handle)
        self._config = replace(config, port=port)
        self._name, self._listen_handle = name, listen_handle
        self._run = config.data / "run"
        self._requests, self._homes = RequestMetrics(), HomeAnswers()
        self._link = CoreLink(self._run / "core.sock", HeadReader(self._run / "head"))
        self._following = Following(self._link)
        self._serving = False
        self._stop, self._retire = asyncio.Event(), asyncio.Event()

    async def serve(self, build: Build) -> int:
        """Serve until told to stop; returns the exit code."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        loop.add_signal_handler(RETIRE, self._retire.set)
        control = ControlSocket(
            self._run / f"{self._name}.control.sock",
            {"/livez": self._following.alive, "/readyz": self._ready, "/metrics": self._metrics},
        )
        try:
            await self._following.begin()
            app = await build(self._config, self._link)
            spare_the_collector()
            return await self._serve_until_told(Draining(app))
        finally:
            await self._link.close()
            await asyncio.to_thread(control.close)

    async def _serve_until_told(self, app: Draining) -> int:
        server = self._server(app)
        serving = asyncio.get_running_loop().create_task(server.serve())
        self._serving = True
        code = await self._until_told(serving)
        if self._retire.is_set():
            await app.have_moved(self._listen_handle, self._stop)
        self._serving = False
        await app.end_streams()
        server.stop()  # type: ignore[no-untyped-call]  # granian has no types here
        await serving
        return code

    async def _until_told(self, serving: "asyncio.Task[None]") -> int:
        diverged = asyncio.ensure_future(self._link.diverged.wait())
        told = [asyncio.ensure_future(event.wait()) for event in (self._stop, self._retire)]
        done, waiting = await asyncio.wait((diverged, *told, serving), return_when=asyncio.FIRST_COMPLETED)
        for task in waiting - {serving}:
            task.cancel()
        return _ANOTHER_HISTORY if diverged in done else 0

    def _server(self, app: AsgiApp) -> "InheritedSocketServer":
        config = self._config
        _find_the_vanished(self._listen_handle)
        return InheritedSocketServer(
            self._listen_handle,
            target=self._measured(app),
            interface=Interfaces.ASGINL,
            websockets=True,
            ssl_cert=config.tls_cert,
            ssl_key=config.tls_key,
        )

    def _ready(self) -> Reply:
        return self._following.ready(serving=self._serving)

    def _metrics(self) -> Reply:
        families: list[Family] = [
            *self._requests.families(),
            *self._homes.families(),
            *self._following.families(),
            gauge("whimbrel_core_requests_outstanding", "Requests that wait for the core.", self._link.outstanding),
        ]
        return Reply(200, "text/plain; version=0.0.4", exposition(families))

    def _measured(self, app: AsgiApp) -> Callable[[Any, Any, Any], Awaitable[None]]:
        """The application, with each answer counted by the route and the code that it names in the scope."""
        requests, homes, link = self._requests, self._homes, self._link

        async def measured(scope: Any, receive: Any, send: Any) -> None:
            began = time.perf_counter()
            try:
                await app(scope, receive, send)
            finally:
                seconds = scope.get(SECONDS) or time.perf_counter() - began
                method = scope.get("method", "GET")  # a WebSocket begins with one
                requests.observe(method, scope.get(ROUTE, "unknown"), scope.get(STATUS, 500), seconds)
                if (home := scope.get(HOME)) is not None:
                    homes.observe(home, link.age_seconds())

        return measured


def _find_the_vanished(listen_handle: int) -> None:
    # Accepted connections inherit this. A phone that lost its network in the middle of a relayed stream says nothing,
    # and ASGI has no ping: without it such a stream would stay, until this process ends.
    listener = socket.socket(fileno=os.dup(listen_handle))
    with listener:
        if listener.family == socket.AF_UNIX:
            return
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):  # not every system has each of them
                listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _port_of(listen_handle: int) -> int:
    listener = socket.socket(fileno=os.dup(listen_handle))
    try:
        port: int = listener.getsockname()[1]
    finally:
        listener.close()
    return port
