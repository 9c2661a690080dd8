"""One round of the canary pair: what a person does, step by step, each step its component's probe.

Both are signed in. One posts for followers only and mentions the other, who must hear it on the stream, see it at
home, be notified, and find it; then it is deleted. Beside that the front page, the API and the sign-in page
are asked for.

Promises: every step has its deadline, so a service that takes connections and says nothing (a stopped process) gives
failures and not silence; results are told as they come; a step that cannot be tried because another failed is *not
measured*, unless nobody answers at all, which is the same for all of them. While there is no post to look for, reading
is measured by whether it answers. Nothing is seen by anybody else, and what a round that was cut off has left is
deleted by the next. Media is not measured: the service takes no uploads.
"""

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

import msgspec

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.limits import (
    CANARY_EVENT_BYTES_MAX,
    CANARY_HEAD_START_SECONDS,
    CANARY_LEFTOVERS_MAX,
    CANARY_POLL_SECONDS,
    CANARY_RENEW_ROUNDS,
    CANARY_ROUND_SECONDS,
    CANARY_STEP_SECONDS,
)
from whimbrel.statuspage.watching.fetching import FetchFailed, Stream, Unanswered, listen
from whimbrel.statuspage.watching.pair import CanarySecrets, Member, Pair
from whimbrel.statuspage.watching.signing_in import sign_in_page
from whimbrel.statuspage.watching.site import NotMeasured, Site, TokenRefused, ids_in, text_at
from whimbrel.statuspage.watching.steps import Note, Steps

_log = logging.getLogger(__name__)

MARK: Final = "canary"
_MARKED: Final = re.compile(rf"\b{MARK} [0-9a-f]{{16}}\b")
NEEDS_TOKENS: Final = ("posting", "home", "notifications", "search", "streaming")


class _Post(NamedTuple):
    id: str
    url: str
    at: float
    """When it was acknowledged, on the monotonic clock: what follows is measured from there."""


Untried = Callable[[str, str], None]
Posted = asyncio.Future[_Post | None]
"""The post once it is acknowledged; None when there will be none."""


def _nobody_asks(_component: str, _probe: str) -> None:
    return


class Canary:
    """The pair on one service. `note` is called with each result as it comes; `vantage` names where we stand.

    `untried` is called with a component and a probe that could not be tried: what it said before is no news any more.
    """

    def __init__(
        self,
        site: Site,
        pair: CanarySecrets,
        *,
        note: Note,
        clock: Clock,
        vantage: str = "here",
        step_seconds: float = 0.0,
        untried: Untried = _nobody_asks,
    ) -> None:
        self._site, self._untried = site, untried
        self._steps = Steps(site, note=note, clock=clock, vantage=vantage, seconds=step_seconds or CANARY_STEP_SECONDS)
        self.pair = Pair(pair, renew_rounds=CANARY_RENEW_ROUNDS)
        self._clean = False

    async def round(self) -> bool:
        """Go round once; returns whether everything that was measured went well."""
        self._steps.failures = 0
        try:
            async with asyncio.timeout(CANARY_ROUND_SECONDS), asyncio.TaskGroup() as group:
                for work in (self._steps.web(), self._steps.api(), self._get_in(), self._go_round()):
                    group.create_task(work)
        except TimeoutError:
            self._clean = False
            self._steps.failures += 1
        return not self._steps.failures

    async def _get_in(self) -> None:
        if self.pair.is_in:  # else going round begins with it
            await self._sign_in(self.pair.due())

    async def _sign_in(self, due: list[Member]) -> FetchFailed | None:
        app = self.pair.app
        if due or app is None:
            return await self._steps.step(
                "signin", lambda: self.pair.renew(self._site, due), seconds=2 * self._steps.seconds
            )
        return await self._steps.step("signin", lambda: sign_in_page(self._site, app))

    # The round of a post

    async def _go_round(self) -> None:
        if not self.pair.is_in and not await self._enter():
            return
        if not self._clean:
            await self._tidy_up()
        posted: Posted = asyncio.get_running_loop().create_future()
        opened = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear(posted, opened))
            group.create_task(self._look("home", "/api/v1/timelines/home", (), posted))
            group.create_task(self._look("notifications", "/api/v1/notifications", ("status",), posted))
            group.create_task(self._find(posted))
            group.create_task(self._write(posted, opened))
        post = posted.result()
        if post is not None:
            await self._steps.step("posting", lambda: self._delete(post.id), probe="delete")

    async def _enter(self) -> bool:
        """The first sign-in of both, or the one after a refused token."""
        error = await self._sign_in(self.pair.due())
        if isinstance(error, Unanswered):
            for component in NEEDS_TOKENS:
                self._steps.failed(component, component, error)
            self._untried("posting", "delete")
        try:
            await self.pair.join(self._site)
        except (FetchFailed, NotMeasured) as refused:
            _log.warning("the canaries are not ready", extra={"error": str(refused)})
        return self.pair.is_in

    async def _write(self, posted: Posted, opened: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(CANARY_HEAD_START_SECONDS):
                await opened.wait()
        except TimeoutError:
            opened.clear()
        if await self._steps.step("posting", lambda: self._publish(posted), member=self.pair.poster) is not None:
            self._untried("posting", "delete")
        if not posted.done():
            self._clean = False  # it may have been written after all
            posted.set_result(None)

    async def _publish(self, posted: Posted) -> None:
        nonce = secrets.token_hex(8)
        fields = {"status": f"@{self.pair.reader.login.name} {MARK} {nonce}", "visibility": "private"}
        given = await self._site.post("/api/v1/statuses", fields, token=self.pair.poster.token, key=nonce)
        posted.set_result(_Post(text_at(given, "id"), text_at(given, "url"), time.monotonic()))

    async def _delete(self, id_: str) -> None:
        self._clean = False
        await self._site.delete(f"/api/v1/statuses/{id_}", token=self.pair.poster.token)
        self._clean = True

    async def _look(self, component: str, path: str, within: tuple[str, ...], posted: Posted) -> None:
        """Read a list until the post stands in it."""
        reader = self.pair.reader

        async def ask(post: _Post | None) -> bool:
            found = ids_in(await self._site.get(path, {"limit": "20"}, token=reader.token), *within)
            return post is None or post.id in found

        await self._steps.step(component, lambda: self._until(ask, posted, "the post does not appear"), member=reader)

    async def _find(self, posted: Posted) -> None:
        """Find the poster by name, and the post by its address: words of posts are not searched."""
        reader, name = self.pair.reader, self.pair.poster.login.name

        async def ask(post: _Post | None) -> bool:
            if post is None:
                people = await self._search(name, "accounts")
                if not any(isinstance(one, dict) and one.get("acct") == name for one in people):
                    raise FetchFailed("an account is not found by its name")
                return True
            return post.id in ids_in(await self._search(post.url, "statuses"))

        async def find() -> float:
            return await self._until(ask, posted, "the post is not found")

        await self._steps.step("search", find, member=reader)

    async def _search(self, text: str, kind: str) -> list[Any]:
        query = {"q": text, "type": kind, "resolve": "true"}
        found = await self._site.get("/api/v2/search", query, token=self.pair.reader.token)
        members = found.get(kind) if isinstance(found, dict) else None
        if not isinstance(members, list):
            raise FetchFailed(f"the answer has no {kind}")
        return members

    async def _hear(self, posted: Posted, opened: asyncio.Event) -> None:
        """Be on the stream before the post is written, and hear of it."""
        reader = self.pair.reader
        url = f"{self._steps.streaming or self._site.url}/api/v1/streaming/user"

        async def hear() -> float:
            began = time.monotonic()
            request = self._site.request(url, token=reader.token)
            async with listen(request) as stream:
                if stream.head.status in (401, 429):
                    raise TokenRefused("refused a token") if stream.head.status == 401 else NotMeasured("later")
                if stream.head.status != 200:
                    raise FetchFailed(f"answered {stream.head.status}")
                opened_in, in_time = time.monotonic() - began, not posted.done()
                opened.set()
                post = await asyncio.shield(posted)
                if post is None or not in_time:
                    return opened_in
                await self._heard(stream, post)
                return time.monotonic() - post.at

        await self._steps.step("streaming", hear, member=reader)

    async def _heard(self, stream: Stream, post: _Post) -> None:
        try:
            async with asyncio.timeout(self._steps.seconds):
                async for data in _events(stream):
                    if post.id in ids_in([data]):
                        return
        except TimeoutError:
            raise FetchFailed(f"the post was not heard within {self._steps.seconds:g} s") from None
        raise FetchFailed("the stream ended before the post was heard")

    async def _until(self, ask: Callable[[_Post | None], Awaitable[bool]], posted: Posted, words: str) -> float:
        """Ask at once, and then again until the post is there; returns the seconds that took."""
        began = time.monotonic()
        await ask(None)
        answered_in = time.monotonic() - began
        post = await asyncio.shield(posted)
        if post is None:
            return answered_in
        try:
            async with asyncio.timeout(self._steps.seconds):
                while not await ask(post):  # noqa: ASYNC110 - what is waited for is at the other end of the network
                    await asyncio.sleep(CANARY_POLL_SECONDS)
        except TimeoutError:
            raise FetchFailed(f"{words} within {self._steps.seconds:g} s") from None
        return time.monotonic() - post.at

    async def _tidy_up(self) -> None:
        """Delete what an earlier round has left, if it has. What fails here is tried again by the next round."""
        poster = self.pair.poster
        path = f"/api/v1/accounts/{poster.account_id}/statuses"
        try:
            own = await self._site.get(path, {"limit": str(CANARY_LEFTOVERS_MAX)}, token=poster.token)
            for post in own if isinstance(own, list) else []:
                if isinstance(post, dict) and _MARKED.search(str(post.get("content"))):
                    await self._site.delete(f"/api/v1/statuses/{text_at(post, 'id')}", token=poster.token)
        except (FetchFailed, NotMeasured) as error:
            _log.info("leftovers stay for now", extra={"error": str(error)})
        else:
            self._clean = True


async def _events(stream: Stream) -> Any:
    """The JSON of each server-sent event that has some; at most so many bytes are held."""
    held = b""
    async for piece in stream.pieces:
        held = (held + piece).replace(b"\r\n", b"\n")
        *lines, held = held.split(b"\n")
        if len(held) > CANARY_EVENT_BYTES_MAX:
            raise FetchFailed("the stream sent an event without end")
        for line in lines:
            if line.startswith(b"data:"):
                try:
                    yield msgspec.json.decode(line[5:])
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    continue  # an event of another kind: a deletion's data is a bare id
