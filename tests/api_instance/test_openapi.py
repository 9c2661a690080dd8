"""Our OpenAPI document tells of every address that there is, and of nothing that is not."""

import re
from pathlib import Path

from whimbrel.api.mastodon import apps, empty, preferences, signup
from whimbrel.api.mastodon.accepts import ACCEPTS, KINDS
from whimbrel.api.mastodon.openapi import described
from whimbrel.api.mastodon.render.everything import render_for
from whimbrel.api.mastodon.routes import routes
from whimbrel.api.router import Route, Router

API = Path(__file__).parents[2] / "whimbrel" / "api"
URL = "http://127.0.0.1:8000"
READ_BY_NAME = re.compile(r"\b(?:text|texts|integer|boolean|id|ids|nested|each|_text|_boolean)\((?:\w+, )?\"(\w+)\"\)")
NOT_FROM_THE_CLIENT = {"group_key", "name", "tag"}
INSIDE_OBJECTS = {"privacy", "value", "last_read_id", "language"}
EVERYWHERE = {"access_token"}


def all_routes() -> tuple[Route, ...]:
    return (*routes(render_for(URL)), *apps.ROUTES, *signup.ROUTES, *preferences.ROUTES, *empty.ROUTES)


def names_accepted() -> set[str]:
    return {word.removesuffix("!").partition(":")[0] for words in ACCEPTS.values() for word in words.split()}


def test_the_route_table_has_every_address_once() -> None:
    Router(all_routes())


def test_every_kind_in_the_table_of_parameters_is_known() -> None:
    kinds = {word.removesuffix("!").partition(":")[2] for words in ACCEPTS.values() for word in words.split()}
    assert kinds - {""} <= set(KINDS)


def test_every_parameter_that_a_handler_reads_is_described() -> None:
    read = {
        name
        for folder in ("mastodon", "oauth")
        for file in (API / folder).glob("*.py")
        for name in READ_BY_NAME.findall(file.read_text("utf-8"))
    }
    assert read - names_accepted() - NOT_FROM_THE_CLIENT - INSIDE_OBJECTS - EVERYWHERE == set()


def test_every_route_is_described_with_a_summary_and_what_opens_it() -> None:
    document = described(all_routes(), URL)
    for route in all_routes():
        operation = document["paths"][route.path][route.method.lower()]
        assert operation["summary"]
        assert ("security" in operation) == (route.auth != "none")


def test_parts_of_the_path_are_parameters_and_ids_are_digits() -> None:
    show = described(all_routes(), URL)["paths"]["/api/v1/statuses/{id}"]["get"]
    assert [(each["name"], each["in"], each["schema"].get("pattern")) for each in show["parameters"]] == [
        ("id", "path", "^[0-9]{1,19}$")
    ]


def test_what_a_post_accepts_comes_as_json_or_as_a_form() -> None:
    publish = described(all_routes(), URL)["paths"]["/api/v1/statuses"]["post"]
    content = publish["requestBody"]["content"]
    assert set(content) == {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}
    assert content["application/json"]["schema"]["properties"]["sensitive"] == {"type": "boolean"}
    assert publish["security"] == [{"OAuth2": ["write:statuses"]}]
