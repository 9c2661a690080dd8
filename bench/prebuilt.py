"""The yardstick: the same HTTP server sending one prebuilt answer, so that what is ours can be told from transport.

Run as a process of its own: reads the body from the file named first, listens on a free port, prints it.
"""

import asyncio
import socket
import sys
from pathlib import Path
from typing import Any

import uvloop
from granian._granian import SocketHolder
from granian.constants import Interfaces
from granian.server.embed import Server


class _Inherited(Server):
    def __init__(self, target: Any, listening: socket.socket) -> None:
        host, port = listening.getsockname()[:2]
        super().__init__(target, address=host, port=port, interface=Interfaces.ASGI, log_enabled=False)
        self._listening = listening

    def _init_shared_socket(self) -> None:
        self._ssp, self._shd = None, SocketHolder(self._listening.fileno(), False, 128)


def application(body: bytes) -> Any:
    """An ASGI application that answers everything with `body`."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


async def serve(file: Path) -> None:
    """Serve the file's bytes until the process is ended."""
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"ready: http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    await _Inherited(application(file.read_bytes()), listening).serve()


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(serve(Path(sys.argv[1])))
