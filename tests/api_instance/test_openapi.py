"""Our OpenAPI document tells of every address that there is, and of nothing that is not."""

import re
from pathlib import Path

import pytest
import schemathesis

from whimbrel.api.mastodon.accepts import ACCEPTS, KINDS
from whimbrel.api.mastodon.directory import DirectoryPages
from whimbrel.api.mastodon.openapi import described
from whimbrel.api.mastodon.render.everything import render_for
from whimbrel.api.mastodon.routes import routes as mastodon_routes
from whimbrel.api.router import Router
from whimbrel.microblog.directory import Directory

API = Path(__file__).parents[2] / "whimbrel" / "api"
URL = "http://127.0.0.1:8000"
READ_BY_NAME = re.compile(r"\b(?:text|texts|integer|boolean|id|ids|nested|each|_text|_boolean)\((?:\w+, )?\"(\w+)\"\)")
NOT_FROM_THE_CLIENT = {"group_key", "name", "tag"}
INSIDE_OBJECTS = {"privacy", "value", "last_read_id", "language"}
EVERYWHERE = {"access_token"}


@pytest.fixture
def routes(serve):
    """The whole table: what every dialect answers."""
    server = serve(public_url=URL)
    directory = Directory(reads=server.appending.reads, accounts=server.doors.accounts, clock=server.clock)
    pages = DirectoryPages(directory=directory, render=render_for(URL))
    return (*mastodon_routes(render_for(URL)), *pages.routes(), *server.routes)


def names_accepted() -> set[str]:
    return {word.removesuffix("!").partition(":")[0] for words in ACCEPTS.values() for word in words.split()}


def test_the_route_table_has_every_address_once(routes):
    Router(routes)


def test_every_kind_in_the_table_of_parameters_is_known():
    kinds = {word.removesuffix("!").partition(":")[2] for words in ACCEPTS.values() for word in words.split()}
    assert kinds - {""} <= set(KINDS)


def test_every_parameter_that_a_handler_reads_is_described():
    read = {
        name
        for folder in ("mastodon", "oauth")
        for file in (API / folder).glob("*.py")
        for name in READ_BY_NAME.findall(file.read_text("utf-8"))
    }
    assert read - names_accepted() - NOT_FROM_THE_CLIENT - INSIDE_OBJECTS - EVERYWHERE == set()


def test_every_route_is_described_with_a_summary_and_what_opens_it(routes):
    document = described(routes, URL)
    for route in routes:
        operation = document["paths"][route.path][route.method.lower()]
        assert operation["summary"]
        assert ("security" in operation) == (route.auth != "none")


def test_parts_of_the_path_are_parameters_and_ids_are_digits(routes):
    show = described(routes, URL)["paths"]["/api/v1/statuses/{id}"]["get"]
    assert [(each["name"], each["in"], each["schema"].get("pattern")) for each in show["parameters"]] == [
        ("id", "path", "^[0-9]{1,19}$")
    ]


def test_what_a_post_accepts_comes_as_json_or_as_a_form(routes):
    publish = described(routes, URL)["paths"]["/api/v1/statuses"]["post"]
    content = publish["requestBody"]["content"]
    assert set(content) == {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}
    assert content["application/json"]["schema"]["properties"]["sensitive"] == {"type": "boolean"}
    assert publish["security"] == [{"OAuth2": ["write:statuses"]}]


def test_every_line_of_the_table_of_parameters_is_for_a_route(routes):
    assert set(ACCEPTS) - {f"{route.method} {route.path}" for route in routes} == set()


def test_the_document_is_an_openapi_document_that_a_machine_reads(routes):
    document = described(routes, URL)
    schema = schemathesis.openapi.from_dict(document)
    assert sum(1 for _ in schema.get_all_operations()) == len(routes)
