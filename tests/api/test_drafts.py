"""Posts and profiles as clients send them: understood, or refused with words."""

import json

import pytest
from msgspec import UNSET

from whimbrel.api.bodies import query_tree
from whimbrel.api.mastodon.drafts import draft_of, idempotency_key
from whimbrel.api.mastodon.profile import change_of
from whimbrel.api.parameters import Parameters, Upload
from whimbrel.api.request import Request
from whimbrel.kernel.errors import BadRequest, Invalid
from whimbrel.microblog.accounts.requests import ProfileChange
from whimbrel.microblog.accounts.values import Session
from whimbrel.microblog.posts.values import PostDraft


def posted(query="", *, session=None, **headers):
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"method": "POST", "path": "/api/v1/statuses", "query_string": query.encode(), "headers": fields}
    request = Request(scope, None, None)
    request.session = session
    return request


def test_a_plain_post_leaves_every_choice_to_the_accounts_defaults():
    assert draft_of(posted("status=Hello")) == PostDraft(text="Hello")


def test_a_whole_post_is_understood_with_the_app_it_came_from():
    session = Session(
        id=1,
        token_hash="h",
        account_id=2,
        app_id=3,
        app_name="Feather",
        app_website=None,
        scopes=("write",),
        kind="access",
        created_ms=0,
    )
    query = "status=a&visibility=private&spoiler_text=b&sensitive=true&language=pt-BR&in_reply_to_id=7"
    assert draft_of(posted(query, session=session)) == PostDraft(
        text="a",
        visibility="private",
        spoiler="b",
        sensitive=True,
        language="pt-BR",
        in_reply_to_id=7,
        app_id=3,
        app_name="Feather",
    )


@pytest.mark.parametrize(
    "query",
    [
        "status=a&visibility=secret",
        "status=a&language=%3Cscript%3E",
        "status=a&language=" + "a-" * 30 + "aa",
        "status=a&in_reply_to_id=abc",
        "status=a&sensitive=perhaps",
        "status[]=a",
    ],
)
def test_a_wrong_value_is_refused_before_anything_is_published(query):
    with pytest.raises(Invalid):
        draft_of(posted(query))


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("status=a&media_ids[]=1", "media"),
        ("status=a&poll[options][]=x&poll[expires_in]=60", "Polls"),
        ("status=a&scheduled_at=2031-01-01T00:00:00Z", "scheduled"),
        ("status=a&quoted_status_id=5", "quoted"),
    ],
)
def test_what_this_server_cannot_do_is_refused_and_never_dropped(query, word):
    with pytest.raises(Invalid, match=word):
        draft_of(posted(query))


def test_an_idempotency_key_is_any_short_header():
    assert idempotency_key(posted(idempotency_key="a b c")) == "a b c"
    assert idempotency_key(posted(idempotency_key="")) is None
    assert idempotency_key(posted()) is None
    with pytest.raises(Invalid):
        idempotency_key(posted(idempotency_key="x" * 256))


def test_a_profile_change_holds_only_what_was_sent():
    assert change_of(Parameters({})) == ProfileChange()
    change = change_of(
        Parameters({"display_name": "", "locked": "true", "source": {"language": "", "privacy": "direct"}})
    )
    assert (change.display_name, change.locked, change.default_language) == ("", True, None)
    assert change.default_visibility == "direct"
    assert change.note is change.default_sensitive is UNSET


@pytest.mark.parametrize("written", ["query", "json"])
def test_profile_fields_come_in_order_without_the_empty_ones(written):
    home = b"fields_attributes[0][name]=Home&fields_attributes[0][value]=x"
    values = query_tree(home + b"&fields_attributes[1][name]=&fields_attributes[1][value]=")
    sent = values if written == "query" else json.loads(json.dumps(values))
    assert change_of(Parameters(sent)).fields == (("Home", "x"),)


@pytest.mark.parametrize(
    "sent",
    [
        {"avatar": Upload("me.png", "image/png", b"x")},
        {"header": "data:image/png;base64,eA=="},
        {"attribution_domains": ["blog.example"]},
        {"source": {"privacy": "secret"}},
        {"source": "flat"},
        {"locked": "perhaps"},
        {"fields_attributes": "flat"},
        {"note": ["a"]},
    ],
)
def test_a_wrong_profile_change_is_refused(sent):
    with pytest.raises(Invalid):
        change_of(Parameters(sent))


def test_a_name_given_twice_never_reaches_the_draft():
    with pytest.raises(BadRequest):
        draft_of(posted("status=a&status=b"))
