"""Asking until the answer is there."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(question: Callable[[], T | None], deadline_seconds: float, pause_seconds: float) -> T | None:
    """The first answer that is not None; None at the deadline."""
    ends = time.monotonic() + deadline_seconds
    while (answer := question()) is None and time.monotonic() < ends:
        time.sleep(pause_seconds)
    return answer
