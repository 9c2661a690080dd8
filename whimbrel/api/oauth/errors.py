"""What OAuth refuses, in OAuth's own words (RFC 6749, 4.1.2.1 and 5.2)."""

from typing import Final

from whimbrel.api.answers import Answer, json_answer
from whimbrel.kernel.errors import WhimbrelError

_STATUS: Final = {"invalid_client": 401, "unauthorized_client": 403}


class OAuthError(WhimbrelError):
    """A refusal with a word for the client (`public`, RFC 6749's error code) and a description for its author."""

    code = "oauth"
    status = 400

    def __init__(self, error: str, description: str, *, basic: bool = False) -> None:
        super().__init__(error, log=f"{error}: {description}")
        self.status = _STATUS.get(error, 400)
        self.error_description = description
        self.basic = basic


def refusal(error: OAuthError) -> Answer:
    """The JSON answer of the token and revocation endpoints.

    A client that tried HTTP Basic is asked for Basic again (RFC 6749, 5.2).
    """
    headers = ((b"www-authenticate", b'Basic realm="Whimbrel"'),) if error.basic and error.status == 401 else ()
    body = {"error": error.public, "error_description": error.error_description}
    return json_answer(body, status=error.status, headers=headers)
