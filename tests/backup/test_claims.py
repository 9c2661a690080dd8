"""The claims of a restored journal are those that were held at its last record, whatever was written meanwhile."""

from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backup.looking import rows
from tests.engines.journal.desk import Clock, group, noted, sqlite
from whimbrel.engines.backup.building import JournalBuilder
from whimbrel.engines.backup.packing import packed
from whimbrel.engines.backup.reading import JournalSource

KEYS = st.sampled_from([f"key:{number}" for number in range(6)])
DEEDS = st.lists(st.tuples(st.booleans(), KEYS), min_size=1, max_size=3)


class Ledger:
    """A journal, and its claims as they were after each of its records."""

    def __init__(self, path: Path) -> None:
        self.path, self.journal, self._clock = path, sqlite(path, clock=Clock()), Clock()
        self.claims: dict[int, list[tuple]] = {}
        self.note()

    def do(self, deeds: list[tuple[bool, str]]) -> None:
        """Claim or give back, one record a deed; what is refused leaves no record."""
        for claims, key in deeds:
            one = noted(claims=[key]) if claims else noted(releases=[key])
            self.journal.append([group(one)])
            self.note()

    def note(self) -> None:
        """Remember the claims as of now."""
        self.claims[self.journal.head()[0]] = rows(self.path.parent, "claims")


class Sent(NamedTuple):
    """A segment as the object that is sent."""

    after: int
    content: bytes


def taken(source: JournalSource, after: int, *, is_image: bool) -> tuple[list[bytes], list[Sent]]:
    """What a backup sends of all claims, if it is an image, and of the records."""
    segments = [Sent(one.after, packed(one)) for one in source.segments(after, with_claims=not is_image)]
    claims = [packed(piece) for piece in source.claims()] if is_image else []
    return claims, segments


def built(path: Path, last: int, claims: list[bytes], segments: list[Sent]) -> None:
    """A journal made of it again."""
    builder = JournalBuilder(path, last)
    for piece in claims:
        builder.take_claims(piece, "claims")
    for segment in segments:
        builder.take(segment.content, "records")
    builder.finish()
    assert builder.tip.sequence == last


@settings(deadline=None, max_examples=60)
@given(
    before=st.lists(DEEDS, max_size=6),
    meanwhile=st.lists(DEEDS, min_size=1, max_size=30),
    later=st.integers(0, 4),
    trimmed=st.integers(0, 8),
    data=st.data(),
)
def test_at_any_record_the_claims_are_those_that_were_held(tmp_path_factory, before, meanwhile, later, trimmed, data):
    folder = tmp_path_factory.mktemp("ledger")
    ledger = Ledger(folder / "journal.sqlite")
    for deeds in before:
        ledger.do(deeds)
    ledger.journal.trim(up_to=trimmed)
    waiting = iter(meanwhile)

    def between() -> None:
        ledger.do(next(waiting, []))

    claims, segments, after = [], [], 0
    first = None
    for number in range(later + 1):
        source = JournalSource(ledger.path, ledger.journal.head()[0], between=between, page_rows=2)
        after = source.beginning()[0] if number == 0 else after
        more = taken(source, after, is_image=number == 0)
        first = source.moment if first is None else first
        claims, segments, after = claims + more[0], segments + more[1], source.moment
        source.close()
        between()
    begins = segments[0].after if segments else after
    wanted = data.draw(st.integers(min(max(begins + 1, 1), after), after))
    new = folder / "new"
    new.mkdir()
    built(new / "journal.sqlite", wanted, claims, segments)
    assert rows(new, "claims") == ledger.claims[wanted]
    assert rows(new, "records") == rows(folder, "records", f"sequence <= {wanted}")
    assert rows(new, "released") == rows(folder, "released", f"released <= {wanted}")
    ledger.journal.close()


def test_a_key_that_was_given_back_and_taken_again_is_held_by_who_took_it_last(tmp_path):
    ledger = Ledger(tmp_path / "journal.sqlite")
    ledger.do([(True, "key:1"), (False, "key:1"), (True, "key:1"), (True, "key:2"), (False, "key:1"), (True, "key:1")])
    source = JournalSource(ledger.path, ledger.journal.head()[0])
    claims, segments = taken(source, 0, is_image=True)
    for last in ledger.claims:
        new = tmp_path / str(last)
        new.mkdir()
        built(new / "journal.sqlite", last, claims, segments)
        assert rows(new, "claims") == ledger.claims[last]
    source.close()
    ledger.journal.close()


def test_segments_are_cut_where_they_were_cut_before(tmp_path):
    ledger = Ledger(tmp_path / "journal.sqlite")
    for _ in range(5):
        ledger.do([(True, "key:1"), (False, "key:1")])
    source = JournalSource(ledger.path, ledger.journal.head()[0])
    first, second = ([packed(one) for one in source.segments(0, with_claims=False)] for _ in range(2))
    assert first == second
    source.close()
    ledger.journal.close()
