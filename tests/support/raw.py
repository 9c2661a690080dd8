"""A client without manners: sends bytes as they are, in pieces if wanted, and reads what comes back."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.support.asgi import Reply

ANSWER_SECONDS = 10.0
PIECE_BYTES = 65_536


class Line:
    """A connection to a server."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._socket = socket.create_connection((address.hostname, address.port), timeout=ANSWER_SECONDS)
        self._kept = b""

    def send(self, *pieces: bytes) -> "Line":
        """Send these bytes. A server that has closed its side meanwhile has said why, and is read next."""
        for piece in pieces:
            try:
                self._socket.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break
        return self

    def hang_up(self) -> "Line":
        """Send nothing more, and still listen."""
        with suppress(OSError):  # the server has closed it first
            self._socket.shutdown(socket.SHUT_WR)
        return self

    def hear(self, *, bodiless: bool = False) -> Reply | None:
        """The next answer, or None when the server closes without one. `bodiless` for answers to HEAD."""
        while b"\r\n\r\n" not in self._kept:
            if not self._more():
                return None
        head, _, self._kept = self._kept.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = 0 if bodiless else int(headers.get("content-length", "0"))
        while len(self._kept) < length and self._more():
            pass
        body, self._kept = self._kept[:length], self._kept[length:]
        return Reply(int(first.split(" ")[1]), headers, body)

    def close(self) -> None:
        """Let go."""
        self._socket.close()

    def _more(self) -> bool:
        try:
            piece = self._socket.recv(PIECE_BYTES)
        except ConnectionResetError:
            return False
        self._kept += piece
        return bool(piece)


@contextmanager
def line_to(url: str) -> Iterator[Line]:
    """A connection for as long as the block runs."""
    line = Line(url)
    try:
        yield line
    finally:
        line.close()


def request(method: str, target: str, *, body: bytes = b"", version: str = "1.1", **headers: str) -> bytes:
    """The bytes of a request; a header's name is written with underscores, and None leaves a usual one out."""
    usual = {"Host": "127.0.0.1", "Content-Length": str(len(body)) if body else None}
    given = {name.replace("_", "-").title(): value for name, value in headers.items()}
    fields = "".join(f"{name}: {value}\r\n" for name, value in (usual | given).items() if value is not None)
    return f"{method} {target} HTTP/{version}\r\n{fields}\r\n".encode("latin-1") + body
