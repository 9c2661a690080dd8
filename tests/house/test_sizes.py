"""Sizes: a module that fits the head, a function that fits the screen, calls that say what they mean."""

import ast

from tests.house.tree import functions, modules, place, shown

MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
POSITIONAL_MAX = 5
LONG_BY_NATURE: dict[str, str] = {}
"""Modules that are tables of data and may be longer: path, and what they hold."""


def every_module():
    """The package and what stands beside it."""
    return [module for folder in ("whimbrel", "bench", "drill", "tests") for module in modules(folder)]


def test_no_module_is_longer_than_500_lines():
    faults = [
        f"{module.path}: {lines} lines"
        for module in every_module()
        if (lines := module.text.count("\n")) > MODULE_LINES_MAX and module.path not in LONG_BY_NATURE
    ]
    assert not faults, shown(faults, f"A module has at most {MODULE_LINES_MAX} lines; tables are named in this test.")


def test_the_modules_named_as_long_are_there_and_long():
    long = {module.path for module in every_module() if module.text.count("\n") > MODULE_LINES_MAX}
    faults = sorted(set(LONG_BY_NATURE) - long)
    assert not faults, shown(faults, "LONG_BY_NATURE names modules that need no exception any more.")


def test_no_function_is_longer_than_70_lines():
    faults = [
        f"{place(module, node)}: {lines} lines"
        for module in every_module()
        for node in functions(module)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not faults, shown(faults, f"A function has at most {FUNCTION_LINES_MAX} lines.")


def test_no_function_takes_more_than_five_positional_arguments():
    faults = []
    for module in modules():
        for node in functions(module):
            names = [one.arg for one in (*node.args.posonlyargs, *node.args.args) if one.arg not in ("self", "cls")]
            if len(names) > POSITIONAL_MAX:
                faults.append(f"{place(module, node)}: {', '.join(names)}")
    assert not faults, shown(faults, f"A function takes at most {POSITIONAL_MAX} positional arguments.")


def test_a_flag_is_passed_by_its_name():
    faults = []
    for module in modules():
        for node in functions(module):
            faults += [f"{place(module, node)}: {name}" for name in positional_flags(node)]
    assert not faults, shown(faults, "A boolean argument is keyword-only: f(c, true, true) tells a reader nothing.")


def positional_flags(node):
    """Names of the positional arguments that are booleans, by annotation or default. Lambdas have no say."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    defaults = [None] * (len(arguments) - len(node.args.defaults)) + list(node.args.defaults)
    for argument, default in zip(arguments, defaults, strict=True):
        annotated = isinstance(argument.annotation, ast.Name) and argument.annotation.id == "bool"
        if annotated or (isinstance(default, ast.Constant) and isinstance(default.value, bool)):
            yield argument.arg
