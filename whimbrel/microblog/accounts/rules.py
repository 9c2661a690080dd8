"""What makes an account's state, and what a name, an address and a profile may be. Pure."""

import re
from typing import Final

from msgspec import UNSET, UnsetType

from whimbrel.kernel.errors import Forbidden, Invalid
from whimbrel.kernel.limits import (
    DISPLAY_NAME_CHARACTERS_MAX,
    EMAIL_CHARACTERS_MAX,
    FIELD_CHARACTERS_MAX,
    FIELDS_PER_PROFILE_MAX,
    NAME_CHARACTERS_MAX,
    NOTE_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    REASON_CHARACTERS_MAX,
)
from whimbrel.microblog.accounts.requests import SIGN_UP, ProfileChange, SignUp
from whimbrel.microblog.accounts.values import Account

ROLES: Final = ("user", "moderator", "admin")
DEFAULT_VISIBILITIES: Final = ("public", "unlisted", "private")
RESERVED_NAMES: Final = frozenset(
    {"abuse", "admin", "administrator", "help", "hostmaster", "mod", "moderator"}
    | {"postmaster", "root", "security", "support", "webmaster", "whimbrel"}
)
"""Names that a stranger could be mistaken for the operator by. The operator's own tools may give them."""

_NAME = re.compile(r"[A-Za-z0-9_]+")
_EMAIL = re.compile(r"[^\s@\"(),:;<>\[\\\]\x00-\x20\x7f]{1,64}@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W_](?:[\w-]*[^\W_])?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

_INACTIVE_TEXTS: Final = {
    "disabled": "Your login is currently disabled",
    "pending": "Your login is currently pending approval",
    "unconfirmed": "Your login is missing a confirmed e-mail address",
}

Faults = dict[str, list[dict[str, str]]]
"""By field: what is wrong with it, each as `error` (a word for machines) and `description` (for people)."""


class SignUpInvalid(Invalid):
    """An account cannot be made as asked; `details` says for each field why (Mastodon's shape of a 422)."""

    def __init__(self, details: Faults) -> None:
        self.details = details
        faults = (f"{field} {fault['description']}" for field, found in details.items() for fault in found)
        super().__init__("Validation failed: " + ", ".join(faults))


def state_of(*, deleted: bool, disabled: bool, approved: bool, confirmed: bool) -> str:
    """The one word for an account's flags: the first that applies of deleted, disabled, pending, unconfirmed."""
    if deleted:
        return "deleted"
    if disabled:
        return "disabled"
    if not approved:
        return "pending"
    return "active" if confirmed else "unconfirmed"


def require_usable(account: Account) -> Account:
    """The account itself, when it may act. Raises Forbidden with what it waits for."""
    if not account.usable:
        raise Forbidden(_INACTIVE_TEXTS.get(account.state, "This account is gone"))
    return account


def taken(field: str) -> SignUpInvalid:
    """The error for a name or an address that somebody has."""
    return SignUpInvalid({field: [_fault("ERR_TAKEN", "is already taken")]})


def check_sign_up(sign_up: SignUp) -> None:
    """Raise SignUpInvalid with everything that is wrong with a sign-up, and Invalid for an unknown role."""
    found = {
        "name": _name_faults(sign_up),
        "email": _email_faults(sign_up.email),
        "password": _password_faults(sign_up),
        "display_name": _text_faults(sign_up.display_name, DISPLAY_NAME_CHARACTERS_MAX),
        "reason": _text_faults(sign_up.reason, REASON_CHARACTERS_MAX),
        "locale": _language_faults(sign_up.locale),
    }
    if details := {field: faults for field, faults in found.items() if faults}:
        raise SignUpInvalid(details)
    check_role(sign_up.role)


def check_password(password: str) -> None:
    """Raise SignUpInvalid unless the length of a new password is within its limits."""
    if faults := _length_faults(password):
        raise SignUpInvalid({"password": faults})


def check_role(role: str) -> None:
    """Raise Invalid unless this is a role."""
    if role not in ROLES:
        raise Invalid(f"Role {role!r} is unknown, expected one of {', '.join(ROLES)}")


def check_profile(change: ProfileChange) -> None:
    """Raise Invalid with the first thing in a change of profile that cannot be."""
    _check_text("Display name", change.display_name, DISPLAY_NAME_CHARACTERS_MAX)
    _check_text("Note", change.note, NOTE_CHARACTERS_MAX)
    if change.fields is not UNSET:
        _check_fields(change.fields)
    if change.default_visibility not in (UNSET, *DEFAULT_VISIBILITIES):
        raise Invalid(
            f"Validation failed: Default visibility {change.default_visibility!r} is unknown, "
            f"expected one of {', '.join(DEFAULT_VISIBILITIES)}"
        )
    language = change.default_language
    if isinstance(language, str) and not _LANGUAGE.fullmatch(language):
        raise Invalid(f"Validation failed: Default language {language!r} is not a language code such as en or pt-BR")


def _name_faults(sign_up: SignUp) -> list[dict[str, str]]:
    name = sign_up.name
    if not name:
        return [_fault("ERR_BLANK", "can't be blank")]
    found = []
    if not _NAME.fullmatch(name):
        found.append(_fault("ERR_INVALID", "must contain only letters, numbers and underscores"))
    if len(name) > NAME_CHARACTERS_MAX:
        found.append(_too_long(NAME_CHARACTERS_MAX))
    if sign_up.origin == SIGN_UP and name.lower() in RESERVED_NAMES:
        found.append(_fault("ERR_RESERVED", "is reserved"))
    return found


def _email_faults(email: str) -> list[dict[str, str]]:
    if not email.strip():
        return [_fault("ERR_BLANK", "can't be blank")]
    if len(email) > EMAIL_CHARACTERS_MAX:
        return [_too_long(EMAIL_CHARACTERS_MAX)]
    return [] if _EMAIL.fullmatch(email.strip()) else [_fault("ERR_INVALID", "is not a valid e-mail address")]


def _password_faults(sign_up: SignUp) -> list[dict[str, str]]:
    if sign_up.password is not None:
        return _length_faults(sign_up.password)
    if sign_up.origin == SIGN_UP and sign_up.password_hash is None:
        return [_fault("ERR_BLANK", "can't be blank")]
    return []


def _length_faults(password: str) -> list[dict[str, str]]:
    if not password:
        return [_fault("ERR_BLANK", "can't be blank")]
    if len(password) < PASSWORD_CHARACTERS_MIN:
        return [_fault("ERR_TOO_SHORT", f"is too short (minimum is {PASSWORD_CHARACTERS_MIN} characters)")]
    if len(password) > PASSWORD_CHARACTERS_MAX:
        return [_too_long(PASSWORD_CHARACTERS_MAX)]
    return [_fault("ERR_INVALID", "is not valid Unicode")] if _SURROGATE.search(password) else []


def _text_faults(text: str, characters_max: int) -> list[dict[str, str]]:
    if len(text) > characters_max:
        return [_too_long(characters_max)]
    return [_fault("ERR_INVALID", "contains control characters")] if _UNPRINTABLE.search(text) else []


def _language_faults(locale: str | None) -> list[dict[str, str]]:
    if locale is None or _LANGUAGE.fullmatch(locale):
        return []
    return [_fault("ERR_INVALID", "is not a language code")]


def _check_text(what: str, text: str | UnsetType, characters_max: int) -> None:
    if isinstance(text, str) and (faults := _text_faults(text, characters_max)):
        raise Invalid(f"Validation failed: {what} {faults[0]['description']}")


def _check_fields(fields: tuple[tuple[str, str], ...]) -> None:
    if len(fields) > FIELDS_PER_PROFILE_MAX:
        raise Invalid(f"Validation failed: Fields are {len(fields)}, at most {FIELDS_PER_PROFILE_MAX}")
    for name, value in fields:
        _check_text("Field label", name, FIELD_CHARACTERS_MAX)
        _check_text("Field value", value, FIELD_CHARACTERS_MAX)


def _too_long(characters_max: int) -> dict[str, str]:
    return _fault("ERR_TOO_LONG", f"is too long (maximum is {characters_max} characters)")


def _fault(error: str, description: str) -> dict[str, str]:
    return {"error": error, "description": description}
