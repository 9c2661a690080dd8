"""What is given to the press and what comes back, and how it is run: one process for each order, with a deadline."""

import asyncio
import sys
from typing import Final

import msgspec

from whimbrel.kernel.errors import Unavailable
from whimbrel.kernel.limits import WRITEUP_PICTURE_BYTES_MAX, WRITEUP_PRESS_SECONDS
from whimbrel.statuspage.writeup.facts import Facts

_PRESS: Final = "whimbrel.statuspage.writeup.press"
_AWAY: Final = "The write-up could not be made ready for readers right now. Nothing was published; please try again."


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A text to show, and the facts to draw under `title`; without facts no picture is drawn."""

    body: str
    title: str = ""
    facts: Facts | None = None


class Print(msgspec.Struct, frozen=True, kw_only=True):
    """The text as HTML, and the picture as PNG, empty if none was asked for."""

    html: str
    picture: bytes = b""


async def printed(order: Order) -> Print:
    """Have it made. Raises Unavailable when that fails or takes too long."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", _PRESS),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        # Not `wait_for`, which forgets that it was cancelled when the press ends in that very moment (Python 3.11).
        async with asyncio.timeout(WRITEUP_PRESS_SECONDS):
            out, errors = await process.communicate(msgspec.json.encode(order))
    except TimeoutError:
        raise Unavailable(_AWAY, log=f"the press took longer than {WRITEUP_PRESS_SECONDS} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = errors.decode(errors="replace").strip().rpartition("\n")[2]
        raise Unavailable(_AWAY, log=f"the press ended with {process.returncode}: {last}")
    made = msgspec.json.decode(out, type=Print)
    if len(made.picture) > WRITEUP_PICTURE_BYTES_MAX:
        raise Unavailable(_AWAY, log=f"the picture has {len(made.picture)} bytes")
    return made
