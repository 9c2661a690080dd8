"""Mutes and blocks where somebody looks on purpose, in a thread or at a profile: Mastodon's rules, on a real server."""

import pytest

from tests.support.serving import SETTLE_SECONDS, eventually


@pytest.fixture(scope="module")
def cast(people):
    """Ada reads; Bo, Cy and Di write."""
    return people("m_ada", "m_bo", "m_cy", "m_di")


@pytest.fixture
def ada(cast):
    """The reader, who hides nobody yet."""
    ada, *others = cast
    for other in others:
        ada.does(f"accounts/{other.id}/unmute")
        ada.does(f"accounts/{other.id}/unblock")
        other.does(f"accounts/{ada.id}/unblock")
    return ada


@pytest.fixture(scope="module")
def thread(cast):
    """Bo asks, Cy answers, Di answers Cy, Bo answers Di and names Cy: their ids in this order."""
    _, bo, cy, di = cast
    ids = [bo.post("Where do they fly?")]
    for author, text in ((cy, "North."), (di, "No, south."), (bo, f"@{cy.name} who is right?")):
        ids.append(author.post(text, in_reply_to_id=str(ids[-1])))
    return ids


@pytest.fixture(scope="module")
def profile(cast):
    """On Bo's profile: a post, reblogs of posts by Cy and by Di, and their ids in this order."""
    _, bo, cy, di = cast
    return [
        bo.post(f"@{cy.name} look at these"),
        *(int(bo.does(f"statuses/{by.post('A whimbrel.')}/reblog")["id"]) for by in (cy, di)),
    ]


def around(person, post):
    """The ids above and below a post, as somebody sees them."""
    reply = person.client.get(f"/api/v1/statuses/{post}/context")
    assert reply.status == 200, reply
    return [[int(one["id"]) for one in reply.json[key]] for key in ("ancestors", "descendants")]


def test_a_thread_is_shown_without_those_whom_the_reader_mutes_or_blocks(ada, cast, thread):
    _, _, cy, di = cast
    asked, by_cy, by_di, again = thread
    assert around(ada, asked) == [[], [by_cy, by_di, again]]
    assert around(ada, again) == [[asked, by_cy, by_di], []]
    ada.does(f"accounts/{cy.id}/mute")
    ada.does(f"accounts/{di.id}/block")
    assert around(ada, asked) == [[], [again]]
    assert around(ada, again) == [[asked], []]


def test_a_post_of_somebody_muted_that_is_opened_is_shown_with_what_stands_around_it(ada, cast, thread):
    asked, by_cy, by_di, again = thread
    ada.does(f"accounts/{cast[2].id}/mute")
    assert around(ada, by_cy) == [[asked], [by_di, again]]


def test_a_mute_that_has_run_out_hides_nothing_in_a_thread(ada, cast, thread):
    ada.does(f"accounts/{cast[2].id}/mute", duration=1)
    eventually(lambda: thread[1] in around(ada, thread[0])[1], seconds=SETTLE_SECONDS, what="the muted answer is back")


def test_the_muted_see_their_own_answers_and_others_see_the_whole_thread(ada, cast, thread):
    ada.does(f"accounts/{cast[2].id}/mute")
    for person in cast[1:]:
        assert around(person, thread[0]) == [[], thread[1:]]


def test_a_muted_account_that_is_looked_up_shows_its_posts(ada, cast, profile):
    ada.does(f"accounts/{cast[1].id}/mute")
    assert set(profile) <= set(ada.ids(f"accounts/{cast[1].id}/statuses"))


def test_a_profile_is_shown_without_reblogs_of_those_whom_the_reader_mutes_or_blocks(ada, cast, profile):
    _, bo, cy, di = cast
    own, of_cy, of_di = profile
    ada.does(f"accounts/{cy.id}/mute")
    assert {own, of_cy, of_di} & set(ada.ids(f"accounts/{bo.id}/statuses")) == {own, of_di}
    di.does(f"accounts/{ada.id}/block")
    assert {own, of_cy, of_di} & set(ada.ids(f"accounts/{bo.id}/statuses")) == {own}


def test_a_page_of_a_profile_is_filled_up_where_reblogs_were_left_out(ada, cast, profile):
    _, bo, cy, di = cast
    for other in (cy, di):
        ada.does(f"accounts/{other.id}/mute")
    assert ada.ids(f"accounts/{bo.id}/statuses", limit=1, max_id=profile[2] + 1) == [profile[0]]
    assert ada.ids(f"accounts/{bo.id}/statuses", limit=1, min_id=profile[0] - 1) == [profile[0]]


def test_ones_own_profile_keeps_what_one_has_reblogged_of_somebody_muted(ada, cast):
    reblog = int(ada.does(f"statuses/{cast[2].post('A curlew.')}/reblog")["id"])
    ada.does(f"accounts/{cast[2].id}/mute")
    assert reblog in ada.ids(f"accounts/{ada.id}/statuses")
