"""The route table: which handler answers which address, and what a token must open for it.

One dictionary for fixed addresses and one tree for those with captured parts, built once. Trailing slashes are
accepted everywhere, because clients send them and a redirect would lose their POST.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Literal

import msgspec

from whimbrel.api.answers import Answer
from whimbrel.api.errors import MethodNotAllowed
from whimbrel.api.request import Request
from whimbrel.api.scopes import openers
from whimbrel.kernel.errors import NotFound, WhimbrelError

Handler = Callable[[Request], Awaitable[Answer]]

Auth = Literal["user", "optional", "app", "none"]
"""user: a token of an account. app: any token. optional: a token is honoured if there is one. none: never looked at."""

_CAPTURE: Final = ""


class Route(msgspec.Struct, frozen=True):
    """One line of the table. Parts of `path` in braces are captured: `/api/v1/statuses/{id}`.

    `scope` is what the token needs (several: any one of them). `waiting` lets accounts in that are not yet confirmed
    or approved. `budgets` are further rate limits by name (reliability.ratelimit.BUDGETS). `cors` is whether other
    sites' scripts may call it. `summary` describes it where the handler's docstring would not (OpenAPI). `refusal`
    tells what goes wrong before the handler is called, where a person reads it and not a program.
    """

    method: str
    path: str
    handler: Handler
    scope: str | tuple[str, ...] = ()
    auth: Auth = "none"
    waiting: bool = False
    limited: bool = True
    budgets: tuple[str, ...] = ()
    cors: bool = True
    summary: str = ""
    refusal: Callable[[WhimbrelError], Answer] | None = None
    opened_by: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        wanted = (self.scope,) if isinstance(self.scope, str) else self.scope
        msgspec.structs.force_setattr(self, "opened_by", openers(wanted))


class _Node:
    __slots__ = ("branches", "names", "routes")

    def __init__(self) -> None:
        self.branches: dict[str, _Node] = {}
        self.routes: dict[str, Route] = {}
        self.names: tuple[str, ...] = ()


class Router:
    """Finds routes. HEAD is answered by GET's route."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[str, dict[str, Route]] = {}
        self._root = _Node()
        for route in routes:
            self._add(route)

    def knows(self, path: str) -> bool:
        """Whether the address exists, for whatever method."""
        return self._methods(path) is not None

    def methods(self, path: str) -> tuple[str, ...]:
        """What the address answers to. Raises NotFound for an unknown one."""
        found = self._methods(path)
        if found is None:
            raise NotFound("There is nothing at this address")
        return _with_head(found[0])

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and what its path captured. Raises NotFound or MethodNotAllowed."""
        found = self._methods(path)
        if found is None:
            raise NotFound("There is nothing at this address")
        routes, captured = found
        route = routes.get("GET" if method == "HEAD" else method)
        if route is None:
            raise MethodNotAllowed(_with_head(routes))
        return route, captured

    def _add(self, route: Route) -> None:
        routes = self._branch(route.path).routes if "{" in route.path else self._exact.setdefault(route.path, {})
        assert route.method not in routes, f"{route.method} {route.path} stands in the table twice"
        routes[route.method] = route

    def _branch(self, path: str) -> _Node:
        node, captures = self._root, []
        for part in path.split("/")[1:]:
            if part.startswith("{"):
                captures.append(part.strip("{}"))
            node = node.branches.setdefault(_CAPTURE if part.startswith("{") else part, _Node())
        assert node.names in ((), tuple(captures)), f"{path} captures under two sets of names"
        node.names = tuple(captures)
        return node

    def _methods(self, path: str) -> tuple[dict[str, Route], dict[str, str]] | None:
        if path[-1:] == "/" and len(path) > 1:
            path = path[:-1]
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        captured: list[str] = []
        node = _walk(self._root, path.split("/"), 1, captured)
        return (node.routes, dict(zip(node.names, captured, strict=True))) if node is not None else None


def _walk(node: _Node, parts: list[str], at: int, captured: list[str]) -> _Node | None:
    # A fixed part wins over a captured one; when it leads nowhere the captured one is tried.
    if at == len(parts):
        return node if node.routes else None
    part = parts[at]
    fixed = node.branches.get(part) if part else None
    if fixed is not None:
        found = _walk(fixed, parts, at + 1, captured)
        if found is not None:
            return found
    free = node.branches.get(_CAPTURE)
    if free is None or not part:
        return None
    captured.append(part)
    found = _walk(free, parts, at + 1, captured)
    if found is None:
        captured.pop()
    return found


def _with_head(routes: dict[str, Route]) -> tuple[str, ...]:
    return tuple(sorted({*routes, "OPTIONS", *(("HEAD",) if "GET" in routes else ())}))
