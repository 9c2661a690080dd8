"""Asks an ASGI application in this process, byte by byte as a server would hand it over."""

import asyncio
import json
from typing import Any, NamedTuple


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


def ask(app, method, path, *, query=b"", headers=None, chunks=(b"",), client="192.0.2.7") -> Reply:
    """Send one request and wait for its answer. `chunks` are the messages in which the body arrives."""
    return asyncio.run(_ask(app, method, path, query, headers or {}, list(chunks), client))


async def _ask(app, method, path, query, headers, chunks, client):
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": (client, 40_000),
    }

    async def receive():
        if not chunks:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    start, *rest = sent
    fields = {name.decode(): value.decode() for name, value in start["headers"]}
    return Reply(start["status"], fields, b"".join(message["body"] for message in rest))
