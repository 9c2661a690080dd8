"""Pages out of parameters, and the Link header around them."""

from types import SimpleNamespace

import pytest

from whimbrel.api.paging import ACCOUNTS, POSTS, limit_of, links, links_around, links_of, offset_of, page_of
from whimbrel.api.request import Request
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.pages import Page, Paged
from whimbrel.microblog.options import Options


def request(query="", path="/api/v1/timelines/home"):
    product = SimpleNamespace(options=Options(public_url="https://birds.example"))
    scope = {"method": "GET", "path": path, "query_string": query.encode(), "headers": []}
    return Request(scope, None, product)


def header(found):
    assert [name for name, _ in found] == [b"link"]
    return found[0][1].decode()


def test_a_page_without_parameters_has_the_usual_number_of_entries():
    assert page_of(request(), POSTS) == Page(limit=20)
    assert page_of(request(), ACCOUNTS) == Page(limit=40)


def test_bounds_and_limit_are_read_and_a_large_limit_is_clamped():
    page = page_of(request("limit=1000&max_id=9&since_id=3&min_id="), POSTS)
    assert page == Page(limit=40, max_id=9, since_id=3)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=abc",
        "limit=1.5",
        "max_id=abc",
        "since_id=-4",
        "min_id=0",
        "max_id=99999999999999999999",
    ],
)
def test_a_limit_or_bound_that_means_nothing_is_refused(query):
    with pytest.raises(Invalid):
        page_of(request(query), POSTS)


@pytest.mark.parametrize("query", ["offset=-1", "offset=10001", "offset=x"])
def test_an_offset_out_of_range_is_refused(query):
    with pytest.raises(Invalid):
        offset_of(request(query))
    assert limit_of(request(query), POSTS) == 20


def test_the_link_header_points_both_ways_and_keeps_the_other_parameters():
    found = header(
        links_around(request("limit=5&max_id=7&local=true&types[]=a&types[]=b&access_token=s3cret"), [6, 5, 2])
    )
    start = "<https://birds.example/api/v1/timelines/home?limit=5&local=true&types[]=a&types[]=b&"
    assert found == f'{start}max_id=2>; rel="next", {start}min_id=6>; rel="prev"'


def test_an_empty_page_has_no_link_header():
    assert links_around(request(), []) == ()


def test_the_end_of_a_list_has_no_next():
    assert 'rel="next"' not in header(links_of(request(), Paged(("x",), next_max_id=None, prev_min_id=9)))


def test_nothing_in_an_address_can_break_out_of_the_link_header():
    nasty = request('q=">; rel="evil"\r\nX-Evil: 1', path="/api/v1/timelines/tag/a>b\n\xe9?c")
    found = header(links(nasty, next_max_id=1, prev_min_id=None))
    assert found.count("<") == found.count(">") == 1
    assert found.count('"') == 2
    assert found.isascii()
    assert found.isprintable()
    assert "/a%3Eb%0A%C3%A9%3Fc?" in found
