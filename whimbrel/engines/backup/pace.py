"""How a backup shares the time with a running server: short pieces of work, and as long a pause after each."""

import time

from whimbrel.kernel.limits import BACKUP_PAUSE_SECONDS_MAX


class Pace:
    """Pauses between pieces of work: as long as the piece took, so that at most half of the time is ours.

    Not `gentle`, no pauses: nobody is there to be disturbed.
    """

    def __init__(self, *, gentle: bool) -> None:
        self._gentle = gentle
        self._since = time.perf_counter()

    def pause(self) -> None:
        """A piece is done."""
        if self._gentle:
            time.sleep(min(time.perf_counter() - self._since, BACKUP_PAUSE_SECONDS_MAX))
        self._since = time.perf_counter()
