"""Do both releases give the same answers? The server that runs is asked, and this release on the new store.

What is asked: pages of the public timeline from its newest to its oldest, and posts on them with their threads, authors
and authors' pages. Asked without a token: what somebody sees who is signed in comes from the same rows. Each pair is
asked again a few times when it differs, because people go on posting, counting and deleting meanwhile. A server that
limits the rate of requests limits ours: the comparison ends there, and says how many answers it had.

What may differ: fields that only the new release has, because answers grow. Nothing else is passed over: a field that
is gone, or says something else, is a difference.
"""

import asyncio
import json
import ssl
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Final, NamedTuple

from whimbrel.config import Config
from whimbrel.engines.journal.client import CoreLink
from whimbrel.engines.journal.head import HeadReader
from whimbrel.kernel.errors import Unavailable
from whimbrel.kernel.limits import (
    CORE_CONNECT_SECONDS,
    MIGRATION_ANSWER_SECONDS,
    MIGRATION_ASKED_AGAIN_MAX,
    MIGRATION_PAGES_ASKED,
    MIGRATION_POSTS_ASKED,
)
from whimbrel.wiring import build_api, build_product

_PAGE: Final = "/api/v1/timelines/public?limit=20"
_AGAIN_SECONDS: Final = 0.1
_TOO_MANY: Final = 429
_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}

Answer = tuple[int, Any]
"""Status and JSON."""


class Compared(NamedTuple):
    """How many pages were asked, and those whose answers differ, with where."""

    asked: int
    differences: tuple[str, ...]


async def same_answers(config: Config, store: Path) -> Compared:
    """Ask both. `config` is that of the running server; `store` the new one, which somebody makes follow meanwhile.

    Raises Unavailable when the running server, or its core, does not answer.
    """
    run = config.data / "run"
    link = CoreLink(run / "core.sock", HeadReader(run / "head"))
    link.start()
    try:
        if not await link.wait_connected(CORE_CONNECT_SECONDS):
            raise Unavailable("The server's core does not answer.")
        product = await build_product(config, link, store=store)
        try:
            api = build_api(replace(config, rate_limits=False), product)
            return await _compare(_Server(config), _Process(api, link))
        finally:
            product.close()
    finally:
        await link.close()


def unlike(old: Any, new: Any, where: str = "") -> str | None:
    """Where two answers differ, as a path of names, None when they do not. Fields that only `new` has pass. Pure."""
    if isinstance(old, dict) and isinstance(new, dict):
        missing = next((name for name in old if name not in new), None)
        if missing is not None:
            return f"{where}.{missing}"
        return next((found for name in old if (found := unlike(old[name], new[name], f"{where}.{name}"))), None)
    if isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            return f"{where}[]"
        pairs = enumerate(zip(old, new, strict=True))
        return next(
            (found for place, (one, other) in pairs if (found := unlike(one, other, f"{where}[{place}]"))), None
        )
    return None if old == new else where or "."


async def _compare(server: "_Server", process: "_Process") -> Compared:
    asked, differences = 0, []
    with suppress(_Enough):
        for path in await _pages(server):
            where = await _differs(server, process, path)
            differences += [f"{path}: {where}"] if where else []
            asked += 1
    return Compared(asked, tuple(differences))


async def _differs(server: "_Server", process: "_Process", path: str) -> str | None:
    where: str | None = None
    for _ in range(MIGRATION_ASKED_AGAIN_MAX):
        (old_status, old), (status, new) = await server.ask(path), await process.ask(path)
        where = unlike(old, new) if old_status == status else f"answered {old_status}, and {status} by the new release"
        if where is None:
            return None
        await asyncio.sleep(_AGAIN_SECONDS)
    return where


async def _pages(server: "_Server") -> list[str]:
    """What to ask: evenly through everything that is public. Posts made meanwhile stay above what is asked."""
    newest, oldest = await server.posts(_PAGE), await server.posts(f"{_PAGE}&min_id=1")
    if not newest or not oldest:
        return [_PAGE]
    top, bottom = int(newest[0]["id"]), int(oldest[-1]["id"])
    steps = [bottom + (top - bottom) * step // MIGRATION_PAGES_ASKED for step in range(1, MIGRATION_PAGES_ASKED + 1)]
    pages = [f"{_PAGE}&max_id={step}" for step in steps]
    seen = {post["id"]: post for page in pages for post in await server.posts(page)}
    shown = list({**seen, **{post["id"]: post for post in (*newest, *oldest)}}.values())
    posts = shown[:: max(1, len(shown) // MIGRATION_POSTS_ASKED)]
    found = [*pages]
    for post in posts:
        id_, author = post["id"], post["account"]["id"]
        found += [f"/api/v1/statuses/{id_}", f"/api/v1/statuses/{id_}/context"]
        found += [f"/api/v1/accounts/{author}", f"/api/v1/accounts/{author}/statuses?max_id={top}"]
    return list(dict.fromkeys(found))


class _Enough(Exception):
    """The server's rate limit is reached: what was compared so far must do, for people come from here too."""


class _Server:
    """The server that runs, over HTTP like anybody."""

    def __init__(self, config: Config) -> None:
        self._host, self._port = _LOOPBACK.get(config.host, config.host), config.port
        self._tls = _of_our_own() if config.tls_cert else None

    async def ask(self, path: str) -> Answer:
        try:
            status, answer = await asyncio.to_thread(self._ask, path)
        except (OSError, HTTPException, ValueError) as error:
            raise Unavailable("The server does not answer over HTTP.", log=f"{path}: {error!r}") from error
        if status == _TOO_MANY:
            raise _Enough
        return status, answer

    async def posts(self, path: str) -> list[Any]:
        status, found = await self.ask(path)
        if status != 200:
            raise Unavailable("The server does not show its public timeline.", log=f"{path}: {status}")
        return list(found)

    def _ask(self, path: str) -> Answer:
        connection: HTTPConnection
        if self._tls is None:
            connection = HTTPConnection(self._host, self._port, timeout=MIGRATION_ANSWER_SECONDS)
        else:
            connection = HTTPSConnection(self._host, self._port, timeout=MIGRATION_ANSWER_SECONDS, context=self._tls)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


class _Process:
    """This release's application, asked as a server would ask it."""

    def __init__(self, api: Any, link: CoreLink) -> None:
        self._api, self._link = api, link

    async def ask(self, path: str) -> Answer:
        await self._link.wait_for_head()
        name, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": "GET",
            "path": name,
            "query_string": query.encode(),
            "headers": (),
            "client": ("127.0.0.1", 0),
        }
        sent: list[Any] = []
        await self._api(scope, _nothing_more, _into(sent))
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], json.loads(body)


async def _nothing_more() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def _into(sent: list[Any]) -> Any:
    async def send(message: Any) -> None:
        sent.append(message)

    return send


def _of_our_own() -> ssl.SSLContext:
    """We ask ourselves on our own machine; the certificate names the address that people know."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
