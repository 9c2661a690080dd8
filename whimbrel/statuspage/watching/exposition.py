"""Reading Prometheus' text format from somebody who may be broken or hostile: bounded, strict, pure.

Promises: families that nobody asked for cost a glance and are not judged; in those that are asked for, every line is
right or the whole text is refused, with the number of the line. Not-a-number, infinite and negative values are left
out: no count is one. Source: prometheus.io, "Exposition formats", text format 0.0.4.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import (
    SCRAPE_LABELS_MAX,
    SCRAPE_LINE_CHARACTERS_MAX,
    SCRAPE_SAMPLES_MAX,
    SCRAPE_VALUE_MAX,
)

_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL: Final = re.compile(r'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,|(?=\}))')
_VALUE: Final = re.compile(
    r"[ \t]+([+-]?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?|Inf|NaN))(?:[ \t]+-?[0-9]{1,15})?[ \t]*"
)
_ESCAPED: Final = re.compile(r"\\(.)")
_ESCAPES: Final = {"n": "\n", '"': '"', "\\": "\\"}
_SUFFIXES: Final = ("_bucket", "_sum", "_count")

Labels = tuple[tuple[str, str], ...]
"""Names and values, sorted by name."""


class MalformedMetrics(WhimbrelError):
    """The text is not Prometheus' format, or larger than anything honest; the words name the line."""

    code = "malformed_metrics"
    status = 502


class Sample(NamedTuple):
    """One value from 0 to SCRAPE_VALUE_MAX: beyond that a number of this format does not count by ones any more."""

    name: str
    labels: Labels
    value: float

    def label(self, name: str) -> str:
        """The value of a label; empty when there is none."""
        return next((value for found, value in self.labels if found == name), "")


def parse(text: str, wanted: Mapping[str, str]) -> Iterator[Sample]:
    """The samples of the wanted families (name to kind: counter, gauge, histogram). Raises MalformedMetrics.

    A family that says it is of another kind than wanted is refused: its numbers mean something else.
    """
    seen: set[tuple[str, Labels]] = set()
    for number, line in _lines(text):
        if line.startswith("#"):
            _check_kind(number, line, wanted)
            continue
        found = _NAME.match(line)
        if found is None:
            raise MalformedMetrics(f"line {number} of the metrics is not a sample")
        name = found[0]
        if _family(name, wanted) is None:
            continue
        labels, value = _rest(number, line, found.end())
        if (name, labels) in seen:
            raise MalformedMetrics(f"line {number} of the metrics tells a value a second time")
        if len(seen) >= SCRAPE_SAMPLES_MAX:
            raise MalformedMetrics(f"there are more than {SCRAPE_SAMPLES_MAX} metrics")
        seen.add((name, labels))
        if 0.0 <= value <= SCRAPE_VALUE_MAX:  # also not what is no number
            yield Sample(name, labels, value)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Every line that is not empty, with its number, one at a time: a text of megabytes is not copied whole."""
    start, number = 0, 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        number += 1
        if end - start > SCRAPE_LINE_CHARACTERS_MAX:
            raise MalformedMetrics(f"line {number} of the metrics is too long")
        line = text[start:end].strip(" \t\r")
        if line:
            yield number, line
        start = end + 1


def _check_kind(number: int, line: str, wanted: Mapping[str, str]) -> None:
    words = line.split(None, 3)
    if len(words) == 4 and words[1] == "TYPE" and words[2] in wanted and words[3] != wanted[words[2]]:
        raise MalformedMetrics(f"line {number} of the metrics: {words[2]} is no {wanted[words[2]]}")


def _family(name: str, wanted: Mapping[str, str]) -> str | None:
    if wanted.get(name) not in (None, "histogram"):
        return name
    for suffix in _SUFFIXES:
        family = name.removesuffix(suffix)
        if family != name and wanted.get(family) == "histogram":
            return family
    return None


def _rest(number: int, line: str, at: int) -> tuple[Labels, float]:
    labels: dict[str, str] = {}
    if line.startswith("{", at):
        at += 1
        while not line.startswith("}", at):
            found = _LABEL.match(line, at)
            if found is None or found[1] in labels or len(labels) >= SCRAPE_LABELS_MAX:
                raise MalformedMetrics(f"line {number} of the metrics has malformed labels")
            labels[found[1]] = _ESCAPED.sub(lambda escaped: _ESCAPES.get(escaped[1], escaped[0]), found[2])
            at = found.end()
        at += 1
    value = _VALUE.fullmatch(line, at)
    if value is None:
        raise MalformedMetrics(f"line {number} of the metrics has no value")
    return tuple(sorted(labels.items())), float(value[1])
