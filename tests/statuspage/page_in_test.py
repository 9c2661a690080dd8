"""A status page in this process, with a clock of the test's, a browser that keeps cookies, and servers that listen."""

import asyncio
import base64
import re
from contextlib import contextmanager
from functools import cache
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.asgi import asked
from whimbrel.statuspage.catalogue.defaults import own_service
from whimbrel.statuspage.operators import totp
from whimbrel.statuspage.program import Program
from whimbrel.statuspage.settings import Settings

NOW = 1_602_794_000_000  # 15 October 2020, 20:33 UTC
MINUTE = 60_000
HOUR = 60 * MINUTE
PASSWORD = "a long password of ada's"
HOST = "status.example.org"


class PageInTest:
    """The program without its own turns: the test says when one is due, and what time it is."""

    def __init__(self, data, **settings):
        self.now_ms = NOW
        self._runner = asyncio.Runner()
        told = {"data": data, "name": "Birds", "public_url": f"http://{HOST}"} | settings
        self.settings = Settings(**told)
        try:
            self.program = self.run(self._opened())
        except BaseException:
            self._runner.close()
            raise
        self.app = self.program.application()
        self.telling, self.speaking = self.program.speaking.telling, self.program.speaking
        self.book = self.program.rooms.book

    async def _opened(self):
        program = Program(self.settings, clock=lambda: self.now_ms)
        await program.rooms.catalogue.load(own_service("Birds", "http://127.0.0.1:8000"))
        await program.rooms.board.load()
        official = self.settings.official
        await program.speaking.telling.load(official.url if official else "")
        await program.turn()
        return program

    def run(self, coroutine):
        return self._runner.run(coroutine)

    def turn(self):
        """A turn, and everything that it makes due is delivered, or has failed."""
        self.run(self.program.turn())
        self.settle()

    def settle(self):
        self.run(self._settle())

    async def _settle(self):
        while tasks := await self.telling.deliver():
            await asyncio.gather(*tasks)

    def later(self, milliseconds):
        self.now_ms += milliseconds

    def close(self):
        self.run(self.program.stop())
        self._runner.close()

    def operator(self, name="ada"):
        """Make an operator; returns the secret of their second factor."""
        address = self.run(self.speaking.operators.create(name, PASSWORD, actor="test"))
        return secret_of(address)

    def code(self, secret, steps=0):
        return totp.code_of(secret, totp.step_at(self.now_ms) + steps)

    def browser(self, **headers):
        return Browser(self, headers)


def secret_of(address):
    """The secret in an `otpauth:` address."""
    return base64.b32decode(parse_qs(urlsplit(address).query)["secret"][0])


class Browser:
    """Somebody who looks at pages, follows redirects by hand, and sends forms with what they hold."""

    def __init__(self, page, headers):
        self._page, self._headers, self.cookies = page, headers, {}
        self.csrf = ""

    def ask(self, method, path, *, body=b"", headers=None):
        path, _, query = path.partition("?")
        sent = {"Host": HOST, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        coroutine = asked(
            self._page.app,
            method,
            path,
            query=query.encode(),
            headers=sent | self._headers | (headers or {}),
            chunks=(body,),
        )
        reply = self._page.run(coroutine)
        name, _, value = reply.headers.get("set-cookie", "").partition(";")[0].partition("=")
        if name:
            self.cookies[name] = value.strip('"')
        found = re.search(r'name="csrf" value="(\w+)"', reply.body.decode("utf-8", "replace"))
        self.csrf = found[1] if found else self.csrf
        return reply

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, headers=None, **fields):
        pairs = {"csrf": self.csrf} | {name.replace("__", ":"): value for name, value in fields.items()}
        body = urlencode(pairs, doseq=True).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, body=body, headers=kind | (headers or {}))

    def sign_in(self, secret, name="ada", password=PASSWORD, code=None, **more):
        code = self._page.code(secret) if code is None else code
        return self.post("/admin/sign-in", name=name, password=password, code=code, **more)


def words_of(reply):
    """What a person reads on a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", reply.body.decode())).split())


class Receiver:
    """A server that listens on a port of this machine, notes what it is sent and answers as the test says."""

    def __init__(self, page, answer=None):
        self.page, self.requests = page, []
        self.answer = answer or (lambda _: (200, ""))
        self._server = page.run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.split("\r\n")
        headers = dict(field.lower().split(": ", 1) for field in fields if field)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = {"line": line, "headers": headers, "body": body}
        self.requests.append(request)
        found = self.answer(request)
        try:
            if callable(found):
                await found(reader, writer)
            else:
                status, text = found
                more = "Location: http://127.0.0.1:9/\r\n" if 300 <= status < 400 else ""
                head = f"HTTP/1.1 {status} Said\r\n{more}Content-Length: {len(text.encode())}\r\n\r\n"
                writer.write(head.encode() + text.encode())
            await writer.drain()
        except OSError:
            pass  # whoever asked has heard enough
        finally:
            writer.close()

    def close(self):
        self._server.close()


@cache
def new_book():
    """The file of a page that has made its first turn: to write it costs a test less than to make it."""
    with TemporaryDirectory() as folder:
        PageInTest(Path(folder)).close()
        return (Path(folder) / "status.sqlite").read_bytes()


@contextmanager
def opened_page(data, **settings):
    """A page for as long as the block runs."""
    if not (data / "status.sqlite").exists():
        data.mkdir(parents=True, exist_ok=True)
        (data / "status.sqlite").write_bytes(new_book())
        (data / "status.sqlite").chmod(0o600)
    page = PageInTest(data, **settings)
    try:
        yield page
    finally:
        page.close()
