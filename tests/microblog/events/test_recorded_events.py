"""Events that a released version wrote are read by every later one, for ever (rule 10).

`recorded.json` holds payloads as they lie in journals, by release; lines are only ever added to it.
"""

import json
from pathlib import Path

import msgspec
import pytest

from whimbrel.kernel.events import Record
from whimbrel.microblog.vocabulary import VOCABULARY

RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text("utf-8"))
CASES = [(release, one) for release, events in RECORDED.items() for one in events]


def decoded(one):
    record = Record(1, 1, 1, one["type"], 1, 1_600_000_000_000, bytes.fromhex(one["payload"]), b"")
    return VOCABULARY.decode(record).data


@pytest.mark.parametrize("one", [one for _, one in CASES], ids=[f"{release}-{one['type']}" for release, one in CASES])
def test_a_recorded_event_means_what_it_meant(one):
    data = decoded(one)
    assert type(data).__name__ == one["type"]
    meant = json.loads(msgspec.json.encode(data))
    assert {name: meant.get(name) for name in one["means"]} == one["means"]


def test_every_type_of_this_version_has_a_recorded_example():
    assert {one["type"] for _, one in CASES} == set(VOCABULARY.types)
