"""A forward proxy that lets real clients talk to the real server untouched, and keeps what was said.

A client is given it as its HTTP proxy, so addresses, headers and bodies are its own. Every answer is kept for
`tests.support.described`, which holds it against Mastodon's description.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

HOP_BY_HOP = frozenset(("connection", "keep-alive", "proxy-connection", "transfer-encoding"))
ANSWER_SECONDS = 30.0


class Exchange(NamedTuple):
    """One request and its answer. Header names are in lower case."""

    method: str
    path: str
    query: str
    sent: bytes
    status: int
    headers: dict[str, str]
    body: bytes


class Recorder(ThreadingHTTPServer):
    """The proxy; `exchanges` are all that passed, in the order of their answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.exchanges: list[Exchange] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Passing(BaseHTTPRequestHandler):
    """Passes each request on over a connection that lives as long as the client's."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Recorder

    def setup(self) -> None:
        super().setup()
        self.onward: HTTPConnection | None = None

    def finish(self) -> None:
        super().finish()
        if self.onward is not None:
            self.onward.close()

    def do_GET(self) -> None:
        """Pass it on, keep the answer, and give it back as it was."""
        address = urlsplit(self.path)
        target = f"{address.path or '/'}?{address.query}" if address.query else address.path or "/"
        sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        if self.onward is None:
            self.onward = HTTPConnection(address.hostname or "", address.port, timeout=ANSWER_SECONDS)
        self.onward.request(self.command, target, body=sent or None, headers=headers)
        answer = self.onward.getresponse()
        body = answer.read()
        fields = answer.getheaders()
        known = {name.lower(): value for name, value in fields}
        self.server.exchanges.append(
            Exchange(self.command, address.path, address.query, sent, answer.status, known, body)
        )
        self.send_response_only(answer.status)
        for name, value in fields:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing: what passed is in `exchanges`."""


@contextmanager
def recording() -> Iterator[Recorder]:
    """A proxy for as long as the block runs."""
    recorder = Recorder()
    thread = threading.Thread(target=recorder.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield recorder
    finally:
        recorder.shutdown()
        thread.join()
        recorder.server_close()
