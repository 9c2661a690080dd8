"""What the tests of backups stand on: a town with a past, and a place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backup.town import Town
from whimbrel.engines.backup.place import Place, open_place


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A data directory with a past of a few hundred events, its secrets and its options."""
    with Town(tmp_path / "data") as town:
        town.live(200)
        (town.data / "secrets").mkdir(mode=0o700)
        (town.data / "secrets" / "signing.key").write_text("ab" * 32 + "\n")
        (town.data / "secrets" / "signing.key").chmod(0o600)
        (town.data / "whimbrel.toml").write_text('title = "Birds"\n')
        yield town


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty directory for backups."""
    return open_place(str(tmp_path / "place"), make=True)
