"""Mastodon's rules for a home timeline, one by one, on a real server; and the accidents that the model test found."""

import pytest


@pytest.fixture(scope="module")
def cast(people):
    """Ada reads. She follows Bo and Cy; Di is a stranger to her, and Ed is blocked or muted where a test says so."""
    return dict(zip("abcd", people("h_ada", "h_bo", "h_cy", "h_di"), strict=True))


@pytest.fixture
def ada(cast):
    """The reader, with her ties as at the beginning."""
    ada, bo, cy, di = (cast[name] for name in "abcd")
    for other in (bo, cy, di):
        ada.does(f"accounts/{other.id}/unblock")
        ada.does(f"accounts/{other.id}/unmute")
        other.does(f"accounts/{ada.id}/unblock")
    ada.does(f"accounts/{di.id}/unfollow")
    ada.follows(bo, cy, reblogs=True, languages=[])
    ada.does("tags/homerules/unfollow")
    return ada


def test_ones_own_posts_stand_in_ones_home_whatever_they_say(ada, cast):
    ada.does(f"accounts/{cast['d'].id}/mute")
    own = [ada.post(f"mine @{cast['d'].name}", visibility=visibility) for visibility in ("public", "direct")]
    assert ada.home()[:2] == own[::-1]


def test_an_answer_to_somebody_whom_the_reader_does_not_follow_is_left_out(ada, cast):
    said = cast["d"].post("by a stranger")
    answer = cast["b"].post("to a stranger", in_reply_to_id=str(said))
    assert answer not in ada.home()


def test_answers_to_the_reader_to_the_followed_and_to_oneself_are_shown(ada, cast):
    by_cy, by_ada, by_bo = cast["c"].post("one"), ada.post("two"), cast["b"].post("three")
    answers = [cast["b"].post("an answer", in_reply_to_id=str(id_)) for id_ in (by_cy, by_ada, by_bo)]
    assert ada.home()[:3] == answers[::-1]


def test_a_direct_post_is_shown_to_those_whom_it_names_only(ada, cast):
    named = cast["b"].post(f"@{ada.name} psst", visibility="direct")
    other = cast["b"].post(f"@{cast['c'].name} psst", visibility="direct")
    home = ada.home()
    assert named in home
    assert other not in home


@pytest.mark.parametrize("verb", ["block", "mute"])
def test_nothing_by_reblogging_or_naming_somebody_hidden_is_shown(ada, cast, verb):
    by_di = cast["d"].post("by di")
    before = cast["b"].post(f"naming @{cast['d'].name}")
    reblog = int(cast["b"].does(f"statuses/{by_di}/reblog")["id"])
    ada.does(f"accounts/{cast['d'].id}/{verb}")
    assert not {by_di, before, reblog} & set(ada.home())


def test_nothing_of_somebody_who_blocks_the_reader_is_shown_even_when_reblogged(ada, cast):
    by_di = cast["d"].post("by di")
    reblog = int(cast["b"].does(f"statuses/{by_di}/reblog")["id"])
    assert reblog in ada.home()
    cast["d"].does(f"accounts/{ada.id}/block")
    assert reblog not in ada.home()


def test_a_post_that_names_somebody_who_blocks_the_reader_was_hidden_from_the_reader(ada, cast):
    cast["d"].does(f"accounts/{ada.id}/block")
    naming = cast["b"].post(f"@{cast['d'].name} and @{ada.name}, hello")
    assert naming in ada.home()


def test_reblogs_are_hidden_where_the_reader_wants_none_of_that_account(ada, cast):
    by_di = cast["d"].post("by di, again")
    ada.follows(cast["b"], reblogs=False)
    reblog = int(cast["b"].does(f"statuses/{by_di}/reblog")["id"])
    assert reblog not in ada.home()
    ada.follows(cast["b"], reblogs=True)
    assert reblog in ada.home()


def test_a_follow_may_be_for_some_languages_only(ada, cast):
    ada.follows(cast["b"], languages=["de"])
    english, german = cast["b"].post("one", language="en"), cast["b"].post("eins", language="de")
    home = ada.home()
    assert german in home
    assert english not in home


def test_a_followed_hashtag_brings_in_public_posts_of_strangers(ada, cast):
    ada.does("tags/homerules/follow")
    tagged = cast["d"].post("by a stranger #homerules")
    unlisted = cast["d"].post("by a stranger #homerules", visibility="unlisted")
    home = ada.home()
    assert tagged in home
    assert unlisted not in home


def test_a_followed_hashtag_was_ignored_in_answers_of_the_followed(ada, cast):
    ada.does("tags/homerules/follow")
    said = cast["d"].post("by a stranger")
    answer = cast["b"].post("to a stranger #homerules", in_reply_to_id=str(said))
    assert answer in ada.home()


def test_a_reblog_is_hidden_while_the_post_stands_within_forty_entries_below_it(ada, cast):
    said = cast["c"].post("to be shown again")
    near = int(cast["b"].does(f"statuses/{said}/reblog")["id"])
    assert near not in ada.home()
    cast["b"].does(f"statuses/{said}/unreblog")
    for number in range(40):
        cast["b"].post(f"in between {number}")
    far = int(cast["b"].does(f"statuses/{said}/reblog")["id"])
    assert far in ada.home()


def test_unfollowing_and_following_again_act_at_once(ada, cast):
    said = cast["b"].post("now you see me")
    ada.does(f"accounts/{cast['b'].id}/unfollow")
    assert said not in ada.home()
    ada.follows(cast["b"])
    assert said in ada.home()


def test_ones_own_post_that_names_somebody_blocked_was_gone_from_ones_public_timeline(ada, cast):
    ada.does(f"accounts/{cast['d'].id}/block")
    own = ada.post(f"@{cast['d'].name} hello")
    assert own in ada.ids("timelines/public")


def test_a_page_was_short_by_ones_own_reblog_of_somebody_who_blocks_one(ada, cast):
    before = ada.home(limit=1)[0]
    own = [ada.post(f"mine {number}") for number in range(3)]
    reblog = int(ada.does(f"statuses/{cast['d'].post('by di')}/reblog")["id"])
    assert ada.home(limit=4) == [reblog, *own[::-1]]
    cast["d"].does(f"accounts/{ada.id}/block")
    assert ada.home(limit=3) == own[::-1]
    assert ada.home(limit=3, since_id=before) == own[::-1]
    assert ada.home(limit=2, max_id=reblog + 1) == own[:0:-1]
    assert ada.home(limit=4, min_id=before) == own[::-1]
