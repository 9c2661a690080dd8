"""The head mapping: what the core publishes is what everybody reads, through restarts too."""

from whimbrel.engines.journal.head import HeadReader, HeadWriter


def test_what_is_published_is_read_through_another_mapping(tmp_path):
    writer, reader = HeadWriter(tmp_path / "head"), HeadReader(tmp_path / "head")
    writer.publish_head(2**62, 1_000)
    writer.publish_store(2**62 - 1, 900)
    assert (reader.head, reader.store, reader.store_time_ms) == (2**62, 2**62 - 1, 900)


def test_a_mapping_goes_on_with_the_next_core(tmp_path):
    reader = HeadReader(tmp_path / "head")
    assert reader.head == 0
    HeadWriter(tmp_path / "head").publish_head(5, 1_000)
    HeadWriter(tmp_path / "head").publish_head(6, 1_000)
    assert reader.head == 6


def test_the_age_of_the_store_counts_from_the_first_event_that_it_lacks(tmp_path):
    head = HeadWriter(tmp_path / "head")
    head.publish_head(1, 1_000)
    head.publish_store(1, 1_000)
    assert head.store_age_seconds(3_600_000) == 0.0
    head.publish_head(2, 3_600_000)
    head.publish_head(3, 3_650_000)
    assert head.store_age_seconds(3_660_000) == 60.0
