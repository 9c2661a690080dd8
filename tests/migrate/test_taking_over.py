"""Two releases, two schemas, people who post and read all the while: forward, back, forward again, finished."""

import json
import subprocess
from collections import Counter

import apsw

from tests.migrate.releases import COLUMN, NEW_EVENT, NEW_INDEX, OLD_INDEX
from tests.migrate.traffic import Traffic
from whimbrel.engines.store.numbered import store_at

POSTS, READS = 100, 60

PARKED_BY = """
import sys
from pathlib import Path
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.rebuild import rebuild
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.engines.store.parked import parked_events
from whimbrel.rooms import follows
data, path = Path(sys.argv[1]), Path(sys.argv[2])
schemas, decode, apply, subjects, _ = follows()
rebuild(path, schemas, JournalReader(data / "journal.sqlite"), decode=decode, apply=apply, subjects=subjects)
with SqliteStore(path).reading() as rows:
    print([record.type for record, _ in parked_events(rows)])
"""


def test_forward_back_and_forward_again_under_load_no_request_fails_and_nothing_is_lost(home, old, new, tmp_path):
    tokens = list(home.people.values())
    with Traffic(home.url, tokens, posts=POSTS, reads=READS) as traffic:
        gone_through = [home.serving()]
        for release, *words in ((new,), (old, "--back"), (new,)):
            home.run(new, "migrate", *words)
            home.all_serve(release)
            gone_through.append(home.serving())
        home.run(new, "migrate", "--finish")
    assert gone_through == [old.version, new.version, old.version, new.version]
    assert traffic.failed == []
    print(f"{len(traffic.told)} posts; the longest gap in answers was {traffic.longest_gap_seconds * 1000:.0f} ms")
    everything_is_there_once(home, traffic)
    assert home.stores() == ["store-2.sqlite"]
    the_new_column_is_filled(home)
    new_events_are_written_and_parked_by_the_old_release(home, old, tmp_path)
    assert "whole" in home.run(new, "verify")


def everything_is_there_once(home, traffic):
    home.settle()
    told = Counter(one.id for one in traffic.told)
    assert max(told.values()) == 1
    found = {}
    for token in home.people.values():
        found |= home.posted(token)
    assert set(found) == set(told)
    assert not [one for one in traffic.told if one.text.split(" #")[0] not in found[one.id]]


def the_new_column_is_filled(home):
    db = apsw.Connection(str(store_at(home.data, 2)), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        wrong = f"SELECT count(*) FROM post_texts WHERE {COLUMN} != length(text)"
        assert list(db.execute(wrong)) == [(0,)]
        indexes = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")}
    finally:
        db.close()
    assert NEW_INDEX in indexes
    assert OLD_INDEX not in indexes


def new_events_are_written_and_parked_by_the_old_release(home, old, tmp_path):
    client = home.client(home.people["ada"])
    post = client.post("/api/v1/statuses", {"status": "worth keeping"}).json
    assert client.post(f"/api/v1/statuses/{post['id']}/bookmark").json["bookmarked"] is True
    client.close()
    words = [str(old.python), "-P", "-c", PARKED_BY, str(home.data), str(tmp_path / "anew.sqlite")]
    said = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
    assert NEW_EVENT in said
    assert json.loads(said.replace("'", '"'))[0] == NEW_EVENT
    home.close()
    home.use(old)
    refused = home.run(old, "serve", "--port", "0", code=78)
    assert "newer release" in refused
