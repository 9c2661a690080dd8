"""What the model test has found, each told as the accident that it was."""

from collections.abc import Iterator

import pytest

from tests.support.doors import InProcess


@pytest.fixture
def product(tmp_path) -> Iterator[InProcess]:
    """The product in this process."""
    opened = InProcess(tmp_path / "data")
    yield opened
    opened.close()


def test_an_event_that_could_not_be_read_made_every_request_fail_until_the_tail_let_it_go(product):
    tokens = product.people(2)
    (first, one), (_, two) = tokens.items()
    me = product.ask(one, "GET", "/api/v1/accounts/verify_credentials").json["id"]
    product.ask(two, "POST", f"/api/v1/accounts/{me}/follow")
    product.disturb("poison")
    posted = product.ask(one, "POST", "/api/v1/statuses", body={"status": "after the poison"})
    assert posted.status == 200
    (latecomer,) = product.people(1).values()
    assert product.ask(latecomer, "GET", "/api/v1/accounts/verify_credentials").status == 200
    home = product.ask(two, "GET", "/api/v1/timelines/home")
    assert [one["account"]["username"] for one in home.json] == [first]


def test_an_event_that_could_not_be_read_made_memory_forget_what_it_held(product, caplog):
    tokens = product.people(1)
    (one,) = tokens.values()
    product.ask(one, "POST", "/api/v1/statuses", body={"status": "before the poison"})
    product.disturb("poison")
    assert product.ask(one, "GET", "/api/v1/timelines/home").status == 200
    assert "starts afresh" not in caplog.text
