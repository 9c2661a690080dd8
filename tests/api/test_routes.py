"""The whole route table against the reference of Mastodon's endpoints: nothing that clients need is missing."""

import re

import pytest

from tests.support.shared import shared_dir
from whimbrel.api.mastodon.render.everything import render_for
from whimbrel.api.mastodon.routes import routes
from whimbrel.api.router import Router

OURS = {
    "accounts", "statuses", "timelines", "search", "notifications", "grouped_notifications", "markers", "favourites",
    "bookmarks", "follow_requests", "blocks", "mutes", "tags", "followed_tags", "endorsements",
}  # fmt: skip
"""The reference's groups that this table answers; the rest of the dialect has tables of its own."""

ELSEWHERE = {
    ("POST", "/api/v1/accounts"): "sign-up has a table of its own",
    ("GET", "/api/v1/timelines/list/{}"): "there are no lists",
}
"""Core rows of these groups that are not in this table, and why."""

DIFFERENT = {
    ("GET", "/api/v1/statuses/{}/source"): "only the author may see it, so an app's own token never can",
    ("GET", "/api/v1/accounts/lookup"): "public, as it is in Mastodon's code since 3.4",
    ("GET", "/api/v2/notifications/{}/accounts"): "reading needs no right to write; the reference has a slip here",
}
"""Where we differ from the reference on purpose."""

ROW = re.compile(r"\| (GET|POST|PUT|PATCH|DELETE) \| `(/[^`]+)`([^|]*)\| [^|]* \| ([^|]*) \|.*\| ([^|]*) \|$")
TABLE = routes(render_for("https://birds.example"))
BY_ADDRESS = {(route.method, re.sub(r"\{\w+\}", "{}", route.path)): route for route in TABLE}


def reference():
    """Rows of the reference's section A that are ours: (method, address), who may call it, whether it is core."""
    group, rows = "", []
    for line in (shared_dir() / "reference" / "mastodon-api.md").read_text("utf-8").splitlines():
        if line.startswith("**") and line.endswith("**"):
            group = line.strip("*")
        row = ROW.match(line)
        if row and group in OURS and "removed" not in row[3]:
            address = (row[1], re.sub(r":\w+", "{}", row[2]))
            rows.append((address, row[4].strip(), "core" in row[5]))
    return rows


def test_the_reference_is_read_whole():
    assert sum(core for _, _, core in reference()) == 54


@pytest.mark.parametrize("address", [address for address, _, core in reference() if core], ids=" ".join)
def test_every_core_endpoint_is_answered(address):
    assert address in BY_ADDRESS or address in ELSEWHERE


@pytest.mark.parametrize(
    ("address", "caller"),
    [(address, caller) for address, caller, _ in reference() if address in BY_ADDRESS and address not in DIFFERENT],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_each_endpoint_asks_for_the_token_that_the_reference_names(address, caller):
    route = BY_ADDRESS[address]
    assert route.auth == ("optional" if caller.startswith("public") else "user")
    named = re.findall(r"\b(?:read|write|admin):\w+", caller)
    assert set(named) <= route.opened_by


def test_whoever_looks_at_a_token_asks_for_a_scope():
    assert [route.path for route in TABLE if not route.opened_by] == []


def test_the_exceptions_are_still_exceptions():
    assert set(ELSEWHERE).isdisjoint(BY_ADDRESS)
    assert set(DIFFERENT) <= set(BY_ADDRESS)


def test_the_table_has_no_line_twice():
    router = Router(TABLE)
    for route in TABLE:
        assert router.find(route.method, route.path.replace("{", "").replace("}", ""))[0] is route
