"""What a person wrote, out of the parameters of POST and PUT /api/v1/statuses.

What this server cannot do (pictures, polls, quotes, posting later) is refused with those words, before anything is
published: a post that silently lost its picture would be worse than none.
"""

import re
from typing import Final

from whimbrel.api.parameters import Parameters
from whimbrel.api.request import Request
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.limits import IDEMPOTENCY_KEY_CHARACTERS_MAX
from whimbrel.microblog.posts.values import VISIBILITIES, PostDraft

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_NOT_HERE: Final = {
    "media_ids": "Pictures and other media cannot be attached on this server",
    "poll": "Polls cannot be made on this server",
    "scheduled_at": "Posts cannot be scheduled on this server",
    "quoted_status_id": "Posts cannot be quoted on this server",
}


def draft_of(request: Request) -> PostDraft:
    """The draft that was sent. Raises Invalid."""
    sent, session = request.parameters, request.session
    for name, refusal in _NOT_HERE.items():
        if sent.values.get(name):
            raise Invalid(refusal)
    visibility = sent.text("visibility") or None
    if visibility is not None and visibility not in VISIBILITIES:
        raise Invalid(f"visibility must be one of {', '.join(VISIBILITIES)}")
    return PostDraft(
        text=sent.text("status") or "",
        visibility=visibility,
        spoiler=sent.text("spoiler_text") or "",
        sensitive=sent.boolean("sensitive"),
        language=language_of(sent, "language"),
        in_reply_to_id=sent.id("in_reply_to_id"),
        app_id=session.app_id if session is not None else None,
        app_name=session.app_name if session is not None else None,
        app_website=session.app_website if session is not None else None,
    )


def language_of(sent: Parameters, name: str) -> str | None:
    """A language code (`en`, `pt-BR`), or None when absent or empty. Raises Invalid for what is no code."""
    language = sent.text(name)
    if not language:
        return None
    if len(language) > 35 or not _LANGUAGE.fullmatch(language):
        raise Invalid(f"{name} must be a language code such as en or pt-BR")
    return language


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key header, if it was sent. Raises Invalid when it is too long."""
    key = request.header(b"idempotency-key")
    if key is not None and len(key) > IDEMPOTENCY_KEY_CHARACTERS_MAX:
        raise Invalid(f"Idempotency-Key is longer than {IDEMPOTENCY_KEY_CHARACTERS_MAX} characters")
    return key or None
