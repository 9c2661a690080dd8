"""Killed at each step, the migration goes on or goes away at the next call, and the server serves all the while.

The steps are those that the command prints: it is killed as soon as it has begun one.
"""

import pytest

BEFORE_THE_SWITCH = ("copy", "migrate", "follow", "compare")
AFTER_IT = ("switch", "take over")
BACK = ("follow", "switch", "take over")


@pytest.fixture
def filled(home):
    client = home.client(home.people["ada"])
    home.said = {client.post("/api/v1/statuses", {"status": f"post {number}"}).json["id"] for number in range(20)}
    client.close()
    return home


def everything_is_there(home):
    assert home.said <= set(home.posted(home.people["ada"]))


def say_something(home):
    client = home.client(home.people["ada"])
    reply = client.post("/api/v1/statuses", {"status": f"one more than {len(home.said)}"})
    client.close()
    assert reply.status == 200, reply
    home.said.add(reply.json["id"])


def test_a_migration_that_is_killed_before_the_switch_is_begun_again(filled, old, new):
    for step in BEFORE_THE_SWITCH:
        filled.run_until(new, step, "migrate")
        say_something(filled)
        everything_is_there(filled)
        assert filled.serving() == old.version
    filled.run(new, "migrate")
    filled.all_serve(new)
    everything_is_there(filled)
    assert filled.stores() == ["store-1.sqlite", "store-2.sqlite"]


def test_a_migration_that_is_killed_at_the_switch_is_gone_on_with(filled, old, new):
    for step in AFTER_IT:
        filled.run_until(new, step, "migrate")
        say_something(filled)
        everything_is_there(filled)
    filled.run(new, "migrate")
    filled.all_serve(new)
    everything_is_there(filled)
    assert filled.stores() == ["store-1.sqlite", "store-2.sqlite"]
    filled.run(new, "migrate", "--back")
    filled.all_serve(old)
    everything_is_there(filled)
    assert filled.stores() == ["store-1.sqlite"]


def test_a_way_back_that_is_killed_at_any_step_is_gone_on_with(filled, old, new):
    filled.run(new, "migrate")
    filled.all_serve(new)
    for step in BACK:
        filled.run_until(new, step, "migrate", "--back")
        say_something(filled)
        everything_is_there(filled)
    filled.run(old, "migrate", "--back")
    filled.all_serve(old)
    everything_is_there(filled)
    assert filled.stores() == ["store-1.sqlite"]


def test_a_way_back_that_was_cut_off_can_also_be_given_up(filled, new):
    filled.run(new, "migrate")
    filled.run_until(new, "switch", "migrate", "--back")
    said = filled.run(new, "migrate")
    filled.all_serve(new)
    assert new.version in said
    filled.run(new, "migrate", "--finish")
    everything_is_there(filled)
    assert filled.stores() == ["store-2.sqlite"]


def test_finishing_that_is_killed_is_finished_by_a_second_call(filled, new):
    filled.run(new, "migrate")
    filled.run_until(new, "finish", "migrate", "--finish")
    filled.run(new, "migrate", "--finish")
    assert filled.stores() == ["store-2.sqlite"]
    assert "nothing is unfinished" in filled.run(new, "migrate", "--finish")


@pytest.mark.parametrize("started", ["old", "new"])
def test_after_server_and_migration_died_at_the_switch_either_release_can_be_started(filled, old, new, started):
    release = {"old": old, "new": new}[started]
    filled.run_until(new, "take over", "migrate")
    filled.kill()
    filled.use(release)
    filled.start()
    assert filled.serving() == release.version
    everything_is_there(filled)
    say_something(filled)
    filled.run(new, "migrate")
    filled.all_serve(new)
    everything_is_there(filled)
    filled.run(new, "migrate", "--finish")
    assert "whole" in filled.run(new, "verify")


def test_a_server_that_is_killed_under_a_migration_comes_back_as_it_was(filled, old, new):
    filled.run_until(new, "compare", "migrate")
    filled.kill()
    filled.start()
    everything_is_there(filled)
    assert filled.serving() == old.version
    filled.run(new, "migrate")
    everything_is_there(filled)


def test_a_core_that_dies_between_switch_and_take_over_goes_on_with_its_own_store(filled, old, new):
    filled.run_until(new, "switch", "migrate")
    filled.kill_child("core")
    assert filled.serving() == old.version
    say_something(filled)
    everything_is_there(filled)


def test_with_the_server_stopped_the_way_back_is_only_a_word_in_the_journal(filled, old, new):
    filled.run(new, "migrate")
    filled.all_serve(new)
    say_something(filled)
    assert filled.stop() == 0
    said = filled.run(old, "migrate", "--back")
    assert "is to be started" in said
    filled.start()
    assert filled.serving() == old.version
    everything_is_there(filled)
    assert filled.stores() == ["store-1.sqlite"]
