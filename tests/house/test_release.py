"""The release: what a person downloads says which it is, pins what it needs, and needs nothing beyond that."""

import ast
import re
import sys
import tomllib
from importlib.metadata import metadata

from packaging.requirements import Requirement

import whimbrel
from tests.house.tree import ROOT, modules, shown

IMPORTED_AS = {
    "argon2-cffi": "argon2",
    "markdown-it-py": "markdown_it",
    "pillow": "PIL",
    "python-multipart": "python_multipart",
    "prometheus-client": "prometheus_client",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)


def pins(lock):
    return set(PIN.findall((ROOT / lock).read_text("utf-8")))


def test_the_changelog_begins_with_the_version_of_the_package():
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert first is not None
    assert first.group(1) == whimbrel.__version__


def test_every_declared_package_is_imported_and_every_imported_one_declared():
    declared = {Requirement(line).name.lower() for line in PROJECT["project"]["dependencies"]}
    declared = {IMPORTED_AS.get(name, name) for name in declared}
    imported = {name for module in modules() for name in outside(module)}
    faults = [f"imported, not declared: {name}" for name in sorted(imported - declared)]
    faults += [f"declared, not imported: {name}" for name in sorted(declared - imported)]
    assert not faults, shown(faults, "pyproject.toml declares exactly what the package imports.")


def outside(module):
    for node in ast.walk(module.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
        for name in names:
            top = name.split(".")[0]
            if top not in sys.stdlib_module_names and top != "whimbrel":
                yield top


def test_the_lock_pins_every_declared_package():
    pinned = {name.lower() for name, _ in pins("requirements.lock")}
    declared = {Requirement(line).name.lower() for line in PROJECT["project"]["dependencies"]}
    assert not declared - pinned, shown(sorted(declared - pinned), "bin/lock pins what pyproject.toml declares.")


def test_the_tools_run_with_the_packages_that_the_server_runs_with():
    assert not pins("requirements.lock") - pins("requirements-dev.lock")


def test_every_pin_has_hashes_and_the_locks_name_no_address():
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text("utf-8")
        entries = re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]
        assert len(entries) > 20
        assert not [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]
        assert "://" not in text
        assert not [line for line in text.splitlines() if line.startswith("-")]


def test_ci_calls_the_check_and_nothing_else():
    lines = [line for line in (ROOT / ".ci" / "run").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert lines == ['exec "$(dirname -- "$0")/../bin/check" "$@"']


def test_every_command_of_bin_can_be_run():
    for name in ("serve", "check", "whimbrel", "bench", "drill", "lock"):
        assert (ROOT / "bin" / name).stat().st_mode & 0o111, f"bin/{name} is not executable"


def test_the_licence_of_every_pinned_package_is_listed_once_and_of_no_other():
    rows = re.findall(r"^\| ([a-z][^|]*) \|", (ROOT / "docs" / "licences.md").read_text("utf-8"), re.MULTILINE)
    listed = sorted(name for row in rows if row != "package" for name in row.split(", "))
    pinned = sorted({name for name, _ in pins("requirements.lock")})
    assert listed == pinned, "docs/licences.md lists what the server runs with."


def test_nothing_that_the_server_runs_with_is_under_the_gpl():
    faults = [name for name, _ in sorted(pins("requirements.lock")) if "GPL" in licence_of(name)]
    assert not faults, shown(faults, "What is shipped under the Apache License needs nothing of the GPL family.")


def licence_of(name):
    """What a package says of its licence, in whichever field."""
    said = metadata(name)
    trove = [one for one in said.get_all("Classifier", []) if one.startswith("License")]
    return " ".join([said.get("License-Expression", ""), said.get("License", "").partition("\n")[0], *trove])
