"""What each address accepts, by method and path: the part of our OpenAPI document that no route can tell by itself.

One line an address: names with their kind after a colon (text when none stands there), `!` behind what must be sent.
A test holds it to the route table and to every name that a handler reads.
"""

from typing import Final

KINDS: Final = ("text", "integer", "boolean", "id", "texts", "ids", "object", "objects")

_PAGE = "limit:integer max_id:id since_id:id min_id:id"
_POST = "status spoiler_text sensitive:boolean visibility language in_reply_to_id:id"
_ADJUST = "exclude_types:texts types:texts account_id:id"
_GROUPS = "types:texts exclude_types:texts grouped_types:texts expand_accounts account_id:id"
_MARKER = "home:object notifications:object"

ACCEPTS: Final = {
    "GET /oauth/authorize": "response_type! client_id! redirect_uri! scope state code_challenge code_challenge_method "
    "force_login:boolean",
    "POST /oauth/authorize": "request! decision!",
    "POST /oauth/sign_in": "request! login! password!",
    "POST /oauth/sign_out": "request!",
    "POST /oauth/token": "grant_type! client_id client_secret code redirect_uri code_verifier scope username password",
    "POST /oauth/revoke": "client_id client_secret token!",
    "POST /api/v1/apps": "client_name! redirect_uris:texts! scopes website",
    "POST /api/v1/accounts": "username! email! password! agreement:boolean! locale reason",
    "GET /api/v1/accounts": "id:ids",
    "GET /api/v1/accounts/lookup": "acct!",
    "GET /api/v1/accounts/search": "q! limit:integer offset:integer resolve:boolean following:boolean",
    "GET /api/v1/accounts/relationships": "id:ids",
    "GET /api/v1/accounts/familiar_followers": "id:ids",
    "GET /api/v1/accounts/{id}/statuses": f"{_PAGE} only_media:boolean exclude_replies:boolean exclude_reblogs:boolean "
    "pinned:boolean tagged",
    "GET /api/v1/accounts/{id}/followers": _PAGE,
    "GET /api/v1/accounts/{id}/following": _PAGE,
    "GET /api/v1/accounts/{id}/endorsements": _PAGE,
    "POST /api/v1/accounts/{id}/follow": "reblogs:boolean notify:boolean languages:texts",
    "POST /api/v1/accounts/{id}/mute": "notifications:boolean duration:integer",
    "POST /api/v1/accounts/{id}/note": "comment",
    "PATCH /api/v1/accounts/update_credentials": "display_name note locked:boolean bot:boolean discoverable:boolean "
    "indexable:boolean hide_collections:boolean source:object fields_attributes:objects",
    "GET /api/v1/endorsements": _PAGE,
    "GET /api/v1/blocks": _PAGE,
    "GET /api/v1/mutes": _PAGE,
    "GET /api/v1/favourites": _PAGE,
    "GET /api/v1/bookmarks": _PAGE,
    "GET /api/v1/follow_requests": _PAGE,
    "GET /api/v1/followed_tags": _PAGE,
    "GET /api/v1/statuses": "id:ids",
    "POST /api/v1/statuses": _POST,
    "PUT /api/v1/statuses/{id}": _POST,
    "GET /api/v1/statuses/{id}/favourited_by": _PAGE,
    "GET /api/v1/statuses/{id}/reblogged_by": _PAGE,
    "POST /api/v1/statuses/{id}/reblog": "visibility",
    "GET /api/v1/timelines/home": _PAGE,
    "GET /api/v1/timelines/public": f"{_PAGE} local:boolean remote:boolean only_media:boolean",
    "GET /api/v1/timelines/tag/{tag}": f"{_PAGE} local:boolean remote:boolean only_media:boolean any:texts all:texts "
    "none:texts",
    "GET /api/v1/notifications": f"{_PAGE} {_ADJUST}",
    "GET /api/v1/notifications/unread_count": f"limit:integer {_ADJUST}",
    "POST /api/v1/notifications/dismiss": "id:id!",
    "DELETE /api/v1/notifications/destroy_multiple": "ids:ids",
    "GET /api/v2/notifications": f"{_PAGE} {_GROUPS}",
    "GET /api/v2/notifications/unread_count": f"limit:integer {_ADJUST} grouped_types:texts",
    "GET /api/v2/notifications/{group_key}/accounts": _PAGE,
    "PATCH /api/v2/notifications/policy": "for_not_following for_not_followers for_new_accounts for_private_mentions "
    "for_limited_accounts",
    "GET /api/v1/markers": "timeline:texts",
    "POST /api/v1/markers": _MARKER,
    "GET /api/v2/search": "q! type resolve:boolean following:boolean account_id:id limit:integer offset:integer",
    "GET /api/v1/directory": "limit:integer offset:integer order local:boolean",
    "GET /.well-known/webfinger": "resource!",
}
