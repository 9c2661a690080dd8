"""The program's turns: whatever surprises one, the next one is made, and it is said meanwhile."""

import asyncio

from tests.support.asgi import asked
from tests.support.serving import eventually
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.statuspage import rounds
from whimbrel.statuspage.program import Program
from whimbrel.statuspage.settings import Settings

WAITED_SECONDS_MAX = 30.0
NOBODY_COUNTS = 10**400


async def until(is_so, what):
    """Ask until it is so, while the program turns."""
    await asyncio.to_thread(eventually, is_so, seconds=WAITED_SECONDS_MAX, what=what)


def test_a_turn_that_nobody_foresaw_to_fail_is_said_and_the_next_one_is_made(tmp_path):
    """Accident: a figure that nothing could be worked out of ended all turns, and the page said nothing of it."""
    ahead_ms = 0

    def clock():
        return wall_clock_ms() + ahead_ms

    async def script():
        nonlocal ahead_ms
        program = Program(Settings(data=tmp_path, name="Birds", public_url="http://127.0.0.1:1"), clock=clock)
        try:
            await program.start()
            program.rooms.observed.note_requests("posting", clock(), bad=NOBODY_COUNTS, total=NOBODY_COUNTS)
            await until(lambda: program.failing, "a turn has failed")
            said = program.failing
            ahead_ms = 200_000
            await until(lambda: not program.failing, "the next one has not")
            return said, program.is_ready
        finally:
            await program.stop()

    said, is_ready = asyncio.run(script())
    assert "OverflowError" in said
    assert is_ready


def test_no_round_of_the_program_ends_for_ever_by_what_nobody_foresaw(tmp_path, monkeypatch):
    """Accident: deliveries, and the reading of other services' pages, were over after one surprise; nobody heard."""
    monkeypatch.setattr(rounds, "ROUND_AFTER_SURPRISE_SECONDS", 0.02)
    is_broken = False

    def clock():
        return wall_clock_ms() if not is_broken else 1 // 0

    async def script():
        nonlocal is_broken
        program = Program(Settings(data=tmp_path, name="Birds", public_url="http://127.0.0.1:1"), clock=clock)
        rooms, app = program.rooms, program.application()
        parts = (program, rooms.watch, program.speaking.telling, rooms.reports.elsewhere)
        try:
            await program.start()
            rooms.catalogue.services["shop"] = None  # what no reader of pages knows what to do with
            is_broken = True
            await rooms.reports.elsewhere.stop()
            await rooms.reports.elsewhere.start()
            await until(
                lambda: program.failing and program.speaking.telling.failing and parts[3].failing,
                "every part says why it fails",
            )
            is_broken = False
            said = (await asked(app, "GET", "/readyz")).json["failing"]
            rooms.catalogue.services.pop("shop", None)
            await until(lambda: not any(part.failing for part in parts), "all goes on")
            return said
        finally:
            is_broken = False
            await program.stop()

    said = asyncio.run(script())
    assert "deliveries: ZeroDivisionError" in said
    assert "other services' pages: AttributeError" in said
