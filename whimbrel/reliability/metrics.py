"""What a process counts, and the Prometheus text format it tells it in.

Plain integers in plain objects: counting costs a fraction of a microsecond and the text is made when somebody asks.
The client library of Prometheus was measured and left out of the processes: it costs each of them 9 MB, and merging
the texts of several processes is ours to do either way. The tests read our text with that library's own parser.
Standard library only, because the supervisor merges.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

LATENCY_SECONDS: Final = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 2.5, 5.0)
BATCH_GROUPS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)

Labels = Mapping[str, str]

ROUTE: Final = "whimbrel.route"
"""Under this name the ASGI scope tells which route answered: its address in the table, or `page`."""

STATUS: Final = "whimbrel.status"
"""Under this name it tells the answer's HTTP status."""

SECONDS: Final = "whimbrel.seconds"
"""Under this name it tells how long the answer took, where that is not the whole time: a stream's until it began."""

HOME: Final = "whimbrel.home"
"""Under this name it tells how a home answer was, `fresh` or `empty`, where that says something about the service."""

HOME_OLD_SECONDS: Final = 60.0
"""Home answers from views that are older than this are counted as `old`, whatever they hold."""


class Sample(NamedTuple):
    """One value. `suffix` is what a histogram's parts add to the family's name."""

    value: float
    labels: Labels
    suffix: str = ""


class Family(NamedTuple):
    """One metric: its name, its kind (counter, gauge, histogram), a sentence, and its values."""

    name: str
    kind: str
    meaning: str
    samples: Sequence[Sample]


class Histogram:
    """Counts observations by upper bound."""

    def __init__(self, bounds: Sequence[float] = LATENCY_SECONDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one observation."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def samples(self, labels: Labels) -> list[Sample]:
        """The cumulative buckets, the sum and the count."""
        samples: list[Sample] = []
        total = 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            samples.append(Sample(total, {**labels, "le": bound}, "_bucket"))
        return [*samples, Sample(self._sum, labels, "_sum"), Sample(total, labels, "_count")]


METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
"""What is counted by its name: others are made up, and each would be a series of its own for ever."""


class RequestMetrics:
    """Requests by method, route (the pattern, never the path) and status code, with their latency."""

    def __init__(self) -> None:
        self._by_route: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, method: str, route: str, code: int, seconds: float) -> None:
        """Count one answered request."""
        key = (route, method if method in METHODS else "other", code)
        histogram = self._by_route.get(key)
        if histogram is None:
            histogram = self._by_route[key] = Histogram()
        histogram.observe(seconds)

    def families(self) -> list[Family]:
        """The latency of requests, whose count is the number of requests."""
        samples = [
            sample
            for (route, method, code), histogram in sorted(self._by_route.items())
            for sample in histogram.samples({"method": method, "route": route, "code": str(code)})
        ]
        meaning = "Requests answered, by method, route and code."
        return [Family("whimbrel_request_seconds", "histogram", meaning, samples)]


class HomeAnswers:
    """Answers with the newest page of a home, of people who follow somebody: what is empty or old is suspicious."""

    def __init__(self) -> None:
        self._by_kind = {"fresh": 0, "empty": 0, "old": 0}

    def observe(self, kind: str, age_seconds: float) -> None:
        """Count one; `kind` is what HOME tells, `age_seconds` how far the views are behind."""
        self._by_kind["old" if age_seconds >= HOME_OLD_SECONDS else kind] += 1

    def families(self) -> list[Family]:
        """The counts by kind."""
        samples = [Sample(count, {"kind": kind}) for kind, count in self._by_kind.items()]
        return [Family("whimbrel_home_answers_total", "counter", "Newest pages of homes, by how they were.", samples)]


def gauge(name: str, meaning: str, value: float, labels: Labels | None = None) -> Family:
    """A family of one value that goes up and down."""
    return Family(name, "gauge", meaning, [Sample(value, labels or {})])


def counter(name: str, meaning: str, value: float, labels: Labels | None = None) -> Family:
    """A family of one value that only grows."""
    return Family(name, "counter", meaning, [Sample(value, labels or {})])


def exposition(families: Iterable[Family]) -> str:
    """The families in Prometheus' text format."""
    lines: list[str] = []
    for name, kind, meaning, samples in families:
        lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{suffix}{_braced(labels)} {_number(value)}" for value, labels, suffix in samples]
    return "\n".join(lines) + "\n"


def merge(texts: Mapping[str, str]) -> str:
    """The texts of several processes as one: every value gets a label `process`, every family stands together."""
    heads: dict[str, list[str]] = {}
    bodies: dict[str, list[str]] = {}
    for process, text in texts.items():
        name = ""
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name = line.split(" ", 3)[2]
                heads.setdefault(name, [line])
            elif line.startswith("# TYPE "):
                heads[name][1:] = [line]
            elif line:
                bodies.setdefault(name, []).append(_labelled(line, process))
    return "".join("\n".join([*head, *bodies.get(name, [])]) + "\n" for name, head in heads.items())


def _labelled(line: str, process: str) -> str:
    name, brace, rest = line.partition("{")
    if brace:
        return f'{name}{{process="{process}",{rest}'
    name, _, value = line.partition(" ")
    return f'{name}{{process="{process}"}} {value}'


def _braced(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join([f'{name}="{_escaped(value)}"' for name, value in labels.items()]) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
