"""Multipart bodies, read whole: they are at most BODY_BYTES_MAX, so nothing is spilled to disk."""

from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from whimbrel.api.parameters import Upload
from whimbrel.kernel.errors import BadRequest
from whimbrel.kernel.limits import FIELDS_MAX

Pair = tuple[str, str | Upload]
"""A field's name and value, before any tree is made of names with brackets."""


class _Part:
    """One part of a multipart body while it is being read."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.name, self.value = bytearray(), bytearray()
        self.content = bytearray()


class _Parts:
    """What the multipart parser calls; gathers the parts."""

    def __init__(self) -> None:
        self.done: list[_Part] = []
        self.finished = False
        self._part = _Part()

    def callbacks(self) -> dict[str, Any]:
        return {f"on_{name}": getattr(self, name) for name in dir(self) if name.startswith(("part_", "header_", "end"))}

    def part_begin(self) -> None:
        if len(self.done) >= FIELDS_MAX:
            raise BadRequest(f"The body has more than {FIELDS_MAX} parts")
        self._part = _Part()

    def part_data(self, data: bytes, start: int, end: int) -> None:
        self._part.content += data[start:end]

    def part_end(self) -> None:
        self.done.append(self._part)

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def header_end(self) -> None:
        self._part.headers[bytes(self._part.name).lower()] = bytes(self._part.value)
        self._part.name, self._part.value = bytearray(), bytearray()

    def end(self) -> None:
        self.finished = True


def parts_of(body: bytes, boundary: bytes) -> list[Pair]:
    """The fields and files of a multipart body, in order. Raises BadRequest when it cannot be read."""
    if not boundary:
        raise BadRequest("The multipart body has no boundary in its Content-Type")
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise BadRequest(f"The multipart body cannot be read: {error}") from None
    if not parts.finished:
        raise BadRequest("The multipart body ended before its last boundary")
    return [_pair(part) for part in parts.done]


def utf8(encoded: bytes, where: str) -> str:
    """The text that was sent; BadRequest when it is not UTF-8 or holds a NUL. `where` is for people."""
    try:
        text = encoded.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest(f"The {where} is not valid UTF-8") from None
    if "\0" in text:
        raise BadRequest(f"The {where} contains a NUL character")
    return text


def _pair(part: _Part) -> Pair:
    _, options = parse_options_header(part.headers.get(b"content-disposition"))
    name = utf8(options.get(b"name", b""), "body")
    if b"filename" not in options:
        return name, utf8(bytes(part.content), "body")
    content_type = part.headers.get(b"content-type", b"application/octet-stream")
    filename = utf8(options[b"filename"], "body")
    if not filename and not part.content:
        return name, ""  # a browser's empty file field
    return name, Upload(filename, content_type.decode("latin-1"), bytes(part.content))
