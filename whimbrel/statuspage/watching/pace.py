"""When the canaries go round next. Pure: the dice are an argument."""

from whimbrel.kernel.limits import CANARY_JITTER_SHARE, CANARY_SECONDS, CANARY_SOONER_SECONDS


def pause_seconds(took_seconds: float, draw: float, *, well: bool, every_seconds: float = CANARY_SECONDS) -> float:
    """How long to wait after a round that took so long; `draw` is between 0 and 1, and spreads the rounds of many.

    After a round that did not go well the next begins sooner, because a verdict wants two: with the deadlines of the
    steps, a server that dies right after a good round has failed two of them within 25 s.
    """
    if not well:
        return max(0.0, min(CANARY_SOONER_SECONDS, every_seconds) - took_seconds)
    spread = 1.0 + CANARY_JITTER_SHARE * (2.0 * draw - 1.0)
    return max(1.0, every_seconds * spread - took_seconds)
