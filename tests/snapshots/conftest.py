"""The shop of tests/engines/store, on a data directory."""

import pytest

from tests.engines.store.shop import Shop


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    yield shop
    shop.close()
