"""Every public method of Mastodon.py is driven against the server here, or left out by name with the reason.

A new version of the library with a new method fails this until somebody has decided about it.
"""

import ast
import inspect
from pathlib import Path

from mastodon import Mastodon

HERE = Path(__file__).parent

COVERED = {
    "signing in": """app_verify_credentials auth_request_url clear_caches create_account create_app log_in
        oauth_authorization_server_info persistable_login_credentials revoke_access_token""",
    "posts": """make_poll poll poll_vote scheduled_status scheduled_status_delete scheduled_status_update
        scheduled_statuses status status_bookmark status_card status_context status_delete status_favourite
        status_favourited_by status_history status_mute status_pin status_post status_quotes status_reblog
        status_reblogged_by status_reply status_source status_translate status_unbookmark status_unfavourite
        status_unmute status_unpin status_unreblog status_update statuses toot favourites bookmarks""",
    "timelines": """timeline timeline_hashtag timeline_home timeline_is_available timeline_link timeline_list
        timeline_local timeline_public account_statuses""",
    "people": """account account_block account_endorse account_familiar_followers account_featured_tags
        account_follow account_followers account_following account_lists account_lookup account_mute account_note_set
        account_pin account_relationships account_remove_from_followers account_search account_unblock
        account_unendorse account_unfollow account_unmute account_unpin account_update_credentials
        account_verify_credentials accounts blocks directory endorsements follow_request_authorize
        follow_request_reject follow_requests me mutes search search_v2""",
    "hashtags": """featured_tag_create featured_tag_delete featured_tag_suggestions featured_tags followed_tags tag
        tag_feature tag_follow tag_unfeature tag_unfollow""",
    "notifications": """accept_notification_request dismiss_grouped_notification dismiss_notification_request
        grouped_notification grouped_notification_accounts grouped_notifications notification_request
        notification_requests notifications notifications_clear notifications_dismiss notifications_merged
        notifications_policy notifications_unread_count unread_grouped_notifications_count
        update_notifications_policy markers_get markers_set""",
    "the server": """custom_emojis get_approx_server_time instance instance_activity instance_domain_blocks
        instance_extended_description instance_health instance_languages instance_nodeinfo instance_peers
        instance_rules instance_terms_of_service instance_translation_languages instance_v1 instance_v2 preferences
        retrieve_mastodon_version verify_minimum_version""",
    "paging": "fetch_next fetch_previous fetch_remaining get_pagination_info pagination_iterator "
    "pagination_page_iterator",
    "what nobody has": """add_filter_keyword_v2 add_filter_status_v2 announcement_dismiss
        announcement_reaction_create announcement_reaction_delete announcements conversations conversations_read
        create_filter_v2 delete_filter_keyword_v2 delete_filter_status_v2 delete_filter_v2 domain_block
        domain_blocks domain_unblock filter filter_create filter_delete filter_keywords_v2 filter_status_v2
        filter_statuses_v2 filter_update filter_v2 filters filters_v2 list list_accounts list_accounts_add
        list_accounts_delete list_create list_delete list_update lists media_post media_update push_subscription
        push_subscription_delete push_subscription_generate_keys push_subscription_set push_subscription_update
        report suggestion_delete suggestions suggestions_v1 suggestions_v2 trending_links trending_statuses
        trending_tags trends update_filter_v2""",
}

LEFT_OUT = {
    "speaks to no server": """await_async_refresh decode_blurhash filters_apply generate_media_edit_attributes
        get_async_refresh_info get_status_length get_supported_version push_subscription_decrypt_push set_language""",
    "endpoints that this server does not have": """account_collections account_delete_avatar account_delete_header
        account_in_collections annual_report annual_report_generate annual_report_read annual_report_state
        annual_reports collection collection_create collection_delete collection_item_add collection_item_delete
        collection_item_revoke collection_update get_async_refresh_status profile profile_update
        accept_multiple_notification_requests dismiss_multiple_notification_requests status_quote_revoke
        status_update_quote_approval_policy email_resend_confirmation""",
    "refused by the library before it asks": "media follows reports search_v1 oauth_userinfo",
    "streams": """stream_direct stream_hashtag stream_healthy stream_list stream_local stream_open_websocket
        stream_public stream_user stream_user_notifications""",
}


def names(table):
    return {name for words in table.values() for name in words.split()}


def methods():
    found = {name for name in dir(Mastodon) if not name.startswith(("_", "admin_"))}
    return {
        name for name in found if callable(inspect.getattr_static(Mastodon, name)) or callable(getattr(Mastodon, name))
    }


def called():
    trees = [ast.parse(file.read_text("utf-8")) for file in HERE.glob("test_mastodon_py_*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    verbs = {f"status_{un}{verb}" for verb in ("favourite", "bookmark", "mute") for un in ("", "un")}
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | verbs


def test_every_method_of_the_library_is_in_the_table_once():
    assert names(COVERED) & names(LEFT_OUT) == set()
    assert methods() - names(COVERED) - names(LEFT_OUT) == set()
    assert names(COVERED) | names(LEFT_OUT) <= methods()


def test_every_method_that_the_table_says_is_covered_is_called():
    assert names(COVERED) - called() == set()
