"""Options: each is documented as it is, and each has an effect somewhere."""

import re
from dataclasses import fields

from tests.house.tree import ROOT, modules, shown
from whimbrel.cli.serve import written
from whimbrel.config import Config
from whimbrel.option_table import OPTIONS

ROW = re.compile(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \|$", re.MULTILINE)
BESIDES = {"data", "status_page"}
"""What the tree holds besides: where to look, and the status page's own section (tests/config holds that)."""
READERS_NOT = {"whimbrel.config", "whimbrel.option_table"}


def test_the_table_of_options_is_the_configuration():
    assert [option.name for option in OPTIONS] == [field.name for field in fields(Config) if field.name not in BESIDES]


def test_every_option_is_documented_as_it_is():
    documented = ROW.findall((ROOT / "docs" / "options.md").read_text("utf-8"))
    wanted = [(option.name, option.kind.expected, shown_default(option), option.meaning) for option in OPTIONS]
    assert documented == wanted


def shown_default(option):
    return "none" if option.default in (None, "", ()) else f"`{written(option.default)}`"


def test_every_option_is_read_somewhere():
    code = "\n".join(module.text for module in modules() if module.name not in READERS_NOT)
    faults = [option.name for option in OPTIONS if not re.search(rf'(?:\.|\["){option.name}\b', code)]
    assert not faults, shown(faults, "An option that nothing reads has no effect: wire it or take it out.")


def test_every_option_is_set_to_something_else_by_a_test():
    texts = "\n".join(module.text for module in modules("tests"))
    faults = [option.name for option in OPTIONS if not re.search(rf"\b{option.name}\b|{option.flag}\b", texts, re.I)]
    assert not faults, shown(faults, "An option exists only if a test sets it.")
