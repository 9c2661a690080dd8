"""From the bytes of a query or a body to one plain tree, with limits on everything that a client chooses.

Forms and queries follow Rails, since Mastodon's clients do: `types[]=a&types[]=b` is a list,
`fields_attributes[0][name]=x` a tree. Whatever cannot be read is 400 with the reason: broken JSON or encoding, NUL, a
name given in two shapes, nesting or numbers of fields beyond the named limits. A name given twice is refused by
whoever reads it: one that nobody knows is passed over like any other (RFC 6749, 3.2; Mastodon.py sends such names).
"""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import msgspec
from python_multipart.multipart import parse_options_header

from whimbrel.api.errors import QueryTooLong
from whimbrel.api.multipart import Pair, parts_of, utf8
from whimbrel.api.parameters import GIVEN_TWICE
from whimbrel.kernel.errors import BadRequest
from whimbrel.kernel.limits import FIELDS_MAX, JSON_DEPTH_MAX, QUERY_BYTES_MAX

Tree = dict[str, Any]

_KEY: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_STEP: Final = re.compile(r"\[([^\[\]]*)\]")
_EXPECTED: Final = "application/json, application/x-www-form-urlencoded or multipart/form-data"


def query_tree(query: bytes) -> Tree:
    """The parameters of a query string. Raises QueryTooLong, and what `tree` raises."""
    if len(query) > QUERY_BYTES_MAX:
        raise QueryTooLong(f"The query is longer than {QUERY_BYTES_MAX} bytes")
    return tree(_pairs(query, "query"))


def body_tree(body: bytes, content_type: str) -> Tree:
    """The parameters of a body; an empty body has none whatever its type. Raises BadRequest for what cannot be read."""
    if not body:
        return {}
    kind, options = parse_options_header(content_type)
    if kind == b"application/json":
        return _json(body)
    if kind == b"application/x-www-form-urlencoded":
        return tree(_pairs(body, "body"))
    if kind == b"multipart/form-data":
        return tree(parts_of(body, options.get(b"boundary", b"")))
    raise BadRequest(f"The body's Content-Type must be {_EXPECTED}")


def tree(pairs: Iterable[Pair]) -> Tree:
    """Rails' tree of flat names with brackets. Raises BadRequest for one that is too deep, or contradicts itself."""
    top: Tree = {}
    for key, value in pairs:
        parts = _KEY.fullmatch(key) if "[" in key else None
        if parts is None:
            _place(top, key, [], value)
            continue
        steps = _STEP.findall(parts[2])
        if len(steps) > JSON_DEPTH_MAX:
            raise BadRequest(f"A parameter is nested deeper than {JSON_DEPTH_MAX}")
        _place(top, parts[1], steps, value)
    return top


def _place(node: Tree, name: str, steps: list[str], value: Any) -> None:
    if not steps:
        if isinstance(node.get(name), list | dict):
            raise BadRequest(f"The parameter {name[:40]!r} was given in two shapes")
        node[name] = GIVEN_TWICE if name in node else value
        return
    child = node.setdefault(name, [] if steps[0] == "" else {})
    if not isinstance(child, list if steps[0] == "" else dict):
        raise BadRequest(f"The parameter {name[:40]!r} was given in two shapes")
    if isinstance(child, dict):
        _place(child, steps[0], steps[1:], value)
    elif len(steps) == 1:
        child.append(value)
    else:
        _place_in_newest(child, steps[1], steps[2:], value)


def _place_in_newest(trees: list[Any], name: str, steps: list[str], value: Any) -> None:
    # Rails: `a[][x]=1&a[][y]=2&a[][x]=3` is two trees; a name met again begins the next one.
    if not trees or not isinstance(trees[-1], dict) or (not steps and name in trees[-1]):
        trees.append({})
    _place(trees[-1], name, steps, value)


def _pairs(encoded: bytes, where: str) -> list[Pair]:
    if not encoded:
        return []
    parts = encoded.split(b"&", FIELDS_MAX)
    if len(parts) > FIELDS_MAX:
        raise BadRequest(f"The {where} has more than {FIELDS_MAX} parameters")
    pairs: list[Pair] = []
    for part in parts:
        name, _, value = part.partition(b"=")
        if name:
            pairs.append((_decoded(name, where), _decoded(value, where)))
    return pairs


def _decoded(encoded: bytes, where: str) -> str:
    if b"+" in encoded:
        encoded = encoded.replace(b"+", b" ")
    if b"%" in encoded:
        encoded = unquote_to_bytes(encoded)
    return utf8(encoded, where)


def _json(body: bytes) -> Tree:
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise BadRequest(f"The JSON is nested deeper than {JSON_DEPTH_MAX}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"The body is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadRequest("The body must be a JSON object")
    _check(value)
    return value


def _check(value: Any) -> None:
    level, values = [value], 0
    for _ in range(JSON_DEPTH_MAX):
        deeper: list[Any] = []
        for item in level:
            if type(item) is str:
                _check_text(item)
            elif type(item) is dict:
                values += len(item)
                deeper += item.keys()
                deeper += item.values()
            elif type(item) is list:
                values += len(item)
                deeper += item
        if values > FIELDS_MAX:
            raise BadRequest(f"The JSON has more than {FIELDS_MAX} values")
        if not deeper:
            return
        level = deeper
    raise BadRequest(f"The JSON is nested deeper than {JSON_DEPTH_MAX}")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise BadRequest("The body contains a NUL character")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise BadRequest("The body contains half of a surrogate pair") from None
