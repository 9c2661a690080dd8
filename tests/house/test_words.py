"""Words: each thing says what it is for, in the house's own words, and promises nothing."""

import ast
import re

from tests.house.tree import BESIDE, ROOT, functions, modules, our_files, place, shown

EMPTY_NAMES = ("Manager", "Helper", "Util", "Utils", "Base", "Data")
UNWANTED = re.compile(
    "|".join(
        (
            r"(?-i:\bTO" + r"DO\b)",
            r"(?-i:\bFIX" + r"ME\b)",
            r"coming" + r" soon",
            r"py" + r"pi\.org",
            r"python" + r"hosted",
            r"(?<!emit-)index" + r"-url",
            r"/wo" + r"rk/",
            r"/ro" + r"ot/",
            r"/ho" + r"me/\w+/",
        )
    ),
    re.IGNORECASE,
)
DIALECT_WORDS = re.compile(r"(?<!/)\b(?:toots?|boost(?:s|ed|ing)?|tweets?|statuses)\b", re.IGNORECASE)
RULE_CITED = re.compile(r"\b[Rr]ule (\d+)\b")
DIALECT_FREE = ("whimbrel.kernel", "whimbrel.engines", "whimbrel.reliability", "whimbrel.microblog")


def test_every_module_says_why_it_exists():
    faults = [module.path for module in modules() if not ast.get_docstring(module.tree)]
    assert not faults, shown(faults, "Each module opens with why it exists and what it promises.")


def test_every_public_class_and_function_is_explained():
    faults = [place(module, node) for module in modules() for node in public(module.tree) if not explained(node)]
    assert not faults, shown(faults, "Each public class, function and method has a docstring.")


def public(parent):
    """Public classes and functions of a module, and public methods of public classes, but nothing nested deeper."""
    for node in parent.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


def explained(node):
    """Whether it has a docstring; another signature of the same function (overload) needs none."""
    decorators = {getattr(one, "id", getattr(one, "attr", "")) for one in node.decorator_list}
    return bool(ast.get_docstring(node)) or "overload" in decorators or "setter" in decorators


def test_no_class_has_a_name_that_says_nothing():
    faults = [
        place(module, node)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith(EMPTY_NAMES)
    ]
    assert not faults, shown(faults, f"No class is called {', '.join(EMPTY_NAMES)}: name what it is.")


def test_nothing_is_left_for_later_and_no_machine_is_named():
    faults = []
    for path in our_files():
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        faults += [
            f"{path.relative_to(ROOT)}:{number} {found.group()}"
            for number, line in enumerate(lines, 1)
            if (found := UNWANTED.search(line))
        ]
    assert not faults, shown(faults, "No reminders, no promises, no package registries, no paths of one machine.")


def test_a_dialects_words_stay_in_its_folder():
    faults = [
        f"{module.path}:{number} {found.group()}"
        for module in modules()
        if module.name.startswith(DIALECT_FREE)
        for number, line in enumerate(module.text.splitlines(), 1)
        if (found := DIALECT_WORDS.search(line))
    ]
    assert not faults, shown(faults, "Below the dialects the noun is post, and the verb is reblog.")


def test_the_glossary_lists_words_that_the_code_uses():
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    terms = re.findall(r"^\*\*([^*]+)\*\*", text, re.MULTILINE)
    assert len(terms) == len(set(terms)), "docs/glossary.md explains a word twice."
    code = "\n".join(module.text for folder in ("whimbrel", *BESIDE) for module in modules(folder)).lower()
    faults = [term for term in terms if term.lower() not in code]
    assert len(terms) > 20
    assert not faults, shown(faults, "A word in docs/glossary.md that the code does not use is no word of ours.")


def test_every_rule_that_is_cited_stands_in_the_rules():
    rules = set(re.findall(r"^(\d+)\. \*\*", (ROOT / "docs" / "rules.md").read_text("utf-8"), re.MULTILINE))
    sources = [*(ROOT / "whimbrel").rglob("*.sql"), *(ROOT / "docs").rglob("*.md")]
    texts = [(module.path, module.text) for folder in ("whimbrel", "tests", *BESIDE) for module in modules(folder)]
    texts += [(str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in sources]
    faults = [f"{path}: rule {n}" for path, text in texts for n in RULE_CITED.findall(text) if n not in rules]
    assert len(rules) > 10
    assert not faults, shown(faults, "A rule that a comment cites by its number stands in docs/rules.md.")


def test_no_code_is_commented_out():
    faults = [
        f"{module.path}:{number} {line.strip()}"
        for module in modules()
        for number, line in enumerate(module.text.splitlines(), 1)
        if re.match(
            r"\s*#\s*(?:import \w+$|from \S+ import |return\b.*[()\[\]]|def \w+\(|(?:self\.)?\w+ = \w+\()", line
        )
    ]
    assert not faults, shown(faults, "Code that does not run is not kept; history has it.")


def test_no_function_stands_unfinished():
    faults = [
        place(module, node)
        for module in modules()
        for node in functions(module)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and inner.id == "NotImplementedError"
    ]
    assert not faults, shown(faults, "A function that is not written is not there.")
