"""What a client sent, taken in within bounds of size and time: the one way in for every body of the status program.

Promises: a body that says it is too large is refused before any of it is read, one that turns out to be is dropped
there; one that does not arrive in time is given up, and its connection is closed behind the answer. Not here: what the
body means.
"""

import asyncio

from starlette.requests import ClientDisconnect, Request

from whimbrel.kernel.errors import BadRequest, TooLarge, TooSlow

_LENGTH_DIGITS_MAX = 19


async def read_body(request: Request, *, bytes_max: int, seconds_max: float) -> bytes:
    """The body, whole. Raises TooLarge, TooSlow, and BadRequest when the connection ends before the body does."""
    too_large = TooLarge(f"A body has at most {bytes_max:,} bytes here.")
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and len(length) <= _LENGTH_DIGITS_MAX and int(length) > bytes_max:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(seconds_max):
            async for piece in request.stream():
                body += piece
                if len(body) > bytes_max:
                    raise too_large
    except TimeoutError:
        raise TooSlow(f"The body did not arrive within {seconds_max:.0f} seconds.") from None
    except ClientDisconnect:
        raise BadRequest("The connection ended before the body did.") from None
    return bytes(body)
