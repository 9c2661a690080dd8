"""Claims, releases, requirements and prohibitions are decided in the append: by order, whole, and for good."""

import pytest

from tests.engines.journal.desk import NOW_MS, Clock, append, everything, group, note, noted, texts
from whimbrel.kernel.events import (
    MALFORMED,
    PAYLOAD_TOO_LARGE,
    TOO_MANY_DRAFTS,
    Appended,
    Claim,
    Draft,
    Group,
    Refused,
    Taken,
)
from whimbrel.kernel.limits import CLAIM_KEY_BYTES_MAX, GROUP_DRAFTS_MAX, PAYLOAD_BYTES_MAX


def test_a_taken_key_appends_nothing_and_answers_with_its_first_event(open_journal):
    journal = open_journal()
    first = note(journal, "first", id=5, claims=[Claim("name:ada", b"digest")])
    assert append(journal, group(noted("second", claims=["name:ada"]))) == [Taken("name:ada", first, b"digest")]
    journal.close()
    journal = open_journal()
    assert append(journal, group(noted("third", claims=["name:ada"]))) == [Taken("name:ada", first, b"digest")]
    assert texts(journal) == ["first"]
    assert journal.find(["name:ada", "name:bo"]) == {"name:ada": first}


def test_earlier_groups_of_a_batch_are_seen_by_later_ones(open_journal):
    journal = open_journal()
    one, two, three, four = append(
        journal,
        group(noted("a", claims=["k"])),
        group(noted("b", claims=["k"])),
        group(noted("c", releases=["k"])),
        group(noted("d", claims=["k"])),
    )
    assert two == Taken("k", one.stamps[0], None)
    assert isinstance(three, Appended)
    assert journal.find(["k"]) == {"k": four.stamps[0]}
    assert texts(journal) == ["a", "c", "d"]


def test_a_group_is_appended_whole_or_not_at_all(open_journal):
    journal = open_journal()
    first = note(journal, "first", claims=["b"])
    outcome = append(journal, group(noted("x", claims=["a"]), noted("y", claims=["b"]), noted("z", claims=["c"])))
    assert outcome == [Taken("b", first, None)]
    assert journal.find(["a", "b", "c"]) == {"b": first}
    assert texts(journal) == ["first"]


def test_a_release_of_what_nobody_holds_refuses_the_group(open_journal):
    journal = open_journal()
    assert append(journal, group(noted("a"), noted("b", releases=["k"]))) == [Refused("k", held=False)]
    assert texts(journal) == []


def test_an_optional_release_leaves_out_its_draft_alone(open_journal):
    journal = open_journal()
    note(journal, "follows", claims=["follow:1:2"])
    cut = (
        noted("cut 1 2", releases=["follow:1:2"], optional=True),
        noted("cut 2 1", releases=["follow:2:1"], optional=True),
    )
    (blocked,) = append(journal, group(noted("blocks", claims=["block:2:1"]), *cut))
    assert [stamp is not None for stamp in blocked.stamps] == [True, True, False]
    assert texts(journal) == ["follows", "blocks", "cut 1 2"]
    assert append(journal, group(*cut)) == [Appended((None, None))]


def test_a_key_can_be_released_and_taken_again_within_a_group(open_journal):
    journal = open_journal()
    note(journal, claims=["name:old"])
    (renamed,) = append(journal, group(noted("renamed", claims=["name:new"], releases=["name:old"])))
    (again,) = append(journal, group(noted("gone", releases=["name:new"]), noted("back", claims=["name:new"])))
    assert isinstance(renamed, Appended)
    assert journal.find(["name:old", "name:new"]) == {"name:new": again.stamps[1]}


def test_a_key_claimed_twice_within_a_group_is_refused(open_journal):
    journal = open_journal()
    assert append(journal, group(noted(claims=["k"]), noted(claims=["k"]))) == [Refused("k", held=True)]
    assert journal.find(["k"]) == {}


def test_required_keys_must_be_held_and_forbidden_ones_must_not(open_journal):
    journal = open_journal()
    note(journal, "deleted", claims=["deleted:9"])
    assert append(
        journal,
        group(noted("reply"), forbids=["deleted:9"]),
        group(noted("ok"), forbids=["deleted:8"], requires=["deleted:9"]),
        group(noted("pin"), requires=["post:9"]),
    )[::2] == [Refused("deleted:9", held=True), Refused("post:9", held=False)]
    assert texts(journal) == ["deleted", "ok"]


def test_a_retry_is_answered_by_its_first_event_even_if_what_it_required_has_gone(open_journal):
    journal = open_journal()
    reply = group(noted("reply", claims=[Claim("once:1", b"body")]), forbids=["deleted:9"])
    (first,) = append(journal, reply)
    note(journal, "deleted", claims=["deleted:9"])
    assert append(journal, reply) == [Taken("once:1", first.stamps[0], b"body")]


def test_an_expired_claim_is_free_and_is_swept(open_journal):
    clock = Clock()
    journal = open_journal(clock=clock)
    note(journal, "a", claims=[Claim("once:a", expires_ms=NOW_MS + 1_000), Claim("once:b", expires_ms=NOW_MS + 5_000)])
    clock.now_ms += 999
    assert set(journal.find(["once:a", "once:b"])) == {"once:a", "once:b"}
    clock.now_ms += 1
    assert set(journal.find(["once:a", "once:b"])) == {"once:b"}
    again = note(journal, "b", claims=["once:a"])
    assert journal.find(["once:a"]) == {"once:a": again}
    clock.now_ms += 60_000
    note(journal, "c")
    journal.close()
    journal = open_journal(clock=Clock(NOW_MS))
    assert set(journal.find(["once:a", "once:b"])) == {"once:a"}


def test_a_clock_that_leaps_ahead_and_back_costs_nobody_a_claim(open_journal):
    clock = Clock()
    journal = open_journal(clock=clock)
    first = note(journal, claims=[Claim("once:a", expires_ms=NOW_MS + 1_000)])
    clock.now_ms += 60_000
    journal.append([])
    clock.now_ms -= 60_000
    assert journal.find(["once:a"]) == {"once:a": first}


def test_a_sweep_takes_a_bounded_number_and_gets_through(open_journal, monkeypatch):
    monkeypatch.setattr("whimbrel.engines.journal.keys.CLAIMS_SWEPT_MAX", 10)
    clock = Clock()
    journal = open_journal(clock=clock)
    note(journal, claims=[Claim(f"once:{number}", expires_ms=NOW_MS + 1) for number in range(25)])
    for _ in range(3):
        clock.now_ms += 1_000
        note(journal)
    journal.close()
    clock.now_ms = NOW_MS - 1_000_000
    assert not open_journal(clock=clock).find([f"once:{number}" for number in range(25)])


def test_an_empty_group_and_an_empty_batch_ask_and_change_nothing(open_journal):
    journal = open_journal()
    head = journal.head()
    assert journal.append([]) == ([], [])
    assert append(journal, group(requires=["k"]), group(forbids=["k"])) == [Refused("k", held=False), Appended(())]
    assert journal.head() == head


TOO_LARGE = group(noted("x" * (PAYLOAD_BYTES_MAX + 1)))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (TOO_LARGE, PAYLOAD_TOO_LARGE),
        (group(*[noted()] * (GROUP_DRAFTS_MAX + 1)), TOO_MANY_DRAFTS),
        (group(noted(id=1 << 63)), MALFORMED),
        (group(noted(id=-1)), MALFORMED),
        (group(noted(actor=1 << 63)), MALFORMED),
        (group(noted(claims=["k" * (CLAIM_KEY_BYTES_MAX + 1)])), MALFORMED),
        (group(noted(claims=["ä" * CLAIM_KEY_BYTES_MAX])), MALFORMED),
        (group(noted(claims=["a\0b"])), MALFORMED),
        (group(noted(releases=["\ud800"])), MALFORMED),
        (group(noted(), requires=["\udfff"]), MALFORMED),
        (group(noted(claims=[Claim("k", expires_ms=1 << 63)])), MALFORMED),
        (Group((Draft("", 1, b"x"),)), MALFORMED),
        (Group((Draft("Ärger", 1, b"x"),)), MALFORMED),
        (Group((Draft("T" * 65, 1, b"x"),)), MALFORMED),
    ],
)
def test_a_group_that_no_journal_could_hold_is_refused_alone(open_journal, wrong, why):
    journal = open_journal()
    before, refused, after = append(journal, group(noted("before")), wrong, group(noted("after")))
    assert refused == Refused(why, held=True)
    assert isinstance(before, Appended)
    assert isinstance(after, Appended)
    assert texts(journal) == ["before", "after"]


def test_a_group_at_its_limits_is_taken(open_journal):
    journal = open_journal()
    largest = noted("x" * PAYLOAD_BYTES_MAX, id=(1 << 63) - 1, claims=["k" * CLAIM_KEY_BYTES_MAX, "ünïcode:標"])
    assert isinstance(append(journal, group(largest, *[noted()] * (GROUP_DRAFTS_MAX - 1)))[0], Appended)
    assert len(everything(journal)) == GROUP_DRAFTS_MAX + 1
