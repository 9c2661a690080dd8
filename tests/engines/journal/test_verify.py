"""`verify_journal` finds every flipped byte of every record and claim, and every changed past; and says where."""

import apsw
import pytest

from tests.engines.journal.desk import append, everything, group, note, noted, sqlite
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.journal.record import Sealed, blanked
from whimbrel.engines.journal.verify import verify_journal
from whimbrel.kernel.errors import Corrupt
from whimbrel.kernel.events import Claim

PAGE_BYTES = 4_096


@pytest.fixture
def path(tmp_path):
    """A small journal: texts short and long, claims with and without digest and end, one blanked, its start trimmed."""
    path = tmp_path / "journal.sqlite"
    journal = sqlite(path)
    for number in range(6):
        note(journal, f"text {number} " + "." * (5 * number))
    note(journal, "with claims", claims=[Claim("name:ada", b"digest"), Claim("once:1", expires_ms=1 << 42)])
    note(journal, "gives back", releases=["name:ada"])
    note(journal, "takes again", claims=[Claim("name:ada", b"digest")])
    secret = note(journal, "secret")
    journal.blank([secret.id], types=("Noted",))
    journal.trim(up_to=2)
    journal.close()
    return path


def change(path, sql, *bindings):
    db = apsw.Connection(str(path))
    db.pragma("synchronous", "off")
    db.execute(sql, bindings)
    db.close()


def places(path):
    return {finding.where for finding in verify_journal(path)}


def test_a_sound_journal_has_no_findings(path, tmp_path):
    assert verify_journal(path) == []
    sqlite(tmp_path / "new.sqlite").close()
    assert verify_journal(tmp_path / "new.sqlite") == []


def test_a_journal_is_verified_beside_its_writer(path):
    journal = sqlite(path)
    note(journal, "more")
    seen = []
    assert verify_journal(path, on_progress=lambda *place: seen.append(place)) == []
    assert seen == [(journal.head()[0], journal.head()[0])]
    journal.close()


@pytest.mark.parametrize("column", ["event_id", "id", "actor", "time_ms", "checksum"])
def test_every_changed_bit_of_a_number_is_found_at_its_record(path, column):
    for bit in range(63):
        change(
            path,
            f"UPDATE records SET {column} = ({column} | (1 << ?1)) - ({column} & (1 << ?1)) WHERE sequence = 5",
            bit,
        )
        assert "record 5" in places(path)
        change(
            path,
            f"UPDATE records SET {column} = ({column} | (1 << ?1)) - ({column} & (1 << ?1)) WHERE sequence = 5",
            bit,
        )
    assert places(path) == set()


@pytest.mark.parametrize("column", ["type", "payload", "salt", "payload_hash", "chain"])
def test_every_flipped_byte_of_a_text_or_hash_is_found_at_its_record(path, column):
    records = {sequence: value for sequence, value in _column(path, column) if value}
    assert len(records) >= 6
    for sequence, value in records.items():
        for place in range(len(value)):
            flipped = value[:place] + bytes([value[place] ^ 1 << place % 8]) + value[place + 1 :]
            _put(path, column, sequence, flipped)
            assert f"record {sequence}" in places(path), (sequence, place)
        _put(path, column, sequence, value)
    assert places(path) == set()


def _column(path, column):
    db = apsw.Connection(str(path))
    rows = db.execute(f"SELECT sequence, CAST({column} AS BLOB) FROM records").fetchall()
    db.close()
    return rows


def _put(path, column, sequence, value):
    kind = "TEXT" if column == "type" else "BLOB"
    change(path, f"UPDATE records SET {column} = CAST(? AS {kind}) WHERE sequence = ?", value, sequence)


@pytest.mark.parametrize("flip", [0x01, 0x80, 0x33])
def test_every_flipped_byte_of_the_file_changes_no_record_or_is_reported(path, flip):
    written = path.read_bytes()
    pages = int.from_bytes(written[28:32], "big")
    sound = _all_that_is_in(path)
    unnoticed = []
    for place in range(pages * PAGE_BYTES):
        if written[place] == 0 and place % 41:
            continue  # most of a small journal is empty space: a sample of it will do
        with path.open("r+b") as file:
            file.seek(place)
            file.write(bytes([written[place] ^ flip]))
        if not verify_journal(path) and _all_that_is_in(path) != sound:
            unnoticed.append(place)
        with path.open("r+b") as file:
            file.seek(place)
            file.write(written[place : place + 1])
    assert unnoticed == []


def _all_that_is_in(path):
    """Every record, claim and released claim, or None when they cannot be read."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return [db.execute(f"SELECT * FROM {table}").fetchall() for table in ("records", "claims", "released")]
    except (apsw.Error, UnicodeDecodeError):
        return None
    finally:
        db.close()


def test_a_record_that_was_taken_out_is_missed(path):
    change(path, "DELETE FROM records WHERE sequence = 5")
    assert ("record 6", "1 records are missing before it") in verify_journal(path)


def test_the_newest_record_taken_out_is_missed_by_verify_and_by_the_writer(path):
    change(path, "DELETE FROM records WHERE sequence = 11")
    assert ("record 10", "the newest that is left, but 11 was written") in verify_journal(path)
    with pytest.raises(Corrupt):
        sqlite(path)


def test_two_records_that_changed_places_are_found(path):
    change(path, "UPDATE records SET sequence = -5 WHERE sequence = 5")
    change(path, "UPDATE records SET sequence = 5 WHERE sequence = 6")
    change(path, "UPDATE records SET sequence = 6 WHERE sequence = -5")
    assert {"record 5", "record 6"} <= places(path)


def test_a_past_that_was_changed_with_a_fitting_checksum_breaks_the_chain(path):
    """Whoever can compute a checksum still cannot change the past: the next records do not follow it."""
    db = apsw.Connection(str(path))
    row = Sealed._make(db.execute("SELECT * FROM records WHERE sequence = 5").fetchone())
    forged = blanked(row._replace(actor=2))
    db.execute(
        "UPDATE records SET actor = 2, payload = x'', salt = x'', checksum = ? WHERE sequence = 5", (forged.checksum,)
    )
    db.close()
    assert verify_journal(path) == [("record 5", "the chain does not fit what came before")]


def test_a_changed_claim_is_found_by_its_key(path):
    change(path, "UPDATE claims SET id = id + 1 WHERE key = 'name:ada'")
    assert places(path) == {"claim name:ada"}


def test_a_claim_under_another_key_is_found(path):
    change(path, "UPDATE claims SET key = 'name:adb' WHERE key = 'name:ada'")
    assert places(path) == {"claim name:adb"}


def test_a_changed_release_is_found_by_its_record(path):
    change(path, "UPDATE released SET sequence = sequence - 1 WHERE key = 'name:ada'")
    assert places(path) == {"claim released by record 9"}


def test_a_journal_of_an_older_version_is_brought_up_to_date(path):
    change(path, "DROP TABLE released")
    change(path, "DROP INDEX claims_in_order")
    assert verify_journal(path) == []
    sqlite(path).close()
    assert verify_journal(path) == []
    db = apsw.Connection(str(path))
    assert db.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('released', 'claims_in_order')").get == 2
    db.close()


def test_a_damaged_record_is_never_handed_out(path):
    change(path, "UPDATE records SET payload = x'00' WHERE sequence = 5")
    reader = JournalReader(path)
    assert reader.read(after=2, limit=2)
    with pytest.raises(Corrupt, match="record 5"):
        reader.read(after=0, limit=100)
    reader.close()


def test_what_is_no_journal_is_said_so_and_left_alone(tmp_path):
    for name, content in (("garbage", b"not a database" * 300), ("empty", b""), ("other", None)):
        other = tmp_path / name
        if content is None:
            change(other, "CREATE TABLE t (x)")
        else:
            other.write_bytes(content)
        before = other.read_bytes()
        assert places(other) == {"file"}
        assert other.read_bytes() == before
    assert places(tmp_path / "none") == {"file"}
    with pytest.raises(Corrupt):
        sqlite(tmp_path / "other")


def test_blanked_content_is_in_no_byte_of_the_folder_and_the_chain_holds(tmp_path):
    path = tmp_path / "journal.sqlite"
    journal = sqlite(path)
    secrets = []
    for length in (20, 200, 1_000, 5_000, 40_000):
        for kind in ("kept", "gone"):
            text = f"a {kind} sentence of {length} that can be looked for " + f"{kind}-{length} " * (length // 8)
            stamp = note(journal, text)
            secrets += [stamp] if kind == "gone" else []
            append(journal, group(noted("between")))
    ids = [stamp.id for stamp in secrets]
    assert journal.blank(ids, types=("Noted",)) == 5
    assert journal.blank(ids, types=("Noted",)) == 0
    everywhere = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.suffix != ".reserve")
    assert everywhere.count(b"a kept sentence") == 5
    assert b"a gone sentence" not in everywhere
    assert b"gone-" not in everywhere
    assert [record.payload for record in everything(journal) if record.id in ids] == [b""] * 5
    journal.close()
    assert verify_journal(path) == []


def test_blanked_content_leaves_the_log_as_soon_as_a_reader_lets_it(tmp_path):
    path = tmp_path / "journal.sqlite"
    journal = sqlite(path)
    secret = note(journal, "a gone sentence")
    reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM records").fetchall()
    assert journal.blank([secret.id], types=("Noted",)) == 1
    reader.close()
    note(journal, "later")
    assert not [file for file in tmp_path.glob("journal.sqlite*") if b"a gone sentence" in file.read_bytes()]
    journal.close()
