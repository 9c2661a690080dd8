"""Every entity that is rendered fits Mastodon's description of it, and the kept bytes never go stale."""

import json

import msgspec
import pytest

from tests.support.openapi import assert_entity
from whimbrel.api.mastodon.render.accounts import AccountsJson
from whimbrel.api.mastodon.render.addresses import Addresses
from whimbrel.api.mastodon.render.notifications import POLICY, NotificationsJson, marker
from whimbrel.api.mastodon.render.posts import PostsJson, source
from whimbrel.api.mastodon.render.relationships import relationship
from whimbrel.api.times import day, midnight, moment
from whimbrel.kernel.limits import ACCOUNTS_RENDERED_MAX, POSTS_RENDERED_MAX
from whimbrel.microblog.accounts.events import Field
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.graph.values import FollowSettings, MuteSettings, Relationship
from whimbrel.microblog.notifications.values import KINDS, Marker, Notification, NotificationGroup
from whimbrel.microblog.posts.events import Mention, Tag
from whimbrel.microblog.posts.values import FAVOURITED, PINNED, REBLOGGED, Post, Revision, Shown

NOW_MS = 1_790_000_000_123
NASTY = 'quote " backslash \\ newline \n tag </script> \u2028 \U0001f426 \x7f'

ADDRESSES = Addresses("https://birds.example")
ACCOUNTS = AccountsJson(ADDRESSES)
POSTS = PostsJson(ADDRESSES, ACCOUNTS)
NOTIFICATIONS = NotificationsJson(ACCOUNTS, POSTS)

IRIS = Account(
    id=109_000_000_000_000_001,
    name="iris",
    created_ms=NOW_MS,
    display_name=NASTY,
    note=NASTY,
    note_html="<p>Birds</p>",
    fields=(Field("Home", "https://iris.example", "<a>iris.example</a>", NOW_MS), Field("Pronouns", "she", "she")),
    role="admin",
    followers=2,
    last_post_ms=NOW_MS,
)
OTTO = Account(id=109_000_000_000_000_002, name="otto", created_ms=NOW_MS)


def post(**changes):
    usual = {
        "id": 113_000_000_000_000_007,
        "account_id": IRIS.id,
        "created_ms": NOW_MS,
        "visibility": "public",
        "text": NASTY,
        "html": f"<p>{NASTY}</p>",
        "spoiler": NASTY,
        "language": "en",
        "mentions": (Mention(OTTO.id, "otto"),),
        "tags": (Tag("v\xf6gel", "V\xf6gel"),),
        "app_name": NASTY,
        "app_website": "https://app.example",
    }
    return Post(**{**usual, **changes})


def reblog_of(shown):
    wrapper = Post(id=114_000, account_id=OTTO.id, created_ms=NOW_MS, visibility="public", reblog_of_id=shown.post.id)
    return Shown(wrapper, OTTO, shown.marks, shown)


SHOWN = Shown(post(), IRIS, FAVOURITED)


@pytest.mark.parametrize("account", [IRIS, OTTO], ids=["full", "plain"])
def test_an_account_is_mastodons_account(account):
    value = assert_entity("Account", ACCOUNTS.one(account))
    assert (value["id"], value["acct"]) == (str(account.id), account.name)
    assert value["display_name"] == account.display_name


def test_only_the_owner_is_shown_the_source_of_a_profile():
    value = assert_entity("CredentialAccount", ACCOUNTS.own(IRIS, follow_requests=3))
    assert value["source"]["note"] == NASTY
    assert value["source"]["fields"][0]["value"] == "https://iris.example"
    assert value["source"]["follow_requests_count"] == 3
    assert value["fields"][0]["value"] == "<a>iris.example</a>"
    assert "source" not in json.loads(ACCOUNTS.one(IRIS))


def test_a_muted_account_says_until_when():
    entries = [(IRIS, MuteSettings(expires_ms=NOW_MS)), (OTTO, MuteSettings())]
    first, second = assert_entity("MutedAccount", ACCOUNTS.muted(entries), listed=True)
    assert (first["mute_expires_at"], second["mute_expires_at"]) == (moment(NOW_MS), None)


@pytest.mark.parametrize("marks", [None, *range(32)])
def test_a_post_is_mastodons_status_with_every_combination_of_flags(marks):
    value = assert_entity("Status", POSTS.one(Shown(post(), IRIS, marks)))
    assert value["content"] == f"<p>{NASTY}</p>"
    assert value["mentions"][0]["acct"] == "otto"
    assert value["tags"][0] == {"name": "v\xf6gel", "url": "https://birds.example/tags/v%C3%B6gel"}
    if marks is None:
        assert not {"favourited", "pinned", "filtered"} & set(value)
    else:
        assert value["favourited"] is bool(marks & FAVOURITED)
        assert value["reblogged"] is bool(marks & REBLOGGED)
        assert value["pinned"] is bool(marks & PINNED)


def test_a_post_without_anything_is_a_status_too():
    bare = Post(id=1, account_id=OTTO.id, created_ms=NOW_MS, visibility="direct")
    value = assert_entity("Status", POSTS.one(Shown(bare, OTTO)))
    assert value["application"] is value["language"] is value["reblog"] is None


def test_a_reblog_holds_the_post_whole():
    value = assert_entity("Status", POSTS.one(reblog_of(SHOWN)))
    assert value["account"]["acct"] == "otto"
    assert value["reblog"]["account"]["acct"] == "iris"
    assert value["reblog"]["reblog"] is None


def test_a_page_is_the_posts_in_their_order():
    page = [reblog_of(SHOWN), SHOWN]
    assert json.loads(POSTS.many(page)) == [json.loads(POSTS.one(shown)) for shown in page]
    assert POSTS.many([]) == b"[]"


def test_a_changed_post_or_author_is_never_served_from_kept_bytes():
    posts = PostsJson(ADDRESSES, AccountsJson(ADDRESSES))
    posts.one(SHOWN)
    liked = Shown(msgspec.structs.replace(SHOWN.post, favourites=7), IRIS, None)
    renamed = Shown(SHOWN.post, msgspec.structs.replace(IRIS, display_name="Iris G."), None)
    assert json.loads(posts.one(liked))["favourites_count"] == 7
    assert json.loads(posts.one(SHOWN))["favourites_count"] == 0
    assert json.loads(posts.one(renamed))["account"]["display_name"] == "Iris G."
    assert json.loads(posts.one(SHOWN))["account"]["display_name"] == NASTY


def test_kept_bytes_are_forgotten_beyond_their_limit_and_made_again():
    posts = PostsJson(ADDRESSES, AccountsJson(ADDRESSES))
    for number in range(1, max(POSTS_RENDERED_MAX, ACCOUNTS_RENDERED_MAX) + 2):
        author = Account(id=number, name="many", created_ms=NOW_MS)
        posts.one(Shown(Post(id=number, account_id=number, created_ms=NOW_MS, visibility="public"), author))
    assert len(posts._kept) <= POSTS_RENDERED_MAX
    assert json.loads(posts.one(SHOWN))["id"] == str(SHOWN.post.id)


def test_a_deleted_post_gives_its_source_back():
    assert assert_entity("Status", POSTS.deleted(SHOWN))["text"] == NASTY


def test_source_history_and_context_fit_their_entities():
    assert_entity("StatusSource", json.dumps(source(SHOWN.post)))
    assert_entity("StatusEdit", POSTS.history([Revision("<p>a</p>", "", False, NOW_MS, IRIS)] * 2), listed=True)
    value = assert_entity("Context", POSTS.context([SHOWN], [SHOWN, reblog_of(SHOWN)]))
    assert (len(value["ancestors"]), len(value["descendants"])) == (1, 2)


@pytest.mark.parametrize(
    "between",
    [
        Relationship(account_id=7),
        Relationship(
            account_id=7,
            following=FollowSettings(reblogs=False, notify=True, languages=("en", "de")),
            followed_by=True,
            muting=MuteSettings(notifications=False, expires_ms=NOW_MS),
            note=NASTY,
        ),
        Relationship(account_id=7, requested=FollowSettings(), requested_by=True, blocking=True, blocked_by=True),
    ],
    ids=["nothing", "much", "asked"],
)
def test_a_relationship_is_mastodons_relationship(between):
    value = assert_entity("Relationship", json.dumps(relationship(between)))
    assert value["following"] is (between.following is not None)
    assert value["showing_reblogs"] is bool((between.following or between.requested or FollowSettings(False)).reblogs)
    assert value["muting_notifications"] is False


@pytest.mark.parametrize("kind", KINDS)
def test_a_notification_of_each_kind_is_mastodons_notification(kind):
    about = SHOWN if kind not in ("follow", "follow_request") else None
    value = assert_entity("Notification", NOTIFICATIONS.one(Notification(9, kind, NOW_MS, OTTO, about, f"{kind}-7-9")))
    assert (value["type"], value["id"], value["group_key"]) == (kind, "9", f"{kind}-7-9")
    assert ("status" in value) is (about is not None)


def group(key, accounts, shown=None):
    return NotificationGroup(key, "favourite" if shown else "follow", 9, 90, 80, NOW_MS, accounts, shown)


def test_groups_name_each_account_and_post_once():
    groups = [group("favourite-7", (IRIS, OTTO), SHOWN), group("follow-7", (OTTO, IRIS))]
    value = assert_entity("GroupedNotificationsResults", NOTIFICATIONS.groups(groups, partial_avatars=False))
    assert sorted(one["acct"] for one in value["accounts"]) == ["iris", "otto"]
    assert len(value["statuses"]) == 1
    assert value["notification_groups"][0]["status_id"] == str(SHOWN.post.id)
    assert "partial_accounts" not in value
    assert_entity("GroupedNotificationsResults", NOTIFICATIONS.groups([], partial_avatars=False))


def test_with_partial_avatars_only_the_newest_account_of_a_group_is_whole():
    crowd = tuple(Account(id=number, name=f"bird{number}", created_ms=NOW_MS) for number in range(1, 9))
    value = assert_entity(
        "GroupedNotificationsResults", NOTIFICATIONS.groups([group("f", crowd, SHOWN)], partial_avatars=True)
    )
    assert [one["acct"] for one in value["accounts"]] == ["bird1"]
    assert [one["acct"] for one in value["partial_accounts"]] == [f"bird{number}" for number in range(2, 9)]


def test_markers_and_the_policy_fit_their_entities():
    assert_entity("Marker", json.dumps(marker(Marker("home", 5, 2, NOW_MS))))
    assert_entity("NotificationPolicy", json.dumps(POLICY))


@pytest.mark.parametrize(
    ("time_ms", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_827_696_789, "2000-02-29T12:34:56.789Z"),
        (4_102_444_800_001, "2100-01-01T00:00:00.001Z"),
    ],
)
def test_a_moment_is_written_in_utc_with_milliseconds(time_ms, written):
    assert moment(time_ms) == written
    assert day(time_ms) == written[:10]
    assert midnight(time_ms) == f"{written[:10]}T00:00:00.000Z"
