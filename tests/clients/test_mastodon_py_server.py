"""Mastodon.py asks what the server is and has, and for things that nobody has here."""

import pytest
from mastodon.errors import MastodonAPIError, MastodonNotFoundError

from whimbrel import __version__


def test_the_server_says_what_it_is(anonymous, server):
    address = server.url.removeprefix("http://")
    assert anonymous.instance_v1().uri == address
    assert anonymous.instance_v2().domain == anonymous.instance().domain == address
    assert (
        anonymous.instance_v1().version
        == f"{anonymous.retrieve_mastodon_version()} (compatible; Whimbrel {__version__})"
    )
    assert anonymous.verify_minimum_version("4.3.0")
    anonymous.clear_caches()
    assert anonymous.instance_health() is True
    assert anonymous.instance_nodeinfo().software.name == "whimbrel"
    assert len(anonymous.instance_activity()) == 12
    assert anonymous.instance_peers() == anonymous.instance_rules() == anonymous.instance_domain_blocks() == []
    assert anonymous.instance_extended_description().content is not None
    assert anonymous.instance_translation_languages() == {}
    assert "en" in [language.code for language in anonymous.instance_languages()]
    assert anonymous.get_approx_server_time().year >= 2020
    assert anonymous.timeline_is_available("public")
    with pytest.raises(MastodonNotFoundError):
        anonymous.instance_terms_of_service()


def test_lists_of_what_nobody_has_are_empty(iris, anonymous):
    own = iris.me()
    assert anonymous.custom_emojis() == []
    for call in (
        iris.announcements,
        iris.conversations,
        iris.domain_blocks,
        iris.featured_tags,
        iris.featured_tag_suggestions,
        iris.filters,
        iris.filters_v2,
        iris.lists,
        iris.suggestions,
        iris.suggestions_v1,
        iris.suggestions_v2,
        iris.trending_links,
        iris.trending_statuses,
        iris.trending_tags,
        iris.trends,
        lambda: iris.account_featured_tags(own),
        lambda: iris.account_lists(own),
        lambda: iris.timeline_link("https://example.test/"),
    ):
        assert list(call()) == []


def test_what_does_not_exist_is_not_found(iris):
    for call in (
        lambda: iris.list(1),
        lambda: iris.list_accounts(1),
        lambda: iris.list_accounts_add(1, [1]),
        lambda: iris.list_accounts_delete(1, [1]),
        lambda: iris.list_update(1, "Birds"),
        lambda: iris.list_delete(1),
        lambda: iris.timeline_list(1),
        lambda: iris.filter(1),
        lambda: iris.filter_update(1, phrase="rain"),
        lambda: iris.filter_delete(1),
        lambda: iris.filter_v2(1),
        lambda: iris.update_filter_v2(1, title="rain"),
        lambda: iris.delete_filter_v2(1),
        lambda: iris.filter_keywords_v2(1),
        lambda: iris.add_filter_keyword_v2(1, "rain"),
        lambda: iris.delete_filter_keyword_v2(1),
        lambda: iris.filter_statuses_v2(1),
        lambda: iris.add_filter_status_v2(1, 1),
        lambda: iris.filter_status_v2(1),
        lambda: iris.delete_filter_status_v2(1),
        lambda: iris.conversations_read(1),
        lambda: iris.announcement_dismiss(1),
        lambda: iris.announcement_reaction_create(1, "bird"),
        lambda: iris.announcement_reaction_delete(1, "bird"),
        lambda: iris.featured_tag_delete(1),
        lambda: iris.push_subscription(),
        lambda: iris.push_subscription_update(mention_events=True),
        lambda: iris.media_update(1, description="A bird"),
    ):
        with pytest.raises(MastodonNotFoundError):
            call()


def test_what_cannot_be_made_is_refused_with_words(iris, otto):
    _, keys = iris.push_subscription_generate_keys()
    for call in (
        lambda: iris.list_create("Birds"),
        lambda: iris.filter_create("rain", ["home"]),
        lambda: iris.create_filter_v2("rain", ["home"], "hide"),
        lambda: iris.domain_block("example.test"),
        lambda: iris.featured_tag_create("birds"),
        lambda: iris.tag_feature("birds"),
        lambda: iris.tag_unfeature("birds"),
        lambda: iris.media_post(b"not a picture", "image/png"),
        lambda: iris.push_subscription_set("https://push.example.test/", keys, mention_events=True),
        lambda: iris.report(otto.me(), comment="No"),
    ):
        with pytest.raises(MastodonAPIError, match=r"422.*\w"):
            call()


def test_taking_away_what_is_not_there_is_no_fault(iris, otto):
    iris.push_subscription_delete()
    iris.domain_unblock("example.test")
    iris.suggestion_delete(otto.me())
