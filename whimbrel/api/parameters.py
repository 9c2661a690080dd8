"""What a client sent, whatever the way (query, form, multipart, JSON), as one tree with typed getters.

Rules, where Mastodon's framework guesses: a value of the wrong type is 422 and the text names it; a name given twice
without `[]` is 400; an empty text counts as absent for numbers, ids and booleans; JSON null counts as absent.
Booleans read true, t, 1, on, yes and their opposites; ids are 1 to 19 ASCII digits.
"""

import re
from typing import Any, Final

import msgspec

from whimbrel.kernel.errors import BadRequest, Invalid
from whimbrel.kernel.ids import ID_MAX, parse_id

_TRUE: Final = frozenset(("true", "t", "1", "on", "yes"))
_FALSE: Final = frozenset(("false", "f", "0", "off", "no"))
_SHOWN_CHARACTERS_MAX: Final = 40
_INTEGER_DIGITS_MAX: Final = 18
_INTEGER: Final = re.compile(f"-?[0-9]{{1,{_INTEGER_DIGITS_MAX}}}")


GIVEN_TWICE: Final = object()
"""Stands for the value of a name that came twice: which of the two was meant is not ours to guess."""


class Upload(msgspec.Struct, frozen=True):
    """A file that came in a multipart body."""

    filename: str
    content_type: str
    content: bytes


class Parameters:
    """The tree of what was sent. Values are text, numbers, booleans, uploads, lists, or trees again."""

    __slots__ = ("values",)

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str) -> str | None:
        """A text, or None when absent. Numbers of a JSON body count as text."""
        value = self.values.get(name)
        if value is None or type(value) is str:
            return value
        if type(value) is int:
            return _shown(value)
        raise _wrong(name, value, "a text")

    def boolean(self, name: str) -> bool | None:
        """True, False, or None when absent or empty."""
        value = self.values.get(name)
        if value is None or type(value) is bool:
            return value
        word = str(value).lower() if type(value) in (str, int) else None
        if word == "":
            return None
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        raise _wrong(name, value, "true or false")

    def integer(self, name: str) -> int | None:
        """A whole number of at most 18 digits, or None when absent or empty."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if type(value) is int and abs(value) < 10**_INTEGER_DIGITS_MAX:
            return value
        if type(value) is str and _INTEGER.fullmatch(value):
            return int(value)
        raise _wrong(name, value, "a whole number")

    def id(self, name: str) -> int | None:
        """The id of something, or None when absent or empty."""
        value = self.values.get(name)
        return None if value is None or value == "" else _id(name, value)

    def ids(self, name: str) -> list[int]:
        """A list of ids, without doubles, in the order they came; one id alone counts as a list of one."""
        return list(dict.fromkeys(_id(name, value) for value in self._list(name)))

    def texts(self, name: str) -> list[str]:
        """A list of texts; one alone counts as a list of one."""
        values = self._list(name)
        for value in values:
            if type(value) is not str:
                raise _wrong(name, value, "a list of texts")
        return values

    def nested(self, name: str) -> "Parameters":
        """The tree under a name (`source[privacy]`); an empty one when absent."""
        value = self.values.get(name)
        if value is None:
            return Parameters({})
        if isinstance(value, dict):
            return Parameters(value)
        raise _wrong(name, value, "an object")

    def each(self, name: str) -> "list[Parameters] | None":
        """The trees of a list (`fields_attributes[0][name]`, or a JSON list), in order; None when absent."""
        value = self.values.get(name)
        if value is None:
            return None
        trees = [value[key] for key in sorted(value, key=_position)] if isinstance(value, dict) else value
        if not isinstance(trees, list) or not all(isinstance(tree, dict) for tree in trees):
            raise _wrong(name, value, "a list of objects")
        return [Parameters(tree) for tree in trees]

    def _list(self, name: str) -> list[Any]:
        value = self.values.get(name)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        if isinstance(value, dict):
            return [value[key] for key in sorted(value, key=_position)]
        return [value]


def _position(key: str) -> tuple[int, str]:
    return (int(key), key) if key.isascii() and key.isdigit() and len(key) < 10 else (1 << 40, key)


def _id(name: str, value: Any) -> int:
    if type(value) is int and 0 < value <= ID_MAX:
        return value
    found = parse_id(value) if type(value) is str else None
    if found is None:
        raise _wrong(name, value, "an id")
    return found


def _wrong(name: str, value: Any, expected: str) -> Invalid | BadRequest:
    if value is GIVEN_TWICE:
        return BadRequest(f"The parameter {_clipped(name)!r} was given twice")
    return Invalid(f"{_clipped(name)} must be {expected}, not {_shown(value)}")


def _shown(value: Any) -> str:
    if isinstance(value, Upload):
        return "a file"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if type(value) is int and abs(value) >= 10**_SHOWN_CHARACTERS_MAX:
        return "a very large number"  # int to str is quadratic, and Python refuses it above 4,300 digits
    return str(value) if type(value) is int else f'"{_clipped(str(value))}"'


def _clipped(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else text[:_SHOWN_CHARACTERS_MAX] + "..."
