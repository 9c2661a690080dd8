"""Two ways to one product, for tests that drive it as people do: in this process, and as a server of real processes.

Both speak the HTTP API. `InProcess` is the composition root's own product over a real core in a thread: quick enough
for many examples. `OverHttp` is the command line's server, which can be killed. Each hands out fresh people, so
that one core serves many examples, and each can be disturbed by the names in its `DISTURBANCES`.
"""

import asyncio
import itertools
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.support.asgi import asked
from tests.support.serving import SETTLE_SECONDS, Client, Reply, Server, eventually
from whimbrel.config import read
from whimbrel.core import linked_core
from whimbrel.engines.journal.client import CoreLink
from whimbrel.engines.journal.head import HeadReader
from whimbrel.engines.store.files import remove_files
from whimbrel.engines.store.numbered import store_in
from whimbrel.kernel.events import Draft, Group
from whimbrel.microblog.accounts.requests import SignUp
from whimbrel.upkeep import rebuild_store
from whimbrel.wiring import build_api, build_product, open_product

ANSWERED_SECONDS = 15.0
POLL_SECONDS = 0.005
SCOPES = ("read", "write", "follow", "push")

UNKNOWN = Group((Draft("SomethingOfALaterVersion", 0, b"\x80"),))
"""An event of a type that this version does not know, about nothing else."""

POISON = Group((Draft("PostCreated", 0, b"\xc1 no message"),))
"""An event that says it is a post and cannot be read as one."""


class InProcess:
    """The product in this process, on an event loop of its own."""

    DISTURBANCES = ("api restarts", "core restarts", "store rebuilt", "store removed", "unknown event", "poison")

    def __init__(self, data: Path) -> None:
        self._config = read({"data": str(data), "rate_limits": "off", "port": "8000"}, {}).config
        self._runner = asyncio.Runner()
        self._numbers = itertools.count()
        self._runner.run(self._open_core())
        self._runner.run(self._open_api())

    def close(self) -> None:
        """End everything."""
        self._runner.run(self._close_api())
        self._runner.run(self._core.aclose())
        self._runner.close()

    def people(self, count: int) -> dict[str, str]:
        """Fresh accounts: name and bearer token."""
        return self._runner.run(self._people([f"p{next(self._numbers)}" for _ in range(count)]))

    def ask(
        self, token: str | None, method: str, path: str, *, query: Any = None, body: Any = None, head: Any = None
    ) -> Reply:
        """One request; asked again while the store is away."""
        return self._runner.run(self._asked(token, method, path, query, body, head or {}))

    def settle(self) -> None:
        """Wait until the store and memory hold everything durable."""
        self._runner.run(self._settled())

    def vanish(self, name: str) -> None:
        """Delete an account, as the command line does."""
        self._runner.run(self._vanish(name))

    def append(self, group: Group) -> None:
        """Have the core append something that no front door would."""
        self._runner.run(self._link.append(group))

    def disturb(self, how: str) -> None:
        """Do one of DISTURBANCES to the product."""
        {
            "api restarts": lambda: self._runner.run(self._reopen_api()),
            "core restarts": lambda: self._runner.run(self._reopen_core()),
            "store rebuilt": lambda: rebuild_store(self._config.data, lambda *_: None),
            "store removed": lambda: remove_files(store_in(self._config.data)),
            "unknown event": lambda: self._runner.run(self._link.append(UNKNOWN)),
            "poison": lambda: self._runner.run(self._link.append(POISON)),
        }[how]()

    async def _open_core(self) -> None:
        self._core = AsyncExitStack()
        await self._core.enter_async_context(linked_core(self._config))

    async def _open_api(self) -> None:
        run = self._config.data / "run"
        self._link = CoreLink(run / "core.sock", HeadReader(run / "head"))
        self._link.start()
        assert await self._link.wait_connected(ANSWERED_SECONDS)
        self._product = await build_product(self._config, self._link)
        self._app = build_api(self._config, self._product)

    async def _close_api(self) -> None:
        await self._link.close()
        self._product.close()

    async def _reopen_api(self) -> None:
        await self._close_api()
        await self._open_api()

    async def _reopen_core(self) -> None:
        await self._core.aclose()
        await self._open_core()
        assert await self._link.wait_connected(ANSWERED_SECONDS)

    async def _people(self, names: list[str]) -> dict[str, str]:
        tokens = {}
        async with open_product(self._config) as microblog:
            for name in names:
                sign_up = SignUp(
                    name=name, email=f"{name}@mail.test", password=None, confirmed=True, approved=True, origin="cli"
                )
                account = await microblog.accounts.create(sign_up)
                tokens[name] = await microblog.access.issue_token(account_id=account.id, app_id=None, scopes=SCOPES)
        return tokens

    async def _vanish(self, name: str) -> None:
        async with open_product(self._config) as microblog:
            account = await microblog.accounts.by_name(name)
            await microblog.accounts.delete(account.id)

    async def _asked(self, token: str | None, method: str, path: str, query: Any, body: Any, head: Any) -> Reply:
        headers = dict(head) | ({"authorization": f"Bearer {token}"} if token else {})
        content = b"" if body is None else json.dumps(body).encode()
        if content:
            headers |= {"content-type": "application/json", "content-length": str(len(content))}
        sent = urlencode(query, doseq=True).encode() if query else b""
        loop = asyncio.get_running_loop()
        ends = loop.time() + ANSWERED_SECONDS
        while True:
            reply = await asked(
                self._app, method, path, query=sent, headers=headers, chunks=[content], client="127.0.0.1"
            )
            if reply.status != 503 or loop.time() > ends:
                return Reply(reply.status, reply.json if reply.body[:1] in (b"{", b"[") else reply.body, reply.headers)
            await asyncio.sleep(POLL_SECONDS)

    async def _settled(self) -> None:
        loop, head = asyncio.get_running_loop(), self._link.head
        ends = loop.time() + SETTLE_SECONDS
        while head.store < head.head or not self._link.is_current():
            assert loop.time() < ends, f"the store stands at {head.store} of {head.head} after {SETTLE_SECONDS} s"
            await asyncio.sleep(POLL_SECONDS)


class OverHttp:
    """A real server."""

    DISTURBANCES = (
        "api killed",
        "core killed",
        "all killed",
        "restarted",
        "store rebuilt",
        "store removed",
        "unknown event",
        "poison",
    )

    def __init__(self, data: Path) -> None:
        self.server = Server(data).start()
        self._clients: dict[str | None, Client] = {}
        self._numbers = itertools.count()
        self._spare: dict[str, str] = {}

    def close(self) -> None:
        """End the server."""
        self._hang_up()
        self.server.close()

    def people(self, count: int) -> dict[str, str]:
        """Fresh accounts: name and bearer token. They are made many at a time, since a command takes a second."""
        if len(self._spare) < count:
            self._spare |= self.server.provide([f"p{next(self._numbers)}" for _ in range(10 * count)])
        return {name: self._spare.pop(name) for name in list(self._spare)[:count]}

    def ask(
        self, token: str | None, method: str, path: str, *, query: Any = None, body: Any = None, head: Any = None
    ) -> Reply:
        """One request; asked again while the store is away."""
        client = self._clients.setdefault(token, self.server.client(token))
        replies: list[Reply] = []

        def answered() -> bool:
            replies.append(client.ask(method, path, query=query, body=body, headers=head))
            return replies[-1].status != 503

        eventually(answered, seconds=ANSWERED_SECONDS, what=f"{method} {path} is answered")
        return replies[-1]

    def settle(self) -> None:
        """Wait until every view of every process stands at the journal's head."""
        self.server.settle()

    def vanish(self, name: str) -> None:
        """Delete an account on the command line."""
        self.server.command("account", "delete", name, "--yes")

    def disturb(self, how: str) -> None:
        """Do one of DISTURBANCES to the server."""
        does: dict[str, Callable[[], object]] = {
            "api killed": self._kill_api,
            "core killed": lambda: self.server.kill_child("core"),
            "all killed": self._kill_all,
            "restarted": self._restart,
            "store rebuilt": lambda: self.server.command("views", "rebuild", "all"),
            "store removed": lambda: remove_files(store_in(self.server.data)),
            "unknown event": lambda: append_beside(self.server.data, UNKNOWN),
            "poison": lambda: append_beside(self.server.data, POISON),
        }
        does[how]()

    def _kill_api(self) -> None:
        self.server.kill_child("api-1")
        self._hang_up()

    def _kill_all(self) -> None:
        self.server.kill()
        self._hang_up()
        self.server.start()

    def _restart(self) -> None:
        self.server.restart()
        self._hang_up()

    def _hang_up(self) -> None:
        for client in self._clients.values():
            client.close()


def append_beside(data: Path, group: Group) -> None:
    """Send a group to the running core over its socket, as any of its clients can."""
    asyncio.run(_append_beside(data, group))


async def _append_beside(data: Path, group: Group) -> None:
    link = CoreLink(data / "run" / "core.sock", HeadReader(data / "run" / "head"))
    link.start()
    try:
        await link.append(group)
    finally:
        await link.close()
