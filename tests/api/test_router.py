"""The route table finds what it holds, tells what it does not, and asks for the right scopes."""

import pytest

from whimbrel.api.answers import NOTHING
from whimbrel.api.errors import MethodNotAllowed
from whimbrel.api.router import Route, Router
from whimbrel.api.scopes import SCOPES, covers, openers
from whimbrel.kernel.errors import NotFound


async def nothing(_request):
    return NOTHING


def table(*lines):
    return Router(Route(method, path, nothing) for method, path in lines)


POSTS = table(
    ("GET", "/api/v1/statuses"),
    ("POST", "/api/v1/statuses"),
    ("GET", "/api/v1/statuses/{id}"),
    ("GET", "/api/v1/statuses/{id}/context"),
    ("POST", "/api/v1/statuses/{id}/pin"),
    ("GET", "/api/v1/tags/{name}"),
    ("POST", "/api/v1/tags/popular/feature"),
)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("method", "path", "found", "captured"),
    [
        ("GET", "/api/v1/statuses", "/api/v1/statuses", {}),
        ("HEAD", "/api/v1/statuses/12", "/api/v1/statuses/{id}", {"id": "12"}),
        ("GET", "/api/v1/statuses/12/context", "/api/v1/statuses/{id}/context", {"id": "12"}),
        ("GET", "/api/v1/tags/caf\xe9", "/api/v1/tags/{name}", {"name": "caf\xe9"}),
        ("GET", "/api/v1/tags/popular", "/api/v1/tags/{name}", {"name": "popular"}),
    ],
)
def test_an_address_is_found_with_and_without_its_slash(method, path, found, captured, slash):
    route, parts = POSTS.find(method, path + slash)
    assert (route.path, parts) == (found, captured)


@pytest.mark.parametrize("path", ["/", "", "//", "/api/v1/statuses//", "/api/v1/statuses//context", "/api/v1/nothing"])
def test_an_unknown_address_is_not_found(path):
    with pytest.raises(NotFound):
        POSTS.find("GET", path)


def test_a_known_address_says_which_methods_it_answers():
    with pytest.raises(MethodNotAllowed) as refused:
        POSTS.find("DELETE", "/api/v1/statuses")
    assert refused.value.allowed == ("GET", "HEAD", "OPTIONS", "POST")


def test_a_line_that_stands_twice_in_the_table_stops_the_start():
    with pytest.raises(AssertionError, match="twice"):
        table(("GET", "/a/{id}"), ("GET", "/a/{id}"))


@pytest.mark.parametrize(
    ("granted", "wanted", "open_"),
    [
        ("read", "read:statuses", True),
        ("read:statuses", "read:statuses", True),
        ("read:statuses", "read", False),
        ("read:accounts", "read:statuses", False),
        ("write", "read:statuses", False),
        ("follow", "write:follows", True),
        ("follow", "read:blocks", True),
        ("follow", "write:statuses", False),
        ("admin:read", "admin:read:accounts", True),
        ("read", "admin:read:accounts", False),
        ("push", "push", True),
        ("profile", "read:accounts", False),
    ],
)
def test_a_wide_scope_covers_its_own_and_no_other(granted, wanted, open_):
    assert covers((granted,), wanted) is open_


def test_every_scope_opens_itself_and_only_known_ones_open_it():
    for scope in SCOPES:
        assert scope in openers((scope,)) <= set(SCOPES)


def test_any_of_several_scopes_opens_a_route():
    route = Route("GET", "/api/v1/accounts/verify_credentials", nothing, ("profile", "read:accounts"), "user")
    assert route.opened_by == {"profile", "read:accounts", "read"}
