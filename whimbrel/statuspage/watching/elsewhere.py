"""A vantage point: probes from here, and sends what they found to a status page elsewhere.

Promises: results go in the order in which they came; what cannot be sent is dropped with a line in the log, because
old results are refused there anyway, and the page sees by itself that a vantage point is silent.
"""

import asyncio
import logging
import random
import time
from collections.abc import Mapping

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.limits import CANARY_SECONDS, CANARY_STEP_SECONDS, VANTAGE_RESULTS_MAX
from whimbrel.statuspage.values import ProbeResult
from whimbrel.statuspage.watching.canary import Canary
from whimbrel.statuspage.watching.fetching import FetchFailed
from whimbrel.statuspage.watching.pace import pause_seconds
from whimbrel.statuspage.watching.pair import CanarySecrets
from whimbrel.statuspage.watching.probing import Probe, run_probe
from whimbrel.statuspage.watching.site import Site
from whimbrel.statuspage.watching.steps import Steps
from whimbrel.statuspage.watching.vantage import KEY_CHARACTERS_MIN, Results, Untried, send

_log = logging.getLogger(__name__)


def named_key(text: str) -> tuple[str, str]:
    """A key as people pass it on, `name:secret`: the vantage point's name, and its secret. Raises Invalid."""
    name, colon, secret = text.strip().partition(":")
    if not (name and colon and len(secret) >= KEY_CHARACTERS_MIN):
        raise Invalid(f"the key is not name:secret with a secret of at least {KEY_CHARACTERS_MIN} characters")
    return name, secret


class Elsewhere:
    """Probes `url` from here for the page at `to`. `key`: name:secret; `probes`: further ones, by id."""

    def __init__(
        self,
        *,
        to: str,
        key: str,
        url: str,
        clock: Clock,
        secrets: CanarySecrets | None = None,
        probes: Mapping[str, Probe] | None = None,
    ) -> None:
        self._to, self._clock, self._probes = to, clock, probes or {}
        self._vantage, self._secret = named_key(key)
        self._found: list[ProbeResult] = []
        self._untried: list[Untried] = []
        site, vantage, note = Site(url.rstrip("/")), self._vantage, self._found.append
        self._canary = (
            Canary(site, secrets, note=note, clock=clock, vantage=vantage, untried=self._note_untried)
            if secrets
            else None
        )
        self._steps = Steps(site, note=note, clock=clock, vantage=vantage, seconds=CANARY_STEP_SECONDS)

    async def once(self) -> bool:
        """One round of everything, sent; returns whether all was well. Raises FetchFailed when it was not taken."""
        rounds = self._canary.round() if self._canary is not None else self._steps.look()
        await asyncio.gather(rounds, *[self._run(probe) for probe in self._probes.values()])
        found, untried = tuple(self._found), tuple(self._untried)
        self._found.clear()
        self._untried.clear()
        for start in range(0, len(found), VANTAGE_RESULTS_MAX):
            await self._send(Results(found[start : start + VANTAGE_RESULTS_MAX]))
        if untried:
            await self._send(Results((), untried))
        return all(result.ok for result in found)

    async def _send(self, told: Results) -> None:
        await send(told, vantage=self._vantage, to=self._to, key=self._secret, clock=self._clock)

    def _note_untried(self, component: str, probe: str) -> None:
        self._untried.append(Untried(component, probe))

    async def _run(self, probe: Probe) -> None:
        self._found.append(await run_probe(probe, clock=self._clock, vantage=self._vantage))


async def run_probes(elsewhere: Elsewhere, *, every_seconds: float = CANARY_SECONDS) -> None:
    """Go round until cancelled."""
    while True:
        began = time.monotonic()
        well = False
        try:
            well = await elsewhere.once()
        except FetchFailed as error:
            _log.warning("the status page took nothing", extra={"error": str(error)})
        took_seconds = time.monotonic() - began
        await asyncio.sleep(pause_seconds(took_seconds, random.random(), well=well, every_seconds=every_seconds))
