"""The front of outage reports: takes them, judges them, and says what they add up to. Owns its tasks."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_bytes
from typing import Final

from whimbrel.kernel.clock import Clock
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.reports.challenge import Challenges
from whimbrel.statuspage.reports.intake import FREE_PER_MINUTE, Intake
from whimbrel.statuspage.reports.rows import Entry
from whimbrel.statuspage.reports.salt import Salts

_KEY_BYTES: Final = 32


class Reports:
    """Everything about outage reports, for the program's one loop, between `start` and `stop`.

    `folder` is where the salt lies. `free_per_minute` reports of one network in a minute need no challenge; None: none
    ever does.
    """

    def __init__(
        self,
        *,
        book: Book,
        catalogue: Catalogue,
        clock: Clock,
        folder: Path,
        free_per_minute: int | None = FREE_PER_MINUTE,
    ) -> None:
        self.catalogue, self.clock = catalogue, clock
        self._salts = Salts(folder)
        self.intake = Intake(
            book=book,
            clock=clock,
            salts=self._salts,
            challenges=Challenges(token_bytes(_KEY_BYTES)),
            told=self._heard,
            free_per_minute=free_per_minute,
        )

    async def start(self) -> None:
        """Go on where the last run ended."""
        await self.turn()
        await self.intake.start()

    async def turn(self) -> None:
        """Do what is due; the program's turn, once a second."""
        self._salts.at(self.clock())
        with suppress(OSError):  # a salt that is in memory only counts as well, until the next start
            await asyncio.to_thread(self._salts.save)

    async def stop(self) -> None:
        """Write down what waits, and stop."""
        await self.intake.stop()

    def _heard(self, batch: Sequence[tuple[Entry, bool]]) -> None:
        """What was just written."""
