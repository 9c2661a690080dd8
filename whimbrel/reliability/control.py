"""Each process answers for itself on a Unix socket of its own: is it alive, is it ready, what has it counted?

A few lines of HTTP/1.0, so that a person can ask too: `curl --unix-socket data/run/core.control.sock http://x/readyz`.
The answers are given by a thread beside the process's work, so that one which is stuck can still say where.
Standard library only, because the supervisor uses it.
"""

import logging
import select
import socket
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

from whimbrel.engines.sockets import address_of, identity_of, listen, remove_if_ours
from whimbrel.kernel.limits import CONTROL_ANSWER_BYTES_MAX, CONTROL_DEADLINE_SECONDS, CONTROL_REQUEST_BYTES_MAX

_log = logging.getLogger(__name__)


class Reply(NamedTuple):
    """An HTTP status, a content type and a text."""

    status: int
    kind: str
    text: str


Pages = Mapping[str, Callable[[], Reply]]
Verb = Callable[[Mapping[str, str]], Reply]
"""Does what it is asked for, with the fields of the query."""


class ControlSocket:
    """Answers `pages` (by path) at `path` from a thread of its own until `close`, and does `verbs`.

    `inherited` is the handle of a socket that listens at `path` already.
    """

    def __init__(
        self, path: Path, pages: Pages, *, verbs: Mapping[str, Verb] | None = None, inherited: int | None = None
    ) -> None:
        self._pages, self._verbs, self._path = pages, verbs or {}, path
        self._listener = listen(path) if inherited is None else socket.socket(fileno=inherited)
        self._identity = identity_of(path)
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)
        self._thread.start()

    def answer(self, pages: Pages) -> None:
        """Answer these pages from now on."""
        self._pages = pages

    def hold(self) -> int:
        """Take up no further question; they wait. Returns the handle of the socket, for who is going to answer them."""
        self._turn.acquire()
        return self._listener.fileno()

    def go_on(self) -> None:
        """Answer again after `hold`."""
        self._turn.release()

    def close(self) -> None:
        """Stop answering. What a successor listens on under the same name is left alone."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(CONTROL_DEADLINE_SECONDS)
        self._listener.close()
        remove_if_ours(self._path, self._identity)

    def _serve(self) -> None:
        waiting = select.poll()
        waiting.register(self._listener, select.POLLIN)
        while True:
            waiting.poll()
            with self._turn:
                try:
                    connection, _ = self._listener.accept()
                except OSError:
                    return  # closed
                with connection:
                    try:
                        self._answer(connection)
                    except OSError as error:
                        _log.info("who asked has left", extra={"error": str(error)})

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(CONTROL_DEADLINE_SECONDS)
        words = connection.recv(CONTROL_REQUEST_BYTES_MAX).split(b" ", 2)
        page = self._page(words[1].decode("latin-1")) if len(words) == 3 else None
        reply = self._reply(page) if page else Reply(404, "text/plain", "no such page\n")
        body = reply.text.encode()
        connection.sendall(
            f"HTTP/1.0 {reply.status} {HTTPStatus(reply.status).phrase}\r\nContent-Type: {reply.kind}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )

    def _page(self, target: str) -> Callable[[], Reply] | None:
        path, _, query = target.partition("?")
        verb = self._verbs.get(path)
        return partial(verb, dict(parse_qsl(query))) if verb else self._pages.get(path)

    def _reply(self, page: Callable[[], Reply]) -> Reply:
        try:
            return page()
        except Exception as error:  # noqa: BLE001 - a page that fails must not silence the others
            _log.error("a control page failed", exc_info=error)
            return Reply(500, "text/plain", f"{error!r}\n")


def ask(path: Path, page: str, *, deadline_seconds: float = CONTROL_DEADLINE_SECONDS) -> Reply:
    """Ask the process behind `path` for a page. Raises OSError when it does not answer in time; blocks until then."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(deadline_seconds)
        connection.connect(address_of(path))
        connection.sendall(f"GET {page} HTTP/1.0\r\n\r\n".encode())
        parts: list[bytes] = []
        size = 0
        while part := connection.recv(65_536):
            parts.append(part)
            size += len(part)
            if size > CONTROL_ANSWER_BYTES_MAX:
                raise OSError(f"the answer of {path.name} is longer than {CONTROL_ANSWER_BYTES_MAX} bytes")
    return parse_reply(b"".join(parts))


def parse_reply(answer: bytes) -> Reply:
    """The reply in the bytes of an answer. Raises OSError when it is not one."""
    head, separator, body = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if not separator or len(words) < 2 or not words[1].isdigit():
        raise OSError("the process behind the socket did not answer")
    kind = next((line[14:] for line in head.decode("latin-1").split("\r\n") if line.startswith("Content-Type: ")), "")
    return Reply(int(words[1]), kind, body.decode())
