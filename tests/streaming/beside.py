"""A process of streams beside a real server, and readers of it: server-sent events by hand, WebSockets by a library.

The process is started as the supervisor starts it: with the configuration handed down and a listening socket as its
third file. Readers collect what they hear in a thread; a test asks until it has heard what it expects.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.support.serving import ROOT, Server, eventually
from whimbrel.config import HANDED_DOWN, encode, read
from whimbrel.reliability.control import ask

READY_SECONDS = 30.0
HEARD_SECONDS = 15.0
STOP_SECONDS = 15.0


class Heard(NamedTuple):
    """One message: what happened, its payload parsed, its id, and the name of the stream on a WebSocket."""

    event: str
    payload: Any
    id: str | None
    stream: list[str] | None = None


class Streaming:
    """A running process of streams: the server's own, when nothing else is said."""

    def __init__(self, server: Server, *, name: str = "streaming", port: int = 0) -> None:
        self.server, self._name = server, name
        self.port = port or _port_of(server)

    def page(self, page: str) -> tuple[int, str]:
        """A page of its control socket."""
        try:
            reply = ask(self.server.data / "run" / f"{self._name}.control.sock", page)
        except OSError as error:
            return 0, str(error)
        return reply.status, reply.text

    def metric(self, line: str) -> float:
        """The value of a metric, named with its labels."""
        text = self.page("/metrics")[1]
        return next((float(row.rpartition(" ")[2]) for row in text.splitlines() if row.startswith(line + " ")), 0.0)

    def line(self, *, receive_bytes: int = 0) -> socket.socket:
        """A bare connection; with a small buffer of its own if wanted."""
        line = socket.socket()
        line.settimeout(HEARD_SECONDS)
        if receive_bytes:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        line.connect(("127.0.0.1", self.port))
        return line

    def event_source(self, path: str, token: str | None = None, **more: Any) -> "EventSource":
        """Listen to server-sent events, and wait until it has begun."""
        return EventSource(self, path, token, **more)

    def web_socket(self, token: str | None = None, **query: str) -> "WebSocket":
        """Open a WebSocket, and wait until it is open."""
        return WebSocket(self, token, query)


class Beside(Streaming):
    """One that a test starts, stops and kills, beside the server's own."""

    def __init__(self, server: Server, *, name: str, **options: str) -> None:
        self._options = options
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1_024)
        super().__init__(server, name=name, port=self._listener.getsockname()[1])
        self.starts = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Beside":
        """Start it and wait until it is ready."""
        self.starts += 1
        port = str(urlsplit(self.server.url).port)
        config = read({"data": str(self.server.data), "port": port, **self._options}, {}).config
        environment = {**os.environ, HANDED_DOWN: encode(config), "PYTHONPATH": str(ROOT)}
        handle = self._listener.fileno()
        command = f"exec 3<&{handle}; exec '{sys.executable}' -m whimbrel.streaming_process --name {self._name}"
        with self.server.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/bash", "-c", command], stderr=log, stdout=log, env=environment, pass_fds=(handle,), cwd=ROOT
            )
        eventually(lambda: self.page("/readyz")[0] == 200, seconds=READY_SECONDS, what="streams are ready")
        return self

    def stop(self, how: int = signal.SIGTERM) -> int:
        """End it; returns its exit code. Its listening socket stays open, as the supervisor's does."""
        assert self._process is not None
        self._process.send_signal(how)
        code = self._process.wait(STOP_SECONDS)
        self._process = None
        return code

    def kill(self) -> None:
        """Kill it as a crash would."""
        self.stop(signal.SIGKILL)

    def close(self) -> None:
        """End it if it runs, and let go of the port."""
        if self._process is not None:
            self.kill()
        self._listener.close()


class Reader:
    """Collects what is heard until the end: until `read`, which does the hearing, returns."""

    def __init__(self, read: Callable[[], None]) -> None:
        self.heard: list[Heard] = []
        self.ended = threading.Event()
        self._hear = read
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self._hear()
        finally:
            self.ended.set()

    def await_heard(self, event: str, test: Any = lambda _: True, *, times: int = 1) -> Heard:
        """Wait until an event was heard whose payload passes a test, as often as said; returns the last of them."""

        def found() -> list[Heard]:
            return [one for one in list(self.heard) if one.event == event and test(one.payload)]

        eventually(lambda: len(found()) >= times, seconds=HEARD_SECONDS, what=f"{event} is heard in {self.heard}")
        return found()[times - 1]

    def events(self) -> list[tuple[str, str]]:
        """What was heard, as pairs of event and the id of what it is about."""
        return [(one.event, _about(one)) for one in list(self.heard)]


class EventSource(Reader):
    """Server-sent events, read by hand."""

    def __init__(
        self, streaming: Streaming, path: str, token: str | None, *, last_id: str | None = None, **query: str
    ) -> None:
        super().__init__(self._read)
        self.comments: list[str] = []
        self.retry: str | None = None
        self.last_id = last_id
        asked = f"/api/v1/streaming/{path}" + (f"?{urlencode(query)}" if query else "")
        headers = [f"GET {asked} HTTP/1.1", "Host: localhost"]
        headers += [f"Authorization: Bearer {token}"] if token else []
        headers += [f"Last-Event-ID: {last_id}"] if last_id else []
        self._socket = streaming.line()
        self._socket.sendall("\r\n".join([*headers, "", ""]).encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = dict(self._header_lines())
        self._socket.settimeout(None)
        self._thread.start()
        if self.status == 200:
            eventually(lambda: ")" in self.comments, seconds=HEARD_SECONDS, what="the stream has begun")

    def close(self) -> None:
        """Listen no more."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(STOP_SECONDS)
        self._file.close()
        self._socket.close()

    def _header_lines(self) -> Iterator[tuple[str, str]]:
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(": ")
            yield name.lower(), value

    def _read(self) -> None:
        fields: dict[str, str] = {}
        with suppress(OSError):
            while line := self._file.readline():
                text = line.decode().rstrip("\n")
                if text.startswith(":"):
                    self.comments.append(text[1:])
                elif text:
                    name, _, value = text.partition(": ")
                    fields[name] = value
                    self.retry = fields.get("retry", self.retry)
                else:
                    self._dispatch(fields)
                    fields = {}

    def _dispatch(self, fields: dict[str, str]) -> None:
        self.last_id = fields.get("id", self.last_id)
        if "event" in fields:
            self.heard.append(Heard(fields["event"], json.loads(fields["data"]), fields.get("id")))


class WebSocket(Reader):
    """A WebSocket, by the library `websockets`."""

    def __init__(self, streaming: Streaming, token: str | None, query: dict[str, str]) -> None:
        super().__init__(self._read)
        self.errors: list[dict[str, Any]] = []
        self.positions: list[str] = []
        self.code: int | None = None
        self.reason = ""
        asked = {**query, **({"access_token": token} if token else {})}
        self._open = connect(
            f"ws://127.0.0.1:{streaming.port}/api/v1/streaming?{urlencode(asked)}", compression=None, proxy=None
        )
        self.socket: ClientConnection = self._open.__enter__()
        self._thread.start()

    def say(self, **message: Any) -> None:
        """Send a message."""
        self.socket.send(json.dumps(message))

    def subscribe(self, stream: str, **more: str) -> None:
        """Ask for a stream, and wait until it is listened to."""
        before = len(self.positions)
        self.say(type="subscribe", stream=stream, **{"since": "now", **more})
        eventually(lambda: len(self.positions) > before, seconds=HEARD_SECONDS, what=f"{stream} is listened to")

    def subscribe_fails(self) -> None:
        """Wait for an error."""
        eventually(lambda: self.errors, seconds=HEARD_SECONDS, what="an error is told")

    def close(self) -> None:
        """Listen no more."""
        self._open.__exit__(None, None, None)
        self._thread.join(STOP_SECONDS)

    def _read(self) -> None:
        try:
            for text in self.socket:
                message = json.loads(text)
                if "error" in message:
                    self.errors.append(message)
                elif message["event"] == "position":
                    self.positions.append(message["id"])
                else:
                    payload = json.loads(message["payload"])
                    self.heard.append(Heard(message["event"], payload, message["id"], message["stream"]))
        except ConnectionClosed:
            pass
        self.code, self.reason = self.socket.close_code, self.socket.close_reason or ""


@contextmanager
def streaming_beside(server: Server, *, name: str, **options: str) -> Iterator[Beside]:
    """A process of streams for as long as the block runs."""
    streaming = Beside(server, name=name, **options)
    try:
        yield streaming.start()
    finally:
        streaming.close()


def _port_of(server: Server) -> int:
    client = server.client()
    urls = client.get("/api/v2/instance").json["configuration"]["urls"]
    client.close()
    return urlsplit(urls["streaming"]).port or 0


def _about(one: Heard) -> str:
    return one.payload["id"] if isinstance(one.payload, dict) and "id" in one.payload else str(one.payload)
