"""Who is told, as a table; and which notifications are shown as one."""

import pytest

from whimbrel.microblog.notifications.rules import Facts, for_watchers, group_key, group_prefix, wanted
from whimbrel.microblog.notifications.values import GROUPED_KINDS, KINDS
from whimbrel.microblog.posts.events import PostCreated

HOUR_MS = 3_600_000
NOON_MS = 490_000 * HOUR_MS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (Facts(), True),
        (Facts(state="disabled"), True),
        (Facts(state="deleted"), False),
        (Facts(severed=True), False),
        (Facts(muted=True), False),
    ],
)
def test_blocks_mutes_and_deletion_silence_every_kind(kind: str, facts: Facts, told: bool) -> None:
    assert wanted(kind, facts) == told


@pytest.mark.parametrize("kind", KINDS)
def test_a_muted_conversation_silences_what_comes_out_of_it(kind: str) -> None:
    assert wanted(kind, Facts(quiet=True)) == (kind not in ("mention", "favourite", "reblog"))


@pytest.mark.parametrize(
    ("visibility", "replied_author", "told"),
    [
        ("public", None, True),
        ("unlisted", None, True),
        ("private", None, True),
        ("direct", None, False),
        ("public", 1, True),
        ("public", 2, False),
    ],
)
def test_watchers_hear_of_posts_and_threads_but_not_of_replies_to_others(
    visibility: str, replied_author: int | None, told: bool
) -> None:
    post = PostCreated("", "", visibility=visibility, in_reply_to_account_id=replied_author)
    assert for_watchers(1, post) == told


def test_only_some_kinds_are_grouped() -> None:
    assert [kind for kind in KINDS if group_prefix(kind, 7)] == [kind for kind in KINDS if kind in GROUPED_KINDS]
    assert group_prefix("favourite", 7) == "favourite-7-"
    assert group_prefix("follow", None) == "follow-"


def test_a_group_goes_on_for_less_than_twelve_hours() -> None:
    first = group_key("follow-", NOON_MS, None)
    assert first == "follow-490000"
    assert group_key("follow-", NOON_MS + 12 * HOUR_MS - 1, first) == first
    assert group_key("follow-", NOON_MS + 12 * HOUR_MS, first) == "follow-490012"
