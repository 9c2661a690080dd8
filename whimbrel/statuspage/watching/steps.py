"""Steps of a probe: each is done within its time and told as one result, or not told when it measured nothing.

Also the two steps that need nobody to be signed in, the front page and the API; a page that has no canaries has these.
"""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.limits import CANARY_ANSWER_SECONDS, CANARY_HEAD_START_SECONDS
from whimbrel.statuspage.values import ProbeResult
from whimbrel.statuspage.watching.fetching import FetchFailed, Unanswered, fetch
from whimbrel.statuspage.watching.pair import Member
from whimbrel.statuspage.watching.site import NotMeasured, Site, TokenRefused, answered, text_at

_log = logging.getLogger(__name__)

_HTML: Final = re.compile(r"<html\b", re.IGNORECASE)
_BEFORE_SECONDS: Final = CANARY_HEAD_START_SECONDS + CANARY_ANSWER_SECONDS + 1.0
"""How long a step may wait for the post before its own time begins, and one second to spare."""

Note = Callable[[ProbeResult], None]


class Steps:
    """Does steps for one vantage point and tells `note` of each; `failures` counts those of the running round."""

    def __init__(self, site: Site, *, note: Note, clock: Clock, vantage: str, seconds: float) -> None:
        self._site, self._note, self._clock, self._vantage = site, note, clock, vantage
        self.seconds = seconds
        """The time of one step."""
        self.failures = 0
        self.streaming = ""
        """Where streams are, as the API's own document has said; empty before that."""

    async def look(self) -> bool:
        """A round of the front page and the API; returns whether both are well."""
        self.failures = 0
        await asyncio.gather(self.web(), self.api())
        return not self.failures

    async def web(self) -> None:
        """The front page answers, and is a page."""

        async def see() -> None:
            page = answered(await fetch(self._site.request("/")))
            if not _HTML.search(page.text):
                raise FetchFailed("the front page is no page")

        await self.step("web", see)

    async def api(self) -> None:
        """The API says what it is."""

        async def ask() -> None:
            document = await self._site.get("/api/v2/instance")
            text_at(document, "domain")
            self.streaming = _streaming_in(document) or self.streaming

        await self.step("api", ask)

    async def step(
        self,
        component: str,
        work: Callable[[], Awaitable[float | None]],
        *,
        probe: str = "",
        member: Member | None = None,
        seconds: float = 0.0,
    ) -> FetchFailed | None:
        """Do one step and tell how it went; `work` returns the seconds it took where that is not the whole time.

        Returns why it failed, when it did.
        """
        began, limit = time.monotonic(), seconds or self.seconds + _BEFORE_SECONDS
        try:
            async with asyncio.timeout(limit):
                taken = await work()
        except NotMeasured as error:
            _log.info("a step was not measured", extra={"component": component, "why": str(error)})
        except TokenRefused as error:
            if member is None or member.refused():
                return self.failed(component, probe or component, error)
        except FetchFailed as error:
            return self.failed(component, probe or component, error)
        except TimeoutError:
            return self.failed(component, probe or component, Unanswered(f"timed out after {limit:g} s"))
        else:
            if member is not None:
                member.fresh = False
            seconds_taken = time.monotonic() - began if taken is None else taken
            self._tell(component, probe or component, latency_ms=round(seconds_taken * 1_000, 1))
        return None

    def failed(self, component: str, probe: str, error: FetchFailed) -> FetchFailed:
        """Tell of a step that it failed."""
        self.failures += 1
        self._tell(component, probe, error=error.public)
        return error

    def _tell(self, component: str, probe: str, *, error: str = "", latency_ms: float | None = None) -> None:
        self._note(
            ProbeResult(
                component=component,
                probe=probe,
                vantage=self._vantage,
                at_ms=self._clock(),
                ok=not error,
                latency_ms=latency_ms,
                error=error,
            )
        )


def _streaming_in(document: Any) -> str:
    """Where streams are, as an address of HTTP; empty when the document does not say."""
    try:
        address = text_at(document, "configuration", "urls", "streaming")
    except FetchFailed:
        return ""
    return re.sub(r"\Aws", "http", address).rstrip("/") if re.match(r"wss?://", address) else ""
