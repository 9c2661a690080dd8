"""The entry of the process of streams: thousands of idle connections on the supervisor's socket and one of its own.

Promises: it says that it is ready only when its views stand at the journal's head; on SIGTERM it takes nobody more,
tells everybody when to come back and exits 0; when its memory is of another history than the journal it exits, and the
supervisor starts it afresh. `run/streaming.sock` speaks the same as the TCP socket, without TLS, for the API's relay.
"""

import argparse
import asyncio
import logging
import os
import resource
import signal
import socket
import ssl
import sys
from typing import Final, NoReturn

import uvloop

from whimbrel.config import HANDED_DOWN, Config, decode
from whimbrel.engines.journal.client import CoreLink
from whimbrel.engines.journal.head import HeadReader
from whimbrel.engines.sockets import identity_of, listen, remove_if_ours
from whimbrel.following import Following, spare_the_collector
from whimbrel.kernel.limits import (
    LOOP_ANSWERS_SECONDS,
    STREAM_CONNECTIONS_MAX,
    STREAM_SOCKET_BYTES_MAX,
    STREAMING_NICENESS,
    THREAD_SWITCH_SECONDS,
)
from whimbrel.reliability.children import (
    LISTEN_HANDLE,
    RETIRE,
    die_with_parent,
    leave_the_terminal_to_the_supervisor,
)
from whimbrel.reliability.control import ControlSocket, Reply
from whimbrel.reliability.logs import log_as_json
from whimbrel.reliability.metrics import Family, exposition
from whimbrel.streaming.server import Streams
from whimbrel.streaming_wiring import Product, build_streams

_log = logging.getLogger(__name__)

SOCKET_NAME: Final = "streaming.sock"
_ANOTHER_HISTORY: Final = 70


def main() -> NoReturn:
    """Be the process of streams that the command line and the environment describe."""
    flags = argparse.ArgumentParser(prog="whimbrel.streaming_process")
    flags.add_argument("--name", default="streaming")
    flags.add_argument("--parent", type=int)
    told = flags.parse_args()
    if told.parent is not None:
        die_with_parent(told.parent)
    leave_the_terminal_to_the_supervisor()
    # Where both want the same core, reading home comes before streams: its p99 beside 50,000 messages a second on one
    # core was 12 ms so, and 120 ms before.
    os.nice(STREAMING_NICENESS)
    config = decode(os.environ[HANDED_DOWN])
    log_as_json(told.name, config.log_level, config.data)
    sys.setswitchinterval(THREAD_SWITCH_SECONDS)
    sys.exit(uvloop.run(StreamingProcess(config, told.name).serve()))


class StreamingProcess:
    """Serves streams until SIGTERM."""

    def __init__(self, config: Config, name: str) -> None:
        self._config, self._name = config, name
        self._run = config.data / "run"
        self._link = CoreLink(self._run / "core.sock", HeadReader(self._run / "head"))
        self._following = Following(self._link)
        self._product: Product | None = None
        self._streams: Streams | None = None
        self._serving = False

    async def serve(self) -> int:
        """Serve until told to stop; returns the exit code."""
        self._loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for told in (signal.SIGTERM, RETIRE):
            self._loop.add_signal_handler(told, stop.set)
        control = ControlSocket(
            self._run / f"{self._name}.control.sock",
            {"/livez": self._following.alive, "/readyz": self._ready, "/metrics": self._metrics},
        )
        try:
            await self._following.begin()
            self._product = await build_streams(self._config, self._link)
            await self._link.wait_for_head()
            spare_the_collector()
            return await self._serve_until(stop, self._product)
        finally:
            await self._link.close()
            if self._product is not None:
                await self._product.close()
            await asyncio.to_thread(control.close)

    async def _serve_until(self, stop: asyncio.Event, product: Product) -> int:
        streams = self._streams = Streams(product.parts, files_max=_raise_files_max())
        await streams.listen_on(_inherited(), tls=_tls(self._config))
        path = self._run / SOCKET_NAME
        beside = listen(path)
        ours = identity_of(path)
        await streams.listen_on(beside)
        self._serving = True
        diverged = asyncio.ensure_future(self._link.diverged.wait())
        stopped = asyncio.ensure_future(stop.wait())
        done, waiting = await asyncio.wait((diverged, stopped), return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        self._serving = False
        remove_if_ours(path, ours)
        await streams.close()
        return _ANOTHER_HISTORY if diverged in done else 0

    def _ready(self) -> Reply:
        return self._following.ready(serving=self._serving)

    def _metrics(self) -> Reply:
        families = self._following.families()
        if self._product is not None:
            asked = asyncio.run_coroutine_threadsafe(self._families(self._product), self._loop)
            families += asked.result(LOOP_ANSWERS_SECONDS)
        return Reply(200, "text/plain; version=0.0.4", exposition(families))

    async def _families(self, product: Product) -> list[Family]:
        parts = product.parts
        return parts.counts.families(parts.hub.counts(), parts.deliveries.waiting)


def _inherited() -> socket.socket:
    listener = socket.socket(fileno=os.dup(LISTEN_HANDLE))
    # What waits for a slow reader waits here, where it is counted, and not in the kernel; connections inherit it.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, STREAM_SOCKET_BYTES_MAX)
    listener.setblocking(False)
    return listener


def _tls(config: Config) -> ssl.SSLContext | None:
    if config.tls_cert is None or config.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.tls_cert, config.tls_key)
    return context


def _raise_files_max() -> int:
    """As many open files as the system lets this process have; each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < STREAM_CONNECTIONS_MAX:
        _log.warning("few files may be open, so few streams", extra={"files": most, "wanted": STREAM_CONNECTIONS_MAX})
    return most


if __name__ == "__main__":
    main()
