"""All rooms over real engines, for the tests of the rooms that stand on accounts and graph."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.product import Product
from whimbrel.microblog.accounts.passwords import Passwords


@pytest.fixture
def product(tmp_path: Path, passwords: Passwords) -> Iterator[Product]:
    """All rooms, fed as in a process."""
    opened = Product(tmp_path, passwords)
    yield opened
    opened.close()
