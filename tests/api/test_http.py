"""The door: what every answer carries, and what is refused before anything is done."""

import pytest

from tests.support.asgi import ask
from whimbrel.api.answers import json_answer
from whimbrel.api.http import Api
from whimbrel.api.router import Route, Router
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.limits import BODY_BYTES_MAX
from whimbrel.reliability.proxies import networks
from whimbrel.reliability.ratelimit import RateLimits

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Age:
    """How far this process is behind, as a test wants it."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def behind(self):
        """Never waits."""
        return False

    async def catch_up(self):
        """Nothing to catch up with."""

    def age_seconds(self):
        """What was asked for."""
        return self.seconds


async def echo(request):
    """What was understood of the request."""
    return json_answer({"id": request.id, "from": request.client_address, "sent": request.parameters.values})


async def crash(_request):
    """What nobody foresaw."""
    raise ZeroDivisionError("a secret that must not be told")


async def storeless(_request):
    """What needs a store that is away."""
    raise StoreUnavailable("The store is away", log="a path that people must not see")


ROUTES = (
    Route("GET", "/api/v1/echo", echo),
    Route("POST", "/api/v1/echo", echo),
    Route("GET", "/api/v1/crash", crash),
    Route("GET", "/api/v1/storeless", storeless),
    Route("POST", "/api/v1/apps", echo, budgets=("register_app",)),
    Route("GET", "/page", echo, cors=False),
    Route("GET", "/health", echo, limited=False),
    Route("GET", "/api/v1/private", echo, "read", "user"),
)


def api(**options):
    settings = {"microblog": None, "freshness": Age(), "limits": None, **options}
    return Api(router=Router(ROUTES), **settings)


def test_a_head_is_the_get_without_its_body():
    whole, head = ask(api(), "GET", "/api/v1/echo"), ask(api(), "HEAD", "/api/v1/echo")
    assert head.status == 200
    assert head.body == b""
    assert int(head.headers["content-length"]) == len(whole.body)


def test_every_answer_carries_a_request_id_of_its_own():
    door = api()
    ids = {ask(door, "GET", path).headers["x-request-id"] for path in ("/api/v1/echo", "/api/v1/echo", "/nowhere")}
    assert len(ids) == 3


def test_a_sane_request_id_is_kept_and_a_strange_one_replaced():
    assert ask(api(), "GET", "/api/v1/echo", headers={"X-Request-Id": "trace-7"}).json["id"] == "trace-7"
    strange = "a b" + "c" * 100
    assert ask(api(), "GET", "/api/v1/echo", headers={"X-Request-Id": strange}).headers["x-request-id"] != strange


def test_other_sites_scripts_may_call_the_api_and_read_its_headers():
    reply = ask(api(), "GET", "/api/v1/echo", headers={"Origin": "https://app.example"})
    assert reply.headers["access-control-allow-origin"] == "*"
    for name in ("Link", "X-RateLimit-Remaining", "X-Request-Id", "Retry-After"):
        assert name in reply.headers["access-control-expose-headers"]
    assert (
        "access-control-allow-origin"
        not in ask(api(), "GET", "/page", headers={"Origin": "https://app.example"}).headers
    )


def test_a_refusal_can_be_read_by_other_sites_scripts_too():
    reply = ask(api(), "GET", "/api/v1/private", headers={"Origin": "https://app.example"})
    assert reply.status == 401
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.json == {"error": "The access token is invalid"}


def test_a_preflight_names_the_methods_and_the_headers_that_were_asked_for():
    asked = {"Origin": "https://app.example", "Access-Control-Request-Headers": "authorization,idempotency-key"}
    reply = ask(api(), "OPTIONS", "/api/v1/echo", headers=asked)
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS, POST"
    assert reply.headers["access-control-allow-headers"] == "authorization,idempotency-key"


def test_an_unknown_method_is_told_which_ones_there_are():
    reply = ask(api(), "DELETE", "/api/v1/echo/")
    assert reply.status == 405
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_an_unknown_address_is_a_404_in_json():
    reply = ask(api(), "GET", "/api/v1/nowhere")
    assert reply.status == 404
    assert reply.json["error"]


def test_what_lies_outside_the_api_goes_to_the_pages():
    async def pages(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    door = api(fallback=pages)
    assert ask(door, "GET", "/@iris").status == 418
    assert ask(door, "GET", "/api/v1/nowhere").status == 404
    assert ask(door, "GET", "/page").status == 200


def test_a_body_that_says_it_is_too_large_is_refused_unread():
    headers = {**FORM, "Content-Length": str(BODY_BYTES_MAX + 1)}
    reply = ask(api(), "POST", "/api/v1/echo", headers=headers, chunks=())
    assert reply.status == 413


def test_a_body_that_grows_too_large_is_refused_while_it_streams():
    reply = ask(api(), "POST", "/api/v1/echo", headers=FORM, chunks=[b"x" * BODY_BYTES_MAX, b"x", b"never read"])
    assert reply.status == 413


def test_a_body_that_ends_early_is_refused():
    headers = {**FORM, "Content-Length": "10"}
    assert ask(api(), "POST", "/api/v1/echo", headers=headers, chunks=()).status == 400


@pytest.mark.parametrize("length", ["-1", "abc", "1" * 40])
def test_a_content_length_that_is_no_number_is_refused(length):
    assert ask(api(), "POST", "/api/v1/echo", headers={**FORM, "Content-Length": length}).status == 400


def test_a_body_in_pieces_is_put_together_and_wins_over_the_query():
    reply = ask(api(), "POST", "/api/v1/echo", query=b"a=query&b=2", headers=FORM, chunks=[b"a=bo", b"dy"])
    assert reply.json["sent"] == {"a": "body", "b": "2"}


def test_what_nobody_foresaw_is_a_500_that_names_the_request_and_tells_no_secret():
    reply = ask(api(), "GET", "/api/v1/crash")
    assert reply.status == 500
    assert reply.json["request_id"] == reply.headers["x-request-id"]
    assert b"secret" not in reply.body


def test_a_part_that_is_away_is_a_503_that_says_when_to_come_back():
    reply = ask(api(), "GET", "/api/v1/storeless")
    assert reply.status == 503
    assert int(reply.headers["retry-after"]) > 0
    assert reply.json == {"error": "The store is away"}


def test_an_answer_from_old_data_carries_its_age():
    assert ask(api(freshness=Age(93.7)), "GET", "/api/v1/echo").headers["x-whimbrel-age"] == "93"
    assert "x-whimbrel-age" not in ask(api(freshness=Age(0.4)), "GET", "/api/v1/echo").headers


def test_every_answer_says_what_is_left_of_the_limit():
    door = api(limits=RateLimits(lambda: 1_000_000_000_000))
    first, second = ask(door, "GET", "/api/v1/echo"), ask(door, "GET", "/api/v1/echo")
    assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("300", "299")
    assert second.headers["x-ratelimit-remaining"] == "298"
    assert first.headers["x-ratelimit-reset"] == "2001-09-09T01:50:00.000Z"


def test_too_many_requests_are_told_when_to_try_again():
    door = api(limits=RateLimits(lambda: 1_000_000_000_000))
    statuses = [ask(door, "POST", "/api/v1/apps").status for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    refused = ask(door, "POST", "/api/v1/apps")
    assert "Try again in" in refused.json["error"]
    assert 0 < int(refused.headers["retry-after"]) <= 600
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert ask(door, "POST", "/api/v1/apps", client="192.0.2.8").status == 200


def test_what_machines_ask_all_day_long_is_not_counted():
    door = api(limits=RateLimits(lambda: 1_000_000_000_000))
    answers = [ask(door, "GET", "/health") for _ in range(310)]
    assert {(answer.status, "x-ratelimit-limit" in answer.headers) for answer in answers} == {(200, False)}
    assert ask(door, "GET", "/api/v1/echo").headers["x-ratelimit-remaining"] == "299"


def test_guessing_tokens_is_counted_like_any_request():
    door = api(limits=RateLimits(lambda: 1_000_000_000_000))
    assert ask(door, "GET", "/api/v1/private").headers["x-ratelimit-remaining"] == "299"


def test_a_forwarded_address_is_believed_from_trusted_proxies_only():
    headers = {"X-Forwarded-For": "198.51.100.9, 203.0.113.5"}
    trusting = api(trusted_proxies=networks(["192.0.2.0/24", "203.0.113.5"]))
    assert ask(api(), "GET", "/api/v1/echo", headers=headers).json["from"] == "192.0.2.7"
    assert ask(trusting, "GET", "/api/v1/echo", headers=headers).json["from"] == "198.51.100.9"
    assert ask(trusting, "GET", "/api/v1/echo", headers=headers, client="192.51.100.1").json["from"] == "192.51.100.1"


def test_an_ipv6_household_counts_as_one_client():
    assert ask(api(), "GET", "/api/v1/echo", client="2001:db8:1:2:aaaa::1").json["from"] == "2001:db8:1:2::"
