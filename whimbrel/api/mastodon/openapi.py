"""Our own OpenAPI 3.1 description, made from the route table, so that it cannot tell of what is not there.

What bodies and answers look like inside is Mastodon's documentation; this says which addresses there are, what they
accept, which scope opens them, and that errors are JSON.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from whimbrel import __version__
from whimbrel.api.answers import Answer, json_answer
from whimbrel.api.mastodon.accepts import ACCEPTS
from whimbrel.api.oauth.scopes import explain
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.api.scopes import SCOPES

PATH: Final = "/api/openapi.json"

_ID: Final = {"type": "string", "pattern": "^[0-9]{1,19}$"}
_SCHEMAS: Final[dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "id": _ID,
    "texts": {"type": "array", "items": {"type": "string"}},
    "ids": {"type": "array", "items": _ID},
    "object": {"type": "object"},
    "objects": {"type": "array", "items": {"type": "object"}},
}
_BY_QUERY: Final = ("GET", "DELETE")
_BODY_TYPES: Final = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
_ANSWER_TYPES: Final = {
    "/.well-known/webfinger": "application/jrd+json",
    "/.well-known/host-meta": "application/xrd+xml",
    "/health": "text/plain",
    "/oauth/authorize": "text/html",
    "/oauth/sign_in": "text/html",
    "/oauth/sign_out": "text/html",
}
_ERROR: Final = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}


class _Accepted(NamedTuple):
    name: str
    kind: str
    required: bool


class OpenApi:
    """The handler of /api/openapi.json, over every route but its own."""

    def __init__(self, routes: Iterable[Route], *, public_url: str) -> None:
        self._answer = msgspec.structs.replace(
            json_answer(described(tuple(routes), public_url)), cache=b"public, max-age=300"
        )

    def routes(self) -> tuple[Route, ...]:
        """Its line of the route table."""
        return (Route("GET", PATH, self.document),)

    async def document(self, _: Request) -> Answer:
        """This description."""
        return self._answer


def described(routes: tuple[Route, ...], public_url: str) -> dict[str, Any]:
    """The whole OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Whimbrel", "version": __version__, "summary": "The Mastodon client API, as answered here."},
        "servers": [{"url": public_url}],
        "paths": paths,
        "components": {"schemas": {"Error": _error()}, "securitySchemes": {"OAuth2": _security(public_url)}},
    }


def _operation(route: Route) -> dict[str, Any]:
    accepted = [_parsed(word) for word in ACCEPTS.get(f"{route.method} {route.path}", "").split()]
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()} {route.path}",
        "summary": route.summary or (route.handler.__doc__ or "").strip().partition("\n")[0].rstrip("."),
        "parameters": [_captured(part) for part in route.path.split("/") if part.startswith("{")],
        "responses": _responses(route),
    }
    if route.auth != "none":
        scopes = [route.scope] if isinstance(route.scope, str) else list(route.scope)
        anonymous: list[dict[str, list[str]]] = [{}] if route.auth == "optional" else []
        operation["security"] = [*({"OAuth2": [scope]} for scope in scopes or []), *anonymous] or [{"OAuth2": []}]
    if route.method in _BY_QUERY:
        operation["parameters"] += [_in_query(each) for each in accepted]
    elif accepted:
        operation["requestBody"] = _body(accepted)
    return operation


def _parsed(word: str) -> _Accepted:
    name, _, kind = word.removesuffix("!").partition(":")
    return _Accepted(name, kind or "text", word.endswith("!"))


def _captured(part: str) -> dict[str, Any]:
    name = part.strip("{}")
    return {"name": name, "in": "path", "required": True, "schema": _ID if name == "id" else {"type": "string"}}


def _in_query(accepted: _Accepted) -> dict[str, Any]:
    # Lists are written Rails' way: name[]=a&name[]=b.
    name = f"{accepted.name}[]" if accepted.kind in ("texts", "ids") else accepted.name
    return {"name": name, "in": "query", "required": accepted.required, "schema": _SCHEMAS[accepted.kind]}


def _body(accepted: list[_Accepted]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {each.name: _SCHEMAS[each.kind] for each in accepted},
        "required": [each.name for each in accepted if each.required],
    }
    return {"required": bool(schema["required"]), "content": {kind: {"schema": schema} for kind in _BODY_TYPES}}


def _responses(route: Route) -> dict[str, Any]:
    kind = _ANSWER_TYPES.get(route.path, "application/json")
    page = kind == "text/html"
    responses: dict[str, Any] = {"200": {"description": "Done", "content": {kind: {}}}}
    if page:
        responses["303"] = {"description": "On to the next step"}
    refused = {**_ERROR, kind: {}} if page else _ERROR
    responses["4XX"] = {"description": "Refused; `error` says why", "content": refused}
    responses["503"] = {"description": "A part that this needs is away; try again", "content": refused}
    return responses


def _error() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {"error": text, "error_description": text, "details": {"type": "object"}},
        "required": ["error"],
    }


def _security(public_url: str) -> dict[str, Any]:
    scopes = {scope: explain(scope) for scope in SCOPES}
    token = {"tokenUrl": f"{public_url}/oauth/token", "scopes": scopes}
    return {
        "type": "oauth2",
        "flows": {
            "authorizationCode": {"authorizationUrl": f"{public_url}/oauth/authorize", **token},
            "clientCredentials": token,
        },
    }
