"""What the operator has chosen, as the front doors and the dialects see it: frozen, read once at the start.

`config.py` owns the names, sources and checks of the options; this is the part of that tree that the product needs,
so that nothing below the composition root reads flags, files or the environment.
"""

from typing import Literal

import msgspec

from whimbrel.kernel.limits import POST_CHARACTERS_DEFAULT

Registrations = Literal["open", "approval", "closed"]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The choices that change what people see. Addresses have no trailing slash.

    With `confirm_email` a new account waits until its address is confirmed; with registrations by "approval" it
    waits for a moderator. `password_grant` lets apps ask for the password itself (off: they must use the page).
    """

    public_url: str = "http://127.0.0.1:8000"
    streaming_url: str = "ws://127.0.0.1:8000"
    status_url: str | None = None
    title: str = "Whimbrel"
    description: str = ""
    contact_email: str = ""
    registrations: Registrations = "closed"
    confirm_email: bool = True
    rate_limits: bool = True
    password_grant: bool = False
    post_characters_max: int = POST_CHARACTERS_DEFAULT
