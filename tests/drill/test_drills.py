"""The drills themselves, in short: what `bin/drill` does for minutes, done so that every check includes it.

Times are for the drills to report: here a server may be away for as long as a busy machine makes it.
"""

import random
from contextlib import closing

import pytest

from drill import accidents, blows, cast, crash, power, store
from drill.audit import Audit
from drill.ledger import Deed, Done, Ledger, Told
from drill.report import Violation
from drill.writers import fault_of
from tests.support.serving import Reply

KILLS = 20
PATIENCE_SECONDS = 30.0


def test_twenty_kills_under_load_lose_nothing_and_double_nothing(tmp_path):
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    plan = crash.Plan(tmp_path / "data", seed, kills=KILLS, ready_seconds_max=PATIENCE_SECONDS)
    outcome = crash.run(plan)
    assert len(outcome.all_away_seconds) == KILLS
    assert set(outcome.hits) | set(outcome.misses) == set(blows.ALL)
    assert outcome.ledger.deeds["post"] > KILLS
    assert outcome.ledger.answers_lost, "no answer was lost after its commit: the blows missed their moment"


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    server, people = cast.make(tmp_path_factory.mktemp("store") / "data", writers=3, birds=4)
    on_stage = store.Stage(server, people)
    yield on_stage
    on_stage.close()
    server.close()


@pytest.mark.parametrize("name", store.every_accident())
def test_without_its_store_the_server_does_what_must_work_and_says_what_does_not(stage, name):
    counted = store.happen(stage, name, store.every_accident()[name])
    if name in accidents.LASTING and name != "locked for writers":
        assert counted.refused, "nothing needed the store: the accident did not happen"


def test_a_core_whose_disk_fails_and_whose_power_goes_loses_nothing(tmp_path):
    counts = power.run(tmp_path, seed=random.SystemRandom().randrange(10**6), sessions=4)
    assert counts.refused
    assert counts.acknowledged


def test_a_ledger_tells_what_must_be_seen():
    ledger = Ledger()
    ledger.add(Done(Deed("post", "ada", "1", "hello @ben", named="ben"), "10", attempts=1, answer_was_lost=False))
    ledger.add(
        Done(Deed("post", "ben", "2", "hello", target="10", named="ada"), "11", attempts=2, answer_was_lost=True)
    )
    ledger.add(Done(Deed("favourite", "ben", target="10"), "10", attempts=1, answer_was_lost=False))
    ledger.add(Done(Deed("reblog", "ben", target="10"), "12", attempts=1, answer_was_lost=False))
    assert ledger.counts_of("10") == (1, 1, 1)
    assert (ledger.retried, ledger.answers_lost) == (1, 1)
    assert ledger.told["ben"] == {Told("mention", "ada", "10"): 1}
    assert set(ledger.told["ada"]) == {
        Told(kind, "ben", id_) for kind, id_ in (("mention", "11"), ("favourite", "10"), ("reblog", "10"))
    }
    news = ledger.take_news()
    assert set(news.posts) == {"10", "11"}
    assert not ledger.take_news().posts


def test_an_audit_finds_what_is_missing_and_what_nobody_was_told_of(stage):
    ledger = Ledger()
    with closing(Audit(stage.server, stage.people, ledger)) as audit:
        with pytest.raises(Violation, match="shows posts that nobody was told of"):
            audit.news()
        ledger.add(Done(Deed("post", "writer0", text="never sent"), "77", attempts=1, answer_was_lost=False))
        with pytest.raises(Violation, match="lacks 1 acknowledged posts"):
            audit.news()


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Reply(503, {"error": "Later."}, {"retry-after": "2"}), ""),
        (Reply(503, {"error": "Later."}, {}), "answered 503 without Retry-After"),
        (Reply(503, {"error": ""}, {"retry-after": "2"}), "answered 503 without a word"),
        (Reply(500, {"error": "Oh."}, {}), "answered 500: {'error': 'Oh.'}"),
        (Reply(401, {"error": "Who?"}, {}), "answered 401: {'error': 'Who?'}"),
    ],
)
def test_only_a_503_with_words_and_a_time_is_honest(reply, fault):
    assert fault_of(reply) == fault
