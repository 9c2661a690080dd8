"""Tests: each is collected, each is a sentence, none waits for luck or talks to a double of our own code."""

import ast
import re
import tomllib

from tests.house.tree import ROOT, functions, modules, place, shown

WORDS_MIN = 3
SUPPORT = ("tests/support/",)


def is_test_file(module):
    return module.path.rsplit("/", 1)[-1].startswith("test_")


def test_every_file_with_tests_is_collected():
    faults = [
        place(module, node)
        for module in modules("tests")
        if not is_test_file(module)
        for node in functions(module)
        if node.name.startswith("test_")
    ]
    assert not faults, shown(faults, "A test in a file whose name does not begin with test_ never runs.")


def test_every_other_file_below_tests_is_used_by_one():
    used = {name for module in modules("tests") for name in imported(module)}
    faults = [
        module.path
        for module in modules("tests")
        if not is_test_file(module)
        and not module.path.endswith(("conftest.py", "__init__.py"))
        and module.name not in used
    ]
    assert not faults, shown(faults, "Below tests/ stand tests and what they import.")


def imported(module):
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_every_suite_has_its_budget():
    budgets = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["whimbrel"]["check"]
    suites = {module.path.split("/")[1] for module in modules("tests") if is_test_file(module)}
    assert not [module.path for module in modules("tests") if is_test_file(module) and module.path.count("/") == 1]
    faults = sorted(suites - set(budgets["budget_seconds"]))
    assert not faults, shown(faults, "Each folder of tests/ has a budget in pyproject.toml, tool.whimbrel.check.")
    texts = {"format", "lint", "types", "contracts"}
    stale = sorted(set(budgets["budget_seconds"]) - suites - texts)
    assert not stale, shown(stale, "A budget stands in pyproject.toml for a suite that is not there.")


def test_every_test_is_named_by_a_sentence():
    faults = [
        place(module, node)
        for module in modules("tests")
        for node in functions(module)
        if node.name.startswith("test_") and len(node.name.split("_")) - 1 < WORDS_MIN
    ]
    assert not faults, shown(faults, "A test's name says what happens, in at least three words.")


def test_no_test_sleeps_for_luck():
    faults = [
        f"{module.path}:{number}"
        for module in modules("tests")
        if not module.path.startswith(SUPPORT)
        for number, line in enumerate(module.text.splitlines(), 1)
        if re.search(r"\bsleep\((?!0\))", line) and module.name != __name__
    ]
    assert not faults, shown(faults, "A test waits for what it expects (tests/support), never for a time.")


def test_no_test_doubles_our_own_code():
    faults = [
        f"{module.path}: {name}"
        for module in modules("tests")
        for name in imported(module)
        if name.startswith("unittest.mock")
    ]
    assert not faults, shown(faults, "The embedded engine is the test double.")
