"""The two releases are built once; each test has a server of its own."""

import pytest

from tests.migrate import releases
from tests.migrate.household import Household


@pytest.fixture(scope="session")
def old(tmp_path_factory):
    """The release that serves."""
    return releases.older(tmp_path_factory.mktemp("older"))


@pytest.fixture(scope="session")
def new(tmp_path_factory):
    """The release that is to take over."""
    return releases.newer(tmp_path_factory.mktemp("newer"))


@pytest.fixture
def home(tmp_path, old):
    """A server of the older release, with two people in it."""
    household = Household(tmp_path / "data", old)
    household.people = household.provide(["ada", "ben"])
    household.start()
    yield household
    household.close()
