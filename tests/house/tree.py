"""The tree as the house tests see it: every module of the package, parsed once."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "whimbrel"
BESIDE = ("bench", "drill")
NOT_OURS = {".git", ".venv", "node_modules", "data", "build", "dist", "__pycache__", ".hypothesis", ".pytest_cache"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """One file of Python: its dotted name, its path from the root, its text and its tree."""

    name: str
    path: str
    text: str
    tree: ast.Module


@cache
def modules(folder: str = "whimbrel") -> tuple[Module, ...]:
    """Every module below a folder of the repository, in order."""
    return tuple(_module(path) for path in sorted((ROOT / folder).rglob("*.py")))


def _module(path: Path) -> Module:
    relative = path.relative_to(ROOT)
    name = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
    text = path.read_text("utf-8")
    return Module(name, str(relative), text, ast.parse(text))


def functions(module: Module) -> Iterator[Function]:
    """Every function of a module, methods and nested ones too."""
    return (node for node in ast.walk(module.tree) if isinstance(node, Function))


def place(module: Module, node: ast.AST) -> str:
    """Where something stands, as an editor opens it."""
    name = getattr(node, "name", "")
    return f"{module.path}:{getattr(node, 'lineno', 0)} {name}".rstrip()


def our_files() -> Iterator[Path]:
    """Every file of the repository that people wrote, hidden tool folders left out."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part in NOT_OURS or part.endswith((".egg-info", "_cache")) for part in parts)
        if path.is_file() and not hidden and path.suffix != ".pyc":
            yield path


def shown(faults: list[str], rule: str) -> str:
    """A failure's message: the rule, then every place that breaks it."""
    return "\n".join(["", rule, *(f"  {fault}" for fault in faults)])
