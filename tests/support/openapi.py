"""Mastodon's API as the shared OpenAPI description states it: what every answer of ours is held against."""

import json
from functools import cache

from jsonschema import Draft202012Validator, FormatChecker

from tests.support.shared import shared_dir


@cache
def description():
    """The whole description, read once."""
    return json.loads((shared_dir() / "mastodon" / "openapi.json").read_text("utf-8"))


@cache
def _validator(entity, *, listed):
    schema = {"$ref": f"#/components/schemas/{entity}"}
    document = {"components": description()["components"], **({"type": "array", "items": schema} if listed else schema)}
    return Draft202012Validator(document, format_checker=FormatChecker())


def assert_entity(entity, body, *, listed=False):
    """Parse `body` and hold it against the schema of `entity` (or of a list of it). Returns what was parsed."""
    value = json.loads(body)
    faults = [
        f"{'.'.join(map(str, fault.absolute_path))}: {fault.message}"
        for fault in _validator(entity, listed=listed).iter_errors(value)
    ]
    assert not faults, f"not a {entity} as Mastodon has it:\n" + "\n".join(faults)
    return value
