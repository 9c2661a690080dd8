"""The rule that holds false alarms: two minutes out of three must agree, or one must be well beyond doubt.

One odd minute in a million comes every second year for each service and window; two of three that agree come much more
rarely, and a real outage has them one minute later. Promise: pure. Not here: the threshold (`surge`, `fall`).
"""

from typing import Final

ALONE_DECADES: Final = 1.0
"""What a minute alone must have beyond two that agree."""


def agreed(decades: float, before: tuple[float, float]) -> float:
    """The score of a minute with so many decades of evidence, after the two minutes `before`."""
    if decades == 0.0:
        return 0.0
    first, second = before
    middle = sorted((first, second, decades))[1]
    return max(decades - ALONE_DECADES, middle)
