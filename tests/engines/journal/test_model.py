"""Random batches against a model written plainly: order, ids, whole groups, claims, restarts, blanking, trimming."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.engines.journal.desk import NOW_MS, Clock, everything, group, noted, sqlite
from whimbrel.engines.journal.verify import verify_journal
from whimbrel.kernel.events import JOURNAL_OPENED, Appended, Claim, Refused, Taken
from whimbrel.kernel.ids import time_of

KEYS = st.sampled_from(["a", "b", "c", "d"])
CLAIMS = st.builds(Claim, KEYS, st.none() | st.binary(max_size=2), st.none() | st.integers(NOW_MS - 50, NOW_MS + 300))
DRAFTS = st.builds(
    noted,
    st.text("xyz", min_size=1, max_size=5),
    id=st.none() | st.integers(1, 3),
    claims=st.lists(CLAIMS, max_size=2),
    releases=st.lists(KEYS, max_size=2, unique=True),
    optional=st.booleans(),
)
FEW_KEYS = st.lists(KEYS, max_size=1)
GROUPS = st.builds(
    lambda drafts, requires, forbids: group(*drafts, requires=requires, forbids=forbids),
    st.lists(DRAFTS, max_size=3),
    FEW_KEYS,
    FEW_KEYS,
)


class JournalAndModel(RuleBasedStateMachine):
    """The model: a list of (id or None, text) and a dictionary of keys."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal.sqlite"
        self.clock = Clock()
        self.journal = sqlite(self.path, clock=self.clock, synchronous="OFF")
        self.notes, self.keys, self.trimmed = [], {}, 0
        self.newest = self.journal.read(after=0, limit=1)[0].event_id

    def teardown(self):
        self.journal.close()
        assert verify_journal(self.path) == []
        self.folder.cleanup()

    def now_ms(self):
        return max(self.clock.now_ms, time_of(self.newest))

    @rule(groups=st.lists(GROUPS, max_size=4))
    def append(self, groups):
        now_ms = self.now_ms()
        outcomes, records = self.journal.append(groups)
        assert len(outcomes) == len(groups)
        written = iter(records)
        for asked, outcome in zip(groups, outcomes, strict=True):
            expected = self.decided(asked, now_ms)
            if isinstance(expected, Taken | Refused):
                assert outcome == expected
                continue
            assert isinstance(outcome, Appended)
            assert [stamp is not None for stamp in outcome.stamps] == expected
            for draft, stamp in zip(asked.drafts, outcome.stamps, strict=True):
                if stamp is not None:
                    record = next(written)
                    assert record[:3] == (stamp.sequence, stamp.event_id, stamp.id)
                    assert stamp.id == (stamp.event_id if draft.id is None else draft.id)
                    self.happened(draft, stamp)
        assert next(written, None) is None

    def decided(self, asked, now_ms):
        held = {key for key, (_, _, ends) in self.keys.items() if ends is None or ends > now_ms}
        now_held, kept, absent, ours = set(held), [], None, set()
        for draft in asked.drafts:
            missing = [key for key in draft.releases if key not in now_held]
            kept.append(not (missing and draft.optional))
            if not kept[-1]:
                continue
            absent = absent or (missing[0] if missing else None)
            now_held -= set(draft.releases)
            ours -= set(draft.releases)
            for claim in draft.claims:
                if claim.key in ours:
                    return Refused(claim.key, held=True)
                if claim.key in now_held:
                    stamp, digest, _ = self.keys[claim.key]
                    return Taken(claim.key, stamp, digest)
                now_held.add(claim.key)
                ours.add(claim.key)
        for key in asked.requires:
            if key not in held:
                return Refused(key, held=False)
        for key in asked.forbids:
            if key in held:
                return Refused(key, held=True)
        return Refused(absent, held=False) if absent else kept

    def happened(self, draft, stamp):
        assert stamp.event_id > self.newest
        assert stamp.time_ms == time_of(stamp.event_id) >= time_of(self.newest)
        self.newest = stamp.event_id
        self.notes.append([stamp.id, draft.payload, stamp.sequence])
        for key in draft.releases:
            del self.keys[key]
        for claim in draft.claims:
            self.keys[claim.key] = (stamp, claim.digest, claim.expires_ms)

    @rule(step_ms=st.integers(-1_000, 1_000))
    def the_clock_moves(self, step_ms):
        self.clock.now_ms += step_ms

    @rule()
    def restart(self):
        before = self.journal.head()
        self.journal.close()
        self.journal = sqlite(self.path, clock=self.clock, synchronous="OFF")
        assert self.journal.head()[0] == before[0] + 1
        barrier = self.journal.read(after=before[0], limit=2)
        assert [record.type for record in barrier] == [JOURNAL_OPENED]
        assert barrier[0].event_id > self.newest
        self.newest = barrier[0].event_id

    @rule(id_=st.integers(1, 3))
    def blank(self, id_):
        whole = [note for note in self.notes if note[0] == id_ and note[1] and note[2] > self.trimmed]
        assert self.journal.blank([id_], types=("Noted",)) == len(whole)
        for note in whole:
            note[1] = b""

    @rule(back=st.integers(0, 10))
    def trim(self, back):
        up_to = max(0, self.journal.head()[0] - back)
        self.journal.trim(up_to=up_to)
        self.trimmed = max(self.trimmed, min(up_to, self.journal.head()[0] - 1))

    @invariant()
    def the_journal_holds_what_the_model_holds(self):
        records = everything(self.journal)
        notes = [[record.id, record.payload, record.sequence] for record in records if record.type == "Noted"]
        assert notes == [note for note in self.notes if note[2] > self.trimmed]
        assert [record.sequence for record in records] == list(range(self.trimmed + 1, self.journal.head()[0] + 1))
        held = {key: stamp for key, (stamp, _, ends) in self.keys.items() if ends is None or ends > self.now_ms()}
        assert self.journal.find(["a", "b", "c", "d"]) == held


TestJournalAndModel = JournalAndModel.TestCase
TestJournalAndModel.settings = settings(
    max_examples=80, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
