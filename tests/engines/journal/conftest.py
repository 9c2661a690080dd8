"""One behaviour suite for every journal engine: a test that asks for `open_journal` runs on each of them."""

import pytest

from tests.engines.journal.desk import ENGINES


@pytest.fixture(params=ENGINES, ids=list(ENGINES))
def open_journal(request, tmp_path):
    """Opens the journal of this test (again), with any of the engine's keywords; closes what was left open."""
    opened = []

    def open_(**settings):
        journal = ENGINES[request.param](tmp_path / "journal.sqlite", **settings)
        opened.append(journal)
        return journal

    yield open_
    for journal in opened:
        journal.close()
