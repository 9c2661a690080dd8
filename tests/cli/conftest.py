"""What the tests of the command line ask for."""

from pathlib import Path

import pytest

from tests.cli.command import Commands


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Commands on a data directory that is not there yet."""
    return Commands(tmp_path / "data", monkeypatch)
