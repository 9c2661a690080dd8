"""What an answer must be to count: not only a 200, but the page that was asked for."""

import json
from collections.abc import Callable
from itertools import pairwise


def page_of(length: int) -> Callable[[bytes], None]:
    """A JSON list of exactly `length` entries whose ids strictly descend."""

    def check(body: bytes) -> None:
        ids = [int(entry["id"]) for entry in json.loads(body)]
        if len(ids) != length:
            raise ValueError(f"{len(ids)} entries instead of {length}")
        if any(later >= earlier for earlier, later in pairwise(ids)):
            raise ValueError(f"ids do not descend: {ids}")

    return check


def entity(name: str) -> Callable[[bytes], None]:
    """A JSON object with a non-empty field `name`."""

    def check(body: bytes) -> None:
        if not json.loads(body).get(name):
            raise ValueError(f"no {name!r} in {body[:200]!r}")

    return check


def same_as(expected: bytes) -> Callable[[bytes], None]:
    """Exactly these bytes."""

    def check(body: bytes) -> None:
        if body != expected:
            raise ValueError(f"{len(body)} bytes differ from the {len(expected)} expected")

    return check
