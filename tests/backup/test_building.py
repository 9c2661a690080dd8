"""A journal is built again only of records that follow on one another, whatever the objects' checksums say."""

import pytest

from tests.backup.looking import rows
from tests.engines.journal.desk import Clock, group, noted, sqlite
from whimbrel.engines.backup.building import JournalBuilder
from whimbrel.engines.backup.packing import Segment, packed
from whimbrel.engines.backup.reading import JournalSource
from whimbrel.engines.journal.record import seal
from whimbrel.kernel.errors import Corrupt

RECORDS = 12


@pytest.fixture
def segment(tmp_path):
    """All records of a small journal."""
    journal = sqlite(tmp_path / "journal.sqlite", clock=Clock())
    for number in range(RECORDS):
        journal.append([group(noted(claims=[f"key:{number}"]))])
    source = JournalSource(tmp_path / "journal.sqlite", journal.head()[0])
    (found,) = source.segments(0, with_claims=True)
    source.close()
    journal.close()
    return found


def built(folder, last, *segments):
    """The folder of a journal that is built of these."""
    folder.mkdir()
    builder = JournalBuilder(folder / "journal.sqlite", last)
    try:
        for one in segments:
            builder.take(packed(one), "the records of a test")
        builder.finish()
    finally:
        builder.close()
    return folder


def part(segment, first, last):
    """The records of a segment from one place to another, as a segment of their own."""
    before = segment.records[first - 1] if first else None
    after, chain = (before[0], before[9]) if before else (segment.after, segment.before)
    return Segment(after, chain, segment.records[first:last], [], [])


def with_row(segment, number, **changed):
    """A segment in which one record has other columns."""
    names = ("sequence", "event_id", "id", "type", "actor", "time_ms", "payload", "salt", "payload_hash", "chain")
    row = tuple(changed.get(name, value) for name, value in zip(names, segment.records[number], strict=False))
    records = [*segment.records]
    records[number] = (*row, segment.records[number][10])
    return segment._replace(records=records)


@pytest.mark.parametrize(
    "changed",
    [{"id": 7}, {"actor": 7}, {"type": "Other"}, {"time_ms": 7}, {"event_id": 7}, {"payload_hash": b"x" * 32}],
    ids=lambda one: next(iter(one)),
)
def test_a_record_with_another_fact_is_refused_by_its_sequence(segment, tmp_path, changed):
    sequence = segment.records[5][0]
    with pytest.raises(Corrupt, match=f"the records of a test: record {sequence} does not follow"):
        built(tmp_path / "new", RECORDS, with_row(segment, 5, **changed))


def test_a_record_that_is_missing_or_comes_from_elsewhere_is_refused(segment, tmp_path):
    gap = segment._replace(records=segment.records[:4] + segment.records[5:])
    with pytest.raises(Corrupt, match="does not follow record 4"):
        built(tmp_path / "gap", RECORDS, gap)
    with pytest.raises(Corrupt, match="does not follow"):
        built(tmp_path / "between", RECORDS, part(segment, 0, 4), part(segment, 6, RECORDS))
    other = part(segment, 3, RECORDS)._replace(before=b"x" * 32)
    with pytest.raises(Corrupt, match="does not follow"):
        built(tmp_path / "elsewhere", RECORDS, other)


def test_an_id_that_is_out_of_order_is_refused_though_the_chain_holds(segment, tmp_path):
    *_, before = segment.records
    place = (before[0] + 1, before[1], *before[2:6])
    twice = seal(before[9], place, b"", b"")
    with pytest.raises(Corrupt, match="out of order"):
        built(tmp_path / "new", twice.sequence, segment._replace(records=[*segment.records, tuple(twice)]))


def test_what_is_no_segment_is_refused_with_its_name(tmp_path):
    builder = JournalBuilder(tmp_path / "journal.sqlite", RECORDS)
    with pytest.raises(Corrupt, match="claims of a test"):
        builder.take(b"nothing" * 1_000, "claims of a test")
    builder.take_claims(b"nothing" * 1_000, "claims of a test")
    with pytest.raises(Corrupt, match="claims of a test"):
        builder.finish()
    builder.close()


def test_records_that_overlap_are_taken_once_and_those_behind_the_last_not_at_all(segment, tmp_path):
    new = built(tmp_path / "new", 9, part(segment, 0, 5), part(segment, 3, 8), part(segment, 2, RECORDS))
    assert rows(new, "records") == rows(tmp_path, "records", "sequence <= 9")
