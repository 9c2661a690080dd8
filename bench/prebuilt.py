"""The yardstick: the same HTTP server sending one prebuilt answer, so that what is ours can be told from transport.

Run as a process of its own: reads the body from the file named first, listens on a free port, prints it.
"""

import socket
import sys
from pathlib import Path
from typing import Any

import uvloop
from granian.constants import Interfaces

from whimbrel.embedded_server import InheritedSocketServer


def application(body: bytes) -> Any:
    """An ASGI application that answers everything with `body`."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]

    async def answer(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


async def serve(body: bytes) -> None:
    """Serve `body` until the process is ended."""
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"ready: http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    options: dict[str, Any] = {"interface": Interfaces.ASGINL, "log_enabled": False, "websockets": False}
    await InheritedSocketServer(listening.fileno(), target=application(body), **options).serve()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]).read_bytes()))
