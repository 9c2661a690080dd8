"""One relayed WebSocket: messages between a client, by ASGI's events, and the streaming process, by frames.

Promises: messages are passed on whole and in order, each way; the close code (and the reason, where ASGI carries one)
of the side that ends it reaches the other; pings of the streaming process are answered here, because ASGI cannot pass
them on, so that a client that has vanished is found by the kernel's keepalive on the main port instead.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, NamedTuple

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, TextMessage

from whimbrel.api.far_side import FarSide, ended
from whimbrel.api.request import Receive
from whimbrel.kernel.limits import RELAY_MESSAGE_BYTES_MAX, STREAM_MESSAGE_BYTES_MAX

NORMAL: Final = 1000
NO_CODE: Final = 1005
ABNORMAL: Final = 1006
TOO_LARGE: Final = 1009
RESTARTING: Final = 1012
"""Close codes (RFC 6455, 7.4.1; 1012 from its registry)."""

_RETRY_MS: Final = (100, 1_100)
_UNSAYABLE: Final = (NO_CODE, ABNORMAL)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Close(NamedTuple):
    """How a WebSocket ends."""

    code: int
    reason: str = ""


class RelayedFrames:
    """Both directions of one WebSocket, from the moment at which the streaming process has accepted it."""

    def __init__(self, far: FarSide, send: Send, send_seconds: float) -> None:
        self._far, self._send, self._send_seconds = far, send, send_seconds
        self._frames = Connection(ConnectionType.CLIENT)
        self._parts: list[str | bytes] = []
        self._bytes = 0

    async def run(self, receive: Receive) -> None:
        """Accept the client and pass messages on until one side ends it."""
        chosen = self._far.head.header(b"sec-websocket-protocol").decode("latin-1")
        await self._send({"type": "websocket.accept", "subprotocol": chosen or None})
        onward = asyncio.create_task(self._pass_onward(receive))
        close: Close | None = _away()  # also when this process ends in the middle: the client is to come back at once
        try:
            close = await self._pass_back()
            if onward.done():
                close = onward.result()
        finally:
            await ended(onward)
            if close is not None:
                await self._tell({"type": "websocket.close", "code": close.code, "reason": close.reason})

    async def _pass_back(self) -> Close | None:
        while data := await self._far.read():
            self._frames.receive_data(data)
            for event in self._frames.events():
                if isinstance(event, CloseConnection):
                    await self._answer(event.response())
                    return Close(NORMAL if event.code in _UNSAYABLE else event.code, event.reason or "")
                if isinstance(event, Ping):
                    await self._answer(event.response())
                elif isinstance(event, Message):
                    self._parts.append(event.data)
                    self._bytes += len(event.data)
                    if self._bytes > RELAY_MESSAGE_BYTES_MAX:
                        return Close(TOO_LARGE, "the message is too large for the main port")
                    if event.message_finished and not await self._tell(self._message()):
                        return None
        return _away()

    async def _pass_onward(self, receive: Receive) -> Close | None:
        """Until the client has left (None), or must be sent away."""
        try:
            while (message := await receive())["type"] == "websocket.receive":
                sent = _sent(message)
                if len(sent.data) > STREAM_MESSAGE_BYTES_MAX:
                    return Close(TOO_LARGE, f"a message has at most {STREAM_MESSAGE_BYTES_MAX} bytes")
                await self._answer(sent)
            await self._answer(CloseConnection(code=message.get("code", NO_CODE), reason=message.get("reason")))
            return None
        finally:
            self._far.hang_up()

    def _message(self) -> dict[str, Any]:
        parts, self._parts, self._bytes = self._parts, [], 0
        if isinstance(parts[0], str):
            return {"type": "websocket.send", "text": "".join(parts)}  # type: ignore[arg-type]  # all are of one kind
        return {"type": "websocket.send", "bytes": b"".join(parts)}  # type: ignore[arg-type]

    async def _answer(self, event: Any) -> None:
        if self._frames.state in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
            await self._far.write(self._frames.send(event))

    async def _tell(self, message: dict[str, Any]) -> bool:
        """Whether the client took it in; one that has just left, or takes nothing in any more, did not."""
        try:
            async with asyncio.timeout(self._send_seconds):
                await self._send(message)
        except (TimeoutError, RuntimeError):  # granian's word for a transport that is closed is RuntimeError
            return False
        return True


def _away() -> Close:
    # The hint is the streaming process's own: whoever understands it does not come back in the same moment as all.
    return Close(RESTARTING, f'{{"retry_ms":{random.randrange(*_RETRY_MS)}}}')


def _sent(message: MutableMapping[str, Any]) -> TextMessage | BytesMessage:
    text = message.get("text")
    return BytesMessage(data=message["bytes"]) if text is None else TextMessage(data=text)
