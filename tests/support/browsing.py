"""The dialects' HTTP door over real front doors, and a browser that keeps cookies and reads forms.

The browser follows no redirect and runs no script: a test says each step, as a person would see it.
"""

import asyncio
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.appending import ACCOUNTS, GRAPH, Appending, room
from tests.support.asgi import Current
from tests.support.people import doors_of
from whimbrel.api.http import Api
from whimbrel.api.mastodon import apps, empty, preferences, signup
from whimbrel.api.mastodon.instance import InstanceDocuments
from whimbrel.api.mastodon.wellknown import WellKnown
from whimbrel.api.oauth.routes import oauth_routes
from whimbrel.api.router import Router
from whimbrel.kernel.clock import Clock
from whimbrel.microblog.accounts.access import Access
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.accounts.passwords import Passwords
from whimbrel.microblog.accounts.requests import SignUp
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.census import Census
from whimbrel.microblog.graph.front import Graph
from whimbrel.microblog.options import Options
from whimbrel.microblog.posts import apply as posts
from whimbrel.reliability.ratelimit import RateLimits

PASSWORD = "a curlew over the marsh"
POSTS = room("whimbrel.microblog.posts", posts.apply)


class Held(NamedTuple):
    """The front doors that signing in and the server's own documents need."""

    accounts: Accounts
    access: Access
    graph: Graph
    clock: Clock
    options: Options


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    text: str

    def header(self, name: str) -> str | None:
        """The first header of this name, in lower case."""
        return next((value for found, value in self.headers if found == name), None)

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.text)

    @property
    def location(self) -> str:
        """Where it sends the browser."""
        return self.header("location") or ""

    @property
    def answer(self) -> dict[str, str]:
        """The parameters on where it sends the browser, each once."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.location).query).items()}

    @property
    def form(self) -> "Form":
        """The page's one form."""
        return form_in(self.text)


class Form(NamedTuple):
    """Where a form goes, and what it holds before anybody types."""

    action: str
    fields: dict[str, str]


class Server:
    """A server of one process in `folder`, called without a socket."""

    def __init__(self, folder: Path, *, limited: bool = False, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self.appending = Appending(folder, (ACCOUNTS, GRAPH, POSTS))
        self._passwords = Passwords()
        self.doors = doors_of(self.appending, self._passwords)
        self.clock = self.appending.clock
        self.options = Options(**({"public_url": "http://127.0.0.1:8000"} | options))
        self.microblog = Held(self.doors.accounts, self.doors.access, self.doors.graph, self.clock, self.options)
        limits = RateLimits(self.clock) if limited else None
        self.left_out: list[str] = []
        census = Census(reads=self.appending.reads, clock=self.clock, left_out=lambda: self.left_out)
        self.routes = (
            *oauth_routes(signing_key=b"s" * 32, limits=limits, freshness=Current()),
            *InstanceDocuments(census=census, options=self.options, read_ms=self.clock()).routes(),
            *WellKnown(census=census, options=self.options).routes(),
            *apps.ROUTES,
            *signup.ROUTES,
            *preferences.ROUTES,
            *empty.ROUTES,
        )
        self._app = Api(router=Router(self.routes), microblog=self.microblog, freshness=Current(), limits=limits)

    def run(self, work: Any) -> Any:
        """Wait for something asynchronous."""
        return self._runner.run(work)

    def add_account(self, name: str, **sign_up: Any) -> Account:
        """An account that can sign in with PASSWORD."""
        wanted = {"confirmed": True, "origin": "cli", "password": PASSWORD} | sign_up
        account: Account = self.run(
            self.doors.accounts.create(SignUp(name=name, email=f"{name}@mail.example", **wanted))
        )
        return account

    def ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b"", client: str = ""
    ) -> Reply:
        """One request, one reply."""
        reply: Reply = self.run(self._ask(method, path, headers or {}, body, client or "192.0.2.7"))
        return reply

    def get(self, path: str, *, token: str | None = None, **query: str) -> Reply:
        """GET with a query, and a bearer token if there is one."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.ask("GET", with_query(path, query), headers=headers)

    def post(self, path: str, values: dict[str, Any], *, token: str | None = None, basic: str | None = None) -> Reply:
        """POST JSON, as apps do."""
        headers = {"Content-Type": "application/json"}
        if token or basic:
            headers["Authorization"] = f"Bearer {token}" if token else f"Basic {basic}"
        return self.ask("POST", path, headers=headers, body=json.dumps(values).encode())

    def close(self) -> None:
        """Let go of files and threads."""
        self._passwords.close()
        self.appending.close()
        self._runner.close()

    async def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes, client: str) -> Reply:
        sent: list[dict[str, Any]] = []
        address = urlsplit(path)
        scope = {
            "type": "http",
            "method": method,
            "path": address.path,
            "query_string": address.query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": (client, 40_000),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        fields = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
        return Reply(sent[0]["status"], fields, b"".join(message["body"] for message in sent[1:]).decode())


class Browser:
    """A person's browser on a server: cookies and forms."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.cookies: dict[str, str] = {}

    def open(self, path: str, **query: str) -> Reply:
        """Go to an address."""
        return self._keep(self._server.ask("GET", with_query(path, query), headers=self._headers()))

    def send(self, form: Form, *, to: str | None = None, **typed: str) -> Reply:
        """Send a form with what was typed, by the button that leads `to`."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"} | self._headers()
        body = urlencode(form.fields | typed).encode()
        return self._keep(self._server.ask("POST", to or form.action, headers=headers, body=body))

    def _headers(self) -> dict[str, str]:
        held = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": held} if held else {}

    def _keep(self, reply: Reply) -> Reply:
        for name, value in reply.headers:
            if name == "set-cookie":
                cookie, _, rest = value.partition(";")
                key, _, content = cookie.partition("=")
                self.cookies[key] = content
                if "Max-Age=0" in rest:
                    del self.cookies[key]
        return reply


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.action = given.get("action") or ""
        elif tag == "input" and given.get("name"):
            self.fields[str(given["name"])] = given.get("value") or ""


def form_in(page: str) -> Form:
    """The one form of a page."""
    reader = _FormReader()
    reader.feed(page)
    return Form(reader.action, reader.fields)


def with_query(path: str, query: dict[str, str]) -> str:
    """The path with the query behind it."""
    return f"{path}?{urlencode(query)}" if query else path
