"""Docs: what a page names is there. Links lead somewhere, and a file or a limit that is named in code type exists."""

import re

from tests.house.tree import BESIDE, ROOT, modules, our_files, shown

LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
FILE = re.compile(r"`([\w./-]+\.(?:py|sql|css|js|service|conf|sh))`")
LIMIT = re.compile(r"`(?!WHIMBREL_)([A-Z]+_[A-Z0-9_]*[A-Z0-9])`")
MOVED_BY_TIME = ("docs/decisions/",)
"""Decisions are superseded, not edited: they may name what a later one has taken away."""


def pages():
    """Every page of the repository: its path from the root, and its text."""
    for path in our_files():
        if path.suffix == ".md":
            yield path, path.read_text("utf-8")


def test_every_link_of_every_page_leads_somewhere():
    faults = [
        f"{path.relative_to(ROOT)}: {link}"
        for path, text in pages()
        for link in LINK.findall(text)
        if not (path.parent / link).exists()
    ]
    assert not faults, shown(faults, "A link leads to a file of this tree, from where the page lies.")


def test_every_file_that_a_page_names_is_in_the_tree():
    files = [f"/{path.relative_to(ROOT)}" for path in our_files()]
    faults = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in lasting_pages()
        for name in FILE.findall(text)
        if not any(file.endswith(f"/{name}") for file in files)
    ]
    assert not faults, shown(faults, "A page names a module as it lies in the tree.")


def test_every_limit_that_a_page_names_is_in_the_code():
    code = "\n".join(module.text for folder in ("whimbrel", *BESIDE) for module in modules(folder))
    names = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", code))
    faults = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in lasting_pages()
        for name in LIMIT.findall(text)
        if name not in names
    ]
    assert not faults, shown(faults, "A page names a limit as the code does.")


def test_every_decision_stands_in_their_list_under_its_title():
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text("utf-8")
    titles = {path.name: path.read_text("utf-8").partition("\n")[0] for path in folder.glob("0*.md")}
    wanted = [f"- {title[2:].replace('. ', '. [', 1)}]({name})" for name, title in sorted(titles.items())]
    assert re.findall(r"^- \d.*", listed, re.MULTILINE) == wanted


def lasting_pages():
    """The pages that say what is."""
    return [(path, text) for path, text in pages() if not str(path.relative_to(ROOT)).startswith(MOVED_BY_TIME)]
