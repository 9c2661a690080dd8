"""What OAuth clients read about this server and about the person who signed in."""

from whimbrel.api.answers import Answer, json_answer
from whimbrel.api.oauth.authorize import issuer
from whimbrel.api.request import Request
from whimbrel.api.scopes import SCOPES


async def metadata(request: Request) -> Answer:
    """The authorization server's metadata (RFC 8414), with Mastodon's own app_registration_endpoint."""
    options = request.microblog.options
    url = options.public_url
    grants = ["authorization_code", "client_credentials", *(["password"] if options.password_grant else [])]
    return json_answer(
        {
            "issuer": issuer(url),
            "service_documentation": "https://docs.joinmastodon.org/",
            "authorization_endpoint": f"{url}/oauth/authorize",
            "token_endpoint": f"{url}/oauth/token",
            "app_registration_endpoint": f"{url}/api/v1/apps",
            "revocation_endpoint": f"{url}/oauth/revoke",
            "userinfo_endpoint": f"{url}/oauth/userinfo",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "code_challenge_methods_supported": ["S256"],
            "grant_types_supported": grants,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
        }
    )


async def userinfo(request: Request) -> Answer:
    """Who signed in, in OpenID Connect's words (Core 1.0, 5.1)."""
    url, account = request.microblog.options.public_url, request.owner
    return json_answer(
        {
            "iss": issuer(url),
            "sub": f"{url}/users/{account.name}",
            "name": account.display_name or account.name,
            "preferred_username": account.name,
            "profile": f"{url}/@{account.name}",
        }
    )
