"""Is the server alive, ready, how far behind? One answer for all processes, from whichever address is asked.

A process knows only itself; the supervisor knows all. So the HTTP side asks the supervisor's socket, and where there
is none (a process that was started by hand) answers for itself.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from whimbrel.engines.sockets import address_of
from whimbrel.kernel.limits import LOOP_ANSWERS_SECONDS, READY_LAG_SECONDS_MAX, SUPERVISOR_DEADLINE_SECONDS
from whimbrel.reliability.control import Reply, parse_reply
from whimbrel.reliability.metrics import Family, Sample


class ViewHealth(msgspec.Struct, frozen=True):
    """How a view follows the journal. Lag in time is in seconds; `parked` counts events that it could not apply."""

    cursor: int
    lag_events: int
    lag_seconds: float
    parked: int = 0
    errors: int = 0
    last_error: str = ""


class EngineHealth(msgspec.Struct, frozen=True):
    """Whether a part that everything rests on works; `detail` is for people."""

    ok: bool
    detail: str = ""


class ProcessHealth(msgspec.Struct, frozen=True):
    """What a process says of itself. A part that is not ok need not make the process unready: it says what works."""

    ready: bool
    engines: Mapping[str, EngineHealth]
    views: Mapping[str, ViewHealth]

    def reply(self) -> Reply:
        """As the answer to /readyz."""
        return Reply(200 if self.ready else 503, "application/json", msgspec.json.encode(self).decode())


def loop_answers(loop: asyncio.AbstractEventLoop | None) -> Reply:
    """As the answer to /livez, asked by another thread: a process whose loop is stuck is not alive."""
    if loop is None:
        return Reply(503, "text/plain", "starting\n")
    try:
        asyncio.run_coroutine_threadsafe(_nothing(), loop).result(LOOP_ANSWERS_SECONDS)
    except TimeoutError:
        return Reply(503, "text/plain", "the event loop does not answer\n")
    return Reply(200, "text/plain", "ok\n")


async def _nothing() -> None:
    """Proves that the loop runs."""


def is_ready(views: Mapping[str, ViewHealth]) -> bool:
    """Whether views are near enough to the journal's head to serve people."""
    return all(view.lag_seconds <= READY_LAG_SECONDS_MAX for view in views.values())


def view_families(head: int, views: Mapping[str, ViewHealth]) -> list[Family]:
    """The metrics of views: head, cursor, lag in events and in seconds, parked, errors."""
    columns: Sequence[tuple[str, str, str, Any]] = (
        ("whimbrel_view_head", "gauge", "Sequence of the journal's newest record.", lambda _: head),
        ("whimbrel_view_cursor", "gauge", "Sequence that the view stands at.", lambda view: view.cursor),
        ("whimbrel_view_lag_events", "gauge", "Events that the view has not taken in.", lambda view: view.lag_events),
        ("whimbrel_view_lag_seconds", "gauge", "How far the view is behind.", lambda view: view.lag_seconds),
        ("whimbrel_view_parked_events", "gauge", "Events that could not be applied.", lambda view: view.parked),
        ("whimbrel_view_errors_total", "counter", "How often applying failed.", lambda view: view.errors),
    )
    return [
        Family(name, kind, meaning, [Sample(value(view), {"view": label}) for label, view in views.items()])
        for name, kind, meaning, value in columns
    ]


async def ask_server(run: Path, page: str) -> Reply:
    """Ask for the whole server's /readyz or /metrics. A supervisor that does not answer is a 503 that says so."""
    try:
        async with asyncio.timeout(SUPERVISOR_DEADLINE_SECONDS):
            reader, writer = await asyncio.open_unix_connection(address_of(run / "supervisor.sock"))
            try:
                writer.write(f"GET {page} HTTP/1.0\r\n\r\n".encode())
                return parse_reply(await reader.read())
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        return Reply(503, "text/plain", f"the supervisor does not answer: {type(error).__name__}\n")
