"""Names and passwords as somebody types them, with a limit on trying.

Every attempt counts, right or wrong, against the network address and against the name typed, known here or not: so
neither the answer nor when the refusals begin tells whether an account exists.
"""

from typing import Final

from whimbrel.api.request import Request
from whimbrel.kernel.errors import Forbidden, Unauthenticated
from whimbrel.kernel.limits import EMAIL_CHARACTERS_MAX, PASSWORD_CHARACTERS_MAX
from whimbrel.microblog.accounts.values import Account
from whimbrel.reliability.ratelimit import RateLimits

WRONG: Final = "The name or e-mail address and the password do not match an account here."


class Passwords:
    """Lets people in by what they know. `limits` is None where rate limits are switched off."""

    def __init__(self, limits: RateLimits | None) -> None:
        self._limits = limits

    async def account(self, request: Request, login: str, password: str) -> Account:
        """The account that `login` (a name or an e-mail address) and `password` open.

        Raises Unauthenticated, with words for the person, and TooMany. That an account waits or is disabled is told
        only to somebody who knows its password.
        """
        if self._limits is not None:
            self._limits.take(("sign_in",), request.client_address)
            self._limits.take(("sign_in_name",), login[:EMAIL_CHARACTERS_MAX].strip().lower())
        if len(login) > EMAIL_CHARACTERS_MAX or len(password) > PASSWORD_CHARACTERS_MAX:
            raise Unauthenticated(WRONG)
        try:
            return await request.microblog.accounts.authenticate(login.strip(), password)
        except Forbidden as error:
            raise Unauthenticated(f"{error.public}.") from error
        except Unauthenticated as error:
            raise Unauthenticated(WRONG, log=str(error)) from error
