"""Rule 9: a poisoned event stops neither the view nor anybody else, and a fixed version replays what it held up."""

import pytest

from tests.engines.store.shop import NEWER_VOCABULARY, Danced, Disliked, Joined, Liked, Removed, Wrote, apply_fixed
from whimbrel.engines.store.parked import ViewStopped, parked_events
from whimbrel.kernel.events import Draft, Group


def parked(shop):
    with shop.store.reading() as rows:
        return [(record.type, reason) for record, reason in parked_events(rows)]


def test_a_poisoned_event_is_parked_and_leaves_no_trace_in_the_rows(shop):
    ada = shop.happen(Joined("ada"))
    shop.happen(Wrote("before"), actor=ada)
    shop.happen(Wrote("POISON"), actor=ada)
    shop.happen(Wrote("after"), actor=ada)
    applied = shop.catch_up()
    assert (applied.sequence, applied.parked) == (shop.journal.head()[0], 1)
    assert shop.notes() == [("before", 0), ("after", 0)]
    assert shop.all("SELECT notes FROM people") == [(2,)]
    assert parked(shop) == [("Wrote", "ValueError: this note is too much")]


def test_later_events_about_a_parked_thing_are_parked_and_others_go_on(shop):
    ada = shop.happen(Joined("ada"))
    poisoned = shop.happen(Wrote("POISON"), actor=ada)
    shop.happen(Liked(), actor=ada, id=poisoned)
    shop.catch_up()
    shop.happen(Liked(), actor=ada, id=poisoned)
    fine = shop.happen(Wrote("fine"), actor=ada)
    shop.happen(Liked(), actor=ada, id=fine)
    shop.catch_up()
    assert [kind for kind, _ in parked(shop)] == ["Wrote", "Liked", "Liked"]
    assert shop.notes() == [("fine", 1)]


def test_what_a_parked_account_does_is_parked_but_not_those_whom_it_touches(shop):
    bo = shop.happen(Joined("bo"))
    note = shop.happen(Wrote("of bo"), actor=bo)
    (outcome,), _ = shop.journal.append([Group((Draft("Joined", 0, b"\xc1 no message"),))])
    broken = outcome.stamps[0].id
    shop.happen(Liked(), actor=broken, id=note)
    own = shop.happen(Wrote("of a parked account"), actor=broken)
    shop.happen(Liked(), actor=bo, id=own)
    shop.happen(Liked(), actor=bo, id=note)
    shop.catch_up()
    assert [kind for kind, _ in parked(shop)] == ["Joined", "Liked", "Wrote", "Liked"]
    assert shop.notes() == [("of bo", 1)]


def test_a_fixed_version_replays_what_is_parked_in_order(shop):
    ada = shop.happen(Joined("ada"))
    poisoned = shop.happen(Wrote("POISON"), actor=ada)
    shop.happen(Liked(), actor=ada, id=poisoned)
    shop.catch_up()
    assert shop.applying().replay_parked().parked == 2  # the same version: still poisoned
    assert shop.applying(apply_fixed).replay_parked().parked == 0
    assert (shop.notes(), parked(shop)) == ([("POISON", 1)], [])
    shop.happen(Liked(), actor=ada, id=poisoned)
    shop.catch_up(apply_fixed)
    assert shop.notes() == [("POISON", 2)]


def test_an_event_of_an_unknown_type_is_parked_until_a_version_knows_it(shop):
    ada = shop.happen(Joined("ada"))
    shop.happen(Wrote("one"), actor=ada)
    shop.happen(Danced(), actor=ada)
    shop.happen(Wrote("two"), actor=ada)
    shop.catch_up()
    assert parked(shop) == [("Danced", "this version does not know Danced")]
    assert shop.applying(apply_fixed, NEWER_VOCABULARY).replay_parked().parked == 0
    assert shop.all("SELECT notes FROM people") == [(-2,)]


def test_parking_survives_that_the_store_is_opened_again(shop):
    ada = shop.happen(Joined("ada"))
    poisoned = shop.happen(Wrote("POISON"), actor=ada)
    shop.catch_up()
    shop.writer.close()
    shop.writer.__init__(shop.path, shop.schemas)
    shop.happen(Liked(), actor=ada, id=poisoned)
    shop.catch_up()
    assert len(parked(shop)) == 2


def test_a_parked_event_that_was_deleted_loses_its_content(shop):
    ada = shop.happen(Joined("ada"))
    poisoned = shop.happen(Wrote("POISON"), actor=ada)
    shop.catch_up()
    assert shop.applying().blank_parked([poisoned], ["Wrote"]) == 1
    assert shop.all("SELECT payload FROM parked") == [(b"",)]
    assert shop.applying(apply_fixed).replay_parked().parked == 0
    assert shop.notes() == []


def test_a_deletion_of_what_is_parked_is_not_parked_and_nothing_of_it_remains(shop):
    ada, bo = shop.happen(Joined("ada")), shop.happen(Joined("bo"))
    note = shop.happen(Wrote("fine"), actor=ada)
    shop.happen(Wrote("POISON"), actor=ada, id=note)  # an edit, as it were
    shop.happen(Liked(), actor=bo, id=note)
    assert shop.catch_up().parked == 2
    shop.happen(Removed(), actor=ada, id=note)
    assert shop.catch_up().parked == -2
    assert (shop.notes(), parked(shop), shop.all("SELECT id FROM parked_keys")) == ([], [], [])


def test_what_waited_for_a_deleted_account_is_applied_before_the_deletion(shop):
    ada = shop.happen(Joined("ada"))
    (outcome,), _ = shop.journal.append([Group((Draft("Joined", 0, b"\xc1 no message"),))])
    broken = outcome.stamps[0].id
    note = shop.happen(Wrote("of ada"), actor=ada)
    shop.happen(Liked(), actor=broken, id=note)
    own = shop.happen(Wrote("of a parked account"), actor=broken)
    shop.happen(Liked(), actor=ada, id=own)
    shop.catch_up()
    shop.happen(Removed(), id=broken)
    shop.catch_up()
    assert (shop.notes(), parked(shop)) == ([("of ada", 1), ("of a parked account", 1)], [])


def test_what_a_parked_account_has_done_to_a_deleted_thing_does_not_come_back(shop):
    (outcome,), _ = shop.journal.append([Group((Draft("Joined", 0, b"\xc1 no message"),))])
    broken = outcome.stamps[0].id
    own = shop.happen(Wrote("of a parked account"), actor=broken)
    shop.happen(Removed(), actor=broken, id=own)
    shop.catch_up()
    assert [kind for kind, _ in parked(shop)] == ["Joined"]
    shop.applying(apply_fixed).replay_parked()
    assert shop.notes() == []


def test_an_unknown_event_about_a_deleted_thing_waits_for_its_version_and_holds_nothing_up(shop):
    ada = shop.happen(Joined("ada"))
    note = shop.happen(Wrote("fine"), actor=ada)
    shop.happen(Danced(), actor=ada, id=note)
    shop.catch_up()
    shop.happen(Removed(), actor=ada, id=note)
    shop.catch_up()
    shop.applying().replay_parked()
    assert (shop.notes(), shop.all("SELECT id FROM parked_keys")) == ([], [])
    assert parked(shop) == [("Danced", "this version does not know Danced")]
    assert shop.applying(apply_fixed, NEWER_VOCABULARY).replay_parked().parked == 0


def test_an_event_that_undoes_what_a_parked_account_did_waits_behind_it(shop):
    # A block ended a follow that was parked; the follow came back with the replay, and nothing could end it any more.
    ada = shop.happen(Joined("ada"))
    note = shop.happen(Wrote("of ada"), actor=ada)
    (outcome,), _ = shop.journal.append([Group((Draft("Joined", 0, b"\xc1 no message"),))])
    broken = outcome.stamps[0].id
    shop.happen(Liked(), actor=broken, id=note)
    shop.happen(Disliked(broken), actor=ada, id=note)
    shop.catch_up()
    assert [kind for kind, _ in parked(shop)] == ["Joined", "Liked", "Disliked"]
    shop.happen(Removed(), id=broken)
    shop.catch_up()
    assert shop.notes() == [("of ada", 0)]


def test_above_its_limit_the_view_stops_where_it_stood(shop, monkeypatch):
    monkeypatch.setattr("whimbrel.engines.store.parked.PARKED_EVENTS_MAX", 3)
    ada = shop.happen(Joined("ada"))
    shop.catch_up()
    stood = shop.writer.standing().sequence
    for _ in range(4):
        shop.happen(Wrote("POISON"), actor=ada)
    with pytest.raises(ViewStopped):
        shop.catch_up()
    assert shop.writer.standing().sequence == stood
    shop.catch_up(apply_fixed)
    assert len(shop.notes()) == 4
