"""What was missed long ago is found in the journal's file, from any event on; what is trimmed is said to be gone."""

import asyncio
from functools import partial
from pathlib import Path

from tests.support.appending import Appending
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.kernel.events import Group, draft
from whimbrel.microblog.posts.events import PostCreated
from whimbrel.microblog.vocabulary import VOCABULARY
from whimbrel.streaming.archive import Archive


def filled(appending: Appending, posts: int) -> list[int]:
    for number in range(posts):
        appending.add(Group((draft(PostCreated(text=str(number), html=""), actor=1),)))
    return [event.event_id for event in appending.events]


def found(appending, event_id, up_to):
    path: Path = appending.store_path.with_name("journal.sqlite")
    archive = Archive(partial(JournalReader, path), VOCABULARY)
    events = asyncio.run(archive.since(event_id, up_to=up_to))
    archive.close()
    return None if events is None else [event.event_id for event in events]


def test_everything_from_an_event_on_is_found_that_event_included(appending):
    ids = filled(appending, 30)
    for start in (0, 1, 17, len(ids) - 1):
        assert found(appending, ids[start], len(ids)) == ids[start:]
        assert found(appending, ids[start] + 1, len(ids)) == ids[start + 1 :]
    assert found(appending, ids[3], 10) == ids[3:10]
    assert found(appending, ids[-1] + 5, len(ids)) == []


def test_a_trim_while_it_is_read_is_noticed(appending, monkeypatch):
    # The second page began after what was trimmed, and a stream was told the rest as if it were whole.
    monkeypatch.setattr("whimbrel.streaming.archive.FOLLOW_READ_RECORDS_MAX", 5)
    ids = filled(appending, 30)

    class TrimmedMeanwhile(JournalReader):
        def read(self, *, after, limit, up_to=None):
            records = super().read(after=after, limit=limit, up_to=up_to)
            if limit == 5:
                appending.journal.trim(up_to=12)
            return records

    archive = Archive(partial(TrimmedMeanwhile, appending.store_path.with_name("journal.sqlite")), VOCABULARY)
    assert asyncio.run(archive.since(ids[2], up_to=len(ids))) is None
    assert [event.event_id for event in asyncio.run(archive.newest(25, up_to=len(ids)))] == ids[12:]
    archive.close()


def test_what_was_trimmed_is_said_to_be_gone_and_the_rest_is_found(appending):
    ids = filled(appending, 30)
    while appending.journal.trim(up_to=12):
        pass
    assert found(appending, ids[4], len(ids)) is None
    assert found(appending, ids[12], len(ids)) == ids[12:]
