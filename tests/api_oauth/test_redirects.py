"""Which redirect URIs may be registered, and which of them a request may use."""

import pytest

from whimbrel.api.oauth.redirects import OUT_OF_BAND, check, place, registered, with_answer
from whimbrel.kernel.errors import Invalid


@pytest.mark.parametrize(
    "uri",
    [
        OUT_OF_BAND,
        "https://app.example/back?server=one",
        "http://127.0.0.1:4567/back",
        "http://[::1]/back",
        "http://localhost:3000",
        "curlew://oauth",
        "com.example.curlew:/back",
    ],
)
def test_web_addresses_loopback_and_own_schemes_may_be_registered(uri: str) -> None:
    assert check(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/back",
        "//app.example/back",
        "javascript:alert(1)",
        "JavaScript://app.example/%0aalert(1)",
        "data:text/html,hello",
        "https://app.example/#part",
        "https:///back",
        "https://app.example@evil.example/",
        "https://app.example/a b",
        "https://app.example\\.other.example/back",
        'https://app.example/"back"',
        "https://app.example/<back>",
        "https://app.example/\r\nSet-Cookie: a=b",
        "https://app.example:99999/",
        "https://[broken/",
        "https://app.example/" + "a" * 2_000,
        "curlew:",
    ],
)
def test_what_leads_nowhere_or_runs_in_the_browser_may_not(uri: str) -> None:
    with pytest.raises(Invalid, match="Redirect URI"):
        check(uri)


def test_a_request_must_use_a_registered_uri_letter_by_letter() -> None:
    allowed = ("https://app.example/back",)
    assert registered("https://app.example/back", allowed)
    for other in ("https://app.example/back/", "https://app.example/back?x=1", "http://app.example/back", "", "HTTPS"):
        assert not registered(other, allowed)


def test_a_loopback_address_may_come_with_another_port_and_nothing_else() -> None:
    allowed = ("http://127.0.0.1/back", "http://[::1]:1/back")
    assert registered("http://127.0.0.1:50123/back", allowed)
    assert registered("http://[::1]:50123/back", allowed)
    assert not registered("http://127.0.0.1:50123/other", allowed)
    assert not registered("https://127.0.0.1:50123/back", allowed)
    assert not registered("http://u@127.0.0.1:50123/back", allowed)
    assert not registered("http://127.0.0.1.evil.example/back", allowed)
    assert not registered("http://app.example:81/back", ("http://app.example/back",))


def test_the_answer_joins_a_query_that_is_there_already() -> None:
    assert with_answer("curlew://back", {"code": "a b", "state": None}) == "curlew://back?code=a+b"
    assert (
        with_answer("https://app.example/?x=1", {"code": "c", "state": "s"})
        == "https://app.example/?x=1&code=c&state=s"
    )


def test_a_person_reads_where_a_redirect_leads() -> None:
    assert place("https://app.example:8443/back") == "app.example:8443"
    assert place("curlew://back") == "curlew:"
