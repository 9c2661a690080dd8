"""Asks an ASGI application in this process, byte by byte as a server would hand it over."""

import asyncio
import json
from typing import Any, NamedTuple

POLL_SECONDS = 0.01


class Reply(NamedTuple):
    """What came back. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Current:
    """One process in step with its journal: never behind."""

    def behind(self) -> bool:
        """Never."""
        return False

    async def catch_up(self) -> None:
        """There is nothing to wait for."""

    def age_seconds(self) -> float:
        """Current."""
        return 0.0


def ask(app, method, path, **more) -> Reply:
    """Send one request and wait for its answer, from a test that is not asynchronous itself."""
    return asyncio.run(asked(app, method, path, **more))


async def asked(app, method, path, *, query=b"", headers=None, chunks=(b"",), client="192.0.2.7") -> Reply:
    """Send one request and wait for its answer. `chunks` are the messages in which the body arrives."""
    sent: list[dict[str, Any]] = []
    arriving = list(chunks)
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": (client, 40_000),
    }

    async def receive():
        if not arriving:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": arriving.pop(0), "more_body": bool(arriving)}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    start, *rest = sent
    fields = {name.decode(): value.decode() for name, value in start["headers"]}
    return Reply(start["status"], fields, b"".join(message["body"] for message in rest))


async def until_it_says(question, expected, *, seconds) -> None:
    """Ask until the answer (a dictionary) holds what is expected; TimeoutError at the deadline."""
    async with asyncio.timeout(seconds):
        while True:
            answer = await question()
            if expected.items() <= answer.items():
                return
            await asyncio.sleep(POLL_SECONDS)
