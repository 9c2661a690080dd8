"""The security headers that stand on every answer."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.support.asgi import Reply, ask
from whimbrel.reliability.headers import SecurityHeaders


def _answered(*, secure: bool, **own: str) -> Reply:
    async def answer(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("hello", headers={name.replace("_", "-"): value for name, value in own.items()})

    return ask(SecurityHeaders(Starlette(routes=[Route("/", answer)]), secure=secure), "GET", "/")


def test_an_answer_that_says_nothing_gets_the_strictest_headers():
    headers = _answered(secure=False).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["content-security-policy"].startswith("default-src 'none'")


def test_an_answer_that_names_its_own_policy_keeps_it():
    reply = _answered(secure=False, content_security_policy="default-src 'self'", referrer_policy="no-referrer")
    assert reply.headers["content-security-policy"] == "default-src 'self'"
    assert reply.headers["referrer-policy"] == "no-referrer"


def test_browsers_are_told_to_insist_on_https_only_where_there_is_https():
    assert "strict-transport-security" not in _answered(secure=False).headers
    assert "strict-transport-security" in _answered(secure=True).headers


def test_the_body_is_left_alone():
    assert _answered(secure=True).body == b"hello"
