"""The public documents, word by word as clients have them recorded: changing one is a line in CHANGELOG.md.

After a change that is meant, `python -m tests.statuspage.test_recorded_documents` writes the examples anew.
"""

import asyncio
import json
import tempfile
from pathlib import Path

import pytest

from tests.support.status_page import StatusPage, in_trouble
from whimbrel.statuspage.v2.routes import documents

RECORDED = Path(__file__).parent / "recorded"


def documents_of(folder):
    """Every document of the same day, by path."""
    status = StatusPage(Path(folder) / "status.sqlite")

    async def read():
        await in_trouble(status)
        return {path: (await status.get(f"/{path}")).body.decode() for path in documents()}

    try:
        return asyncio.run(read())
    finally:
        status.close()


def written(path, body):
    """As it is kept: JSON with a line for each value, so that a change can be read."""
    return json.dumps(json.loads(body), indent=1, ensure_ascii=False) + "\n" if path.endswith(".json") else body


def place(path):
    """Where a document is kept."""
    return RECORDED / path.replace("/", "_")


@pytest.fixture(scope="module")
def now(tmp_path_factory):
    return documents_of(tmp_path_factory.mktemp("recorded"))


@pytest.mark.parametrize("path", sorted(documents()))
def test_a_document_is_as_it_was_recorded(now, path):
    assert written(path, now[path]) == place(path).read_text("utf-8")


def test_every_recorded_example_is_of_a_document():
    assert {file.name for file in RECORDED.iterdir()} == {place(path).name for path in documents()}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for path, body in documents_of(folder).items():
            place(path).write_text(written(path, body), "utf-8")
