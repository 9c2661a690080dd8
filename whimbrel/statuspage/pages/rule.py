"""The published rule: made from the clauses and thresholds that decide, so that it cannot say something else. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from whimbrel.statuspage.pages.language import Words
from whimbrel.statuspage.values import State
from whimbrel.statuspage.verdict import CLAUSES, DEFAULT, Thresholds


class Line(NamedTuple):
    """One clause in words, and the state that it gives."""

    code: str
    state: State
    word: str
    text: str


class Number(NamedTuple):
    """One threshold: its name in the program, its value as people write it, what it is for."""

    name: str
    value: str
    text: str


class Rule(NamedTuple):
    """The whole rule. `also`: what holds besides the clauses."""

    lines: Sequence[Line]
    also: Sequence[str]
    numbers: Sequence[Number]


def rule(words: Words, thresholds: Thresholds = DEFAULT) -> Rule:
    """The rule in the reader's language, with the thresholds that are in force."""
    figures = {name: _figure(words, name, value) for name, value in msgspec.structs.asdict(thresholds).items()}
    lines = [
        Line(code, state, words(f"state.{state}"), words(f"clause.{code}", **figures)) for code, state, _ in CLAUSES
    ]
    also = [words(f"rule.{key}", **figures) for key in ("worst", "silent", "planned", "falls", "people")]
    return Rule(lines, also, [Number(name, value, words(f"threshold.{name}")) for name, value in figures.items()])


def _figure(words: Words, name: str, value: float) -> str:
    if name.endswith("_seconds"):
        return words.duration(1_000 * value)
    if name.endswith("_share"):
        return words.share(value, 1)
    if name.endswith("_tail"):
        return words.power(value)
    return words.number(value, 2)
