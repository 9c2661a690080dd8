"""The shop, opened and closed around a test."""

import pytest

from tests.engines.store.shop import Shop


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    yield shop
    shop.close()
