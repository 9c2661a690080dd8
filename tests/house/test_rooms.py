"""Rooms: imports go downstairs, nothing is hidden, the map is true, nothing stands empty."""

import ast
import re
import tomllib

from tests.house.tree import BESIDE, NOT_OURS, PACKAGE, ROOT, functions, modules, place, shown

ENTRIES = {"whimbrel", "whimbrel.__main__", "whimbrel.cli"}
MAP_LINE = re.compile(r"^\s*[-|*]\s*`([^`]+)`", re.MULTILINE)


def test_no_import_hides_inside_a_function():
    faults = [
        place(module, inner)
        for module in modules()
        for node in functions(module)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert not faults, shown(sorted(set(faults)), "Imports stand at the top: hidden ones hide cycles.")


def test_no_import_hides_behind_type_checking():
    faults = [module.path for module in modules() if re.search(r"^\s*if (typing\.)?TYPE_CHECKING", module.text, re.M)]
    assert not faults, shown(faults, "An import for types alone is a cycle that is hidden: give the type a lower home.")


def test_every_room_at_the_top_has_its_layer():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["id"] == "layers")["layers"]
    named = set(re.findall(r"whimbrel\.\w+", " ".join(layers)))
    found = {f"whimbrel.{path.stem}" for path in PACKAGE.iterdir() if path.suffix == ".py" and path.stem != "__init__"}
    found |= {f"whimbrel.{path.name}" for path in PACKAGE.iterdir() if path.is_dir() and list(path.rglob("*.py"))}
    faults = sorted(found - named)
    assert not faults, shown(faults, "Each top-level module and folder stands in the layers of pyproject.toml.")


def test_the_map_and_the_tree_agree():
    listed = set(MAP_LINE.findall((ROOT / "docs" / "map.md").read_text("utf-8")))
    actual = folders_and_top_modules()
    missing = [f"not on the map: {name}" for name in sorted(actual - listed)]
    gone = [f"on the map, not in the tree: {name}" for name in sorted(listed - actual)]
    assert not missing + gone, shown(missing + gone, "docs/map.md has one line for each folder and top-level module.")


def folders_and_top_modules():
    """What the map must show: top-level folders, folders of the package, and the package's own modules."""
    top = {f"{path.name}/" for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    top = {name for name in top if name.rstrip("/") not in NOT_OURS and not name.endswith(".egg-info/")}
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    inside = {f"{parent.relative_to(ROOT)}/" for path in files for parent in path.parents if PACKAGE in parent.parents}
    own = {f"whimbrel/{path.name}" for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    return top | inside | own


def test_no_module_is_dead():
    named = {name for folder in ("whimbrel", *BESIDE) for module in modules(folder) for name in names_used(module)}
    packages = {module.name for module in modules() if module.path.endswith("__init__.py")}
    faults = sorted(module.path for module in modules() if module.name not in named | ENTRIES | packages)
    assert not faults, shown(faults, "Each module is imported by another one, or started by its name.")


def names_used(module):
    """Every module that this one may mean: imported, or named in a text (`python -m`, a lazy command)."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (name for name in re.findall(r"whimbrel(?:\.\w+)+", node.value) if name != module.name)
            yield from (f"whimbrel.cli.{name}" for name in re.findall(r"^(\w+):\w+$", node.value))


def test_every_limit_has_somebody_who_keeps_it():
    limits = next(module for module in modules() if module.name == "whimbrel.kernel.limits")
    names = [node.target.id for node in limits.tree.body if isinstance(node, ast.AnnAssign)]
    others = "\n".join(
        module.text for folder in ("whimbrel", *BESIDE) for module in modules(folder) if module is not limits
    )
    faults = [name for name in names if not re.search(rf"\b{name}\b", others)]
    assert not faults, shown(faults, "A limit that nothing uses limits nothing: use it or take it out.")
