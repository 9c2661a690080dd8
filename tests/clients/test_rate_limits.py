"""With rate limits on: the headers count down, 429 says what to do, and Mastodon.py understands both."""

import httpx
import pytest
from mastodon import Mastodon
from mastodon.errors import MastodonRatelimitError

from tests.support.serving import serving


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    """A server of its own, as it is by default."""
    with serving(tmp_path_factory.mktemp("limited") / "data", options={"WHIMBREL_RATE_LIMITS": "on"}) as running:
        yield running


@pytest.fixture(scope="module")
def token(limited):
    """Somebody's token there."""
    return limited.provide(["counted"])["counted"]


def test_the_headers_count_down_for_a_token(limited, token):
    client = Mastodon(access_token=token, api_base_url=limited.url, ratelimit_method="throw")
    client.me()
    before = client.ratelimit_remaining
    client.me()
    assert client.ratelimit_remaining == before - 1
    assert client.ratelimit_limit == 300
    assert client.ratelimit_reset is not None


def test_a_client_that_asks_too_much_is_told_when_to_come_back(limited):
    with httpx.Client(base_url=limited.url, trust_env=False) as http:
        for _ in range(20):
            answer = http.post(
                "/api/v1/apps", json={"client_name": "Again", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}
            )
            if answer.status_code == 429:
                break
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["x-ratelimit-remaining"] == "0"
        assert answer.json()["error"]
        # Other addresses are not closed by this one's budget.
        assert http.get("/api/v2/instance").status_code == 200


def test_mastodon_py_understands_the_refusal(limited, token):
    client = Mastodon(access_token=token, api_base_url=limited.url, ratelimit_method="throw")
    client.me()
    for _ in range(client.ratelimit_remaining):
        client.preferences()
    with pytest.raises(MastodonRatelimitError):
        client.preferences()
