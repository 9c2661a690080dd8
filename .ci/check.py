"""What bin/check runs: four looks at the text of the code, then every folder of tests/ as a suite of its own.

Two steps run side by side, because two cores are what the promise of ten minutes is made for; the suites named in
`alone` measure or break whole servers and run by themselves at the end. Each step has a budget in seconds
(pyproject.toml, tool.whimbrel.check): over it the table says so, and at DEADLINE_BUDGETS times it the step is ended
and counts as failed, so that a hanging test cannot hang the check. The last line has pytest's own form and counts
the tests of all suites.
"""

import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SIDE_BY_SIDE = 2
DEADLINE_BUDGETS = 4
BUDGET_SECONDS_ALL = 600
BUDGET_SECONDS_UNNAMED = 60
SUMMARY = re.compile(r"^=+ (?:.*\d+ \w+.*|no tests ran) in [\d.]+s.*=+$")
COUNT = re.compile(r"(\d+) (passed|failed|error|skipped|xfailed|xpassed|warning|deselected)")

PYTHON = sys.executable
PYTEST = (PYTHON, "-m", "pytest", "--no-header", "--tb=short", "-ra", "-p", "no:cacheprovider")
TEXTS = {
    "format": (PYTHON, "-m", "ruff", "format", "--check"),
    "lint": (PYTHON, "-m", "ruff", "check"),
    "types": (PYTHON, "-m", "mypy", "--strict"),
    "contracts": (PYTHON, "-c", "import importlinter.cli as c; c.lint_imports_command()", "--no-cache"),
}


class Step(NamedTuple):
    """One thing to run, and how long it may take."""

    name: str
    command: tuple[str, ...]
    budget_seconds: int
    alone: bool


class Result(NamedTuple):
    """How one step went. `counts` are pytest's own, by their words."""

    step: Step
    code: int
    seconds: float
    output: str
    counts: Counter[str]


def main(arguments: Sequence[str]) -> int:
    """Run the steps named, or all; print what failed, the table, and one closing line. Returns the exit code."""
    steps = planned()
    if arguments == ["--list"]:
        print("\n".join(step.name for step in steps))
        return 0
    unknown = set(arguments) - {step.name for step in steps}
    if unknown:
        print(f"check: no step named {', '.join(sorted(unknown))}; bin/check --list names them", file=sys.stderr)
        return 2
    chosen = [step for step in steps if not arguments or step.name in arguments]
    began = time.monotonic()
    results = run_all(chosen)
    seconds = time.monotonic() - began
    print_table(results, seconds)
    print_closing_line(results, seconds)
    return int(any(result.code for result in results))


def planned() -> list[Step]:
    """Every step, from the tree and pyproject.toml. A suite without a budget runs too, and tests/house complains."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["whimbrel"]["check"]
    budgets = settings["budget_seconds"]
    suites = sorted({path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/test_*.py")})
    commands = TEXTS | {suite: (*before(suite), *PYTEST, f"tests/{suite}") for suite in suites}
    return [
        Step(name, command, budgets.get(name, BUDGET_SECONDS_UNNAMED), name in settings["alone"])
        for name, command in commands.items()
    ]


def before(suite: str) -> tuple[str, ...]:
    """What a suite's command begins with: the installing of its packages for Node, when it has any."""
    folders = sorted(path.parent for path in (ROOT / "tests" / suite).glob("*/package-lock.json"))
    return (str(ROOT / ".ci" / "with-npm"), str(folders[0].relative_to(ROOT))) if folders else ()


def run_all(steps: Sequence[Step]) -> list[Result]:
    """The side-by-side ones first, longest budget first so that none is left over; then the others."""
    together = sorted((step for step in steps if not step.alone), key=lambda step: -step.budget_seconds)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        results = list(pool.map(run, together))
    return results + [run(step) for step in steps if step.alone]


def run(step: Step) -> Result:
    """Run one step to its end or its deadline, and print what it said."""
    began = time.monotonic()
    with subprocess.Popen(
        step.command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    ) as process:
        try:
            output, _ = process.communicate(timeout=step.budget_seconds * DEADLINE_BUDGETS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            output += f"\ncheck: ended after {DEADLINE_BUDGETS} times its budget of {step.budget_seconds} s\n"
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    result = Result(step, process.returncode, time.monotonic() - began, output, counts_of(output))
    report(result)
    return result


def counts_of(output: str) -> Counter[str]:
    """What pytest's closing line counted; nothing for a step that is no suite."""
    closing = [line for line in output.splitlines() if SUMMARY.match(line)]
    return Counter({word: int(number) for number, word in COUNT.findall(closing[-1])} if closing else {})


def report(result: Result) -> None:
    """Everything a failed step said; of a passed one the summary (skips and their reasons, the closing line)."""
    lines = result.output.rstrip().splitlines()
    if result.code == 0:
        start = next((at for at, line in enumerate(lines) if "short test summary" in line), len(lines) - 1)
        lines = lines[start:]
    verdict = "ok" if result.code == 0 else f"FAILED (exit code {result.code})"
    print("\n".join([f"--- {result.step.name}: {verdict}, {result.seconds:.1f} s", *lines]), flush=True)


def print_table(results: Sequence[Result], seconds: float) -> None:
    """Step, seconds, budget."""
    print(f"\n{'step':<16}{'tests':>7}{'seconds':>9}{'budget':>8}")
    for result in results:
        over = "  OVER" if result.seconds > result.step.budget_seconds else ""
        failed = "  FAILED" if result.code else ""
        tests = str(sum(result.counts.values()) or "")
        print(f"{result.step.name:<16}{tests:>7}{result.seconds:>9.1f}{result.step.budget_seconds:>8}{over}{failed}")
    over = "  OVER" if seconds > BUDGET_SECONDS_ALL else ""
    print(f"{'all':<16}{'':>7}{seconds:>9.1f}{BUDGET_SECONDS_ALL:>8}{over}\n")


def print_closing_line(results: Sequence[Result], seconds: float) -> None:
    """One line in pytest's form for all suites; a step that failed without counting a test counts as one error."""
    counts = sum((result.counts for result in results), Counter[str]())
    counts["error"] += sum(
        1 for result in results if result.code and not (result.counts["failed"] + result.counts["error"])
    )
    words = ("failed", "passed", "skipped", "deselected", "xfailed", "xpassed", "warning", "error")
    said = ", ".join(f"{counts[word]} {plural(word, counts[word])}" for word in words if counts[word])
    print(f" {said or 'no tests ran'} in {seconds:.2f}s ".center(80, "="))


def plural(word: str, count: int) -> str:
    """Pytest's own plurals: errors and warnings have one, the rest does not."""
    return word + "s" if word in ("error", "warning") and count != 1 else word


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
