"""What can go wrong, in one tree. Every error carries a code, a text for people and a text for the log."""


class WhimbrelError(Exception):
    """Root of every error that Whimbrel raises on purpose.

    `code` is a stable word for machines, `status` the HTTP status it becomes, `public` the text for people;
    `log` (the exception's own text) may hold details that people must not see.
    """

    code = "internal"
    status = 500
    retry_after_seconds: int | None = None

    def __init__(self, public: str, *, log: str | None = None) -> None:
        super().__init__(log or public)
        self.public = public


class Invalid(WhimbrelError):
    """What was sent cannot be accepted; the text names the thing, its value and what was expected."""

    code = "invalid"
    status = 422


class BadRequest(WhimbrelError):
    """What was sent could not even be read (broken JSON, wrong encoding, a field given twice)."""

    code = "bad_request"
    status = 400


class TooSlow(WhimbrelError):
    """The request did not arrive within its deadline; the connection is closed behind the answer."""

    code = "too_slow"
    status = 408


class TooLarge(WhimbrelError):
    """The body is larger than its limit; it was refused before it was read."""

    code = "too_large"
    status = 413


class Unauthenticated(WhimbrelError):
    """No token, or a token that is unknown, revoked or of a disabled account."""

    code = "unauthenticated"
    status = 401


class Forbidden(WhimbrelError):
    """We know who asks, and the answer is no (scope, role, or a rule named in the text)."""

    code = "forbidden"
    status = 403


class NotFound(WhimbrelError):
    """It does not exist, or the one who asks may not know that it does: the two are never told apart."""

    code = "not_found"
    status = 404

    def __init__(self, public: str = "Record not found", *, log: str | None = None) -> None:
        super().__init__(public, log=log)


class Gone(WhimbrelError):
    """It existed and was deleted by its owner."""

    code = "gone"
    status = 410


class Conflict(WhimbrelError):
    """Somebody else holds the same unique thing."""

    code = "conflict"
    status = 409


class TooMany(WhimbrelError):
    """A rate limit was reached; `retry_after_seconds` says when it ends."""

    code = "too_many"
    status = 429

    def __init__(self, public: str, *, retry_after_seconds: int, log: str | None = None) -> None:
        super().__init__(public, log=log)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(WhimbrelError):
    """A part that this needs is away or over its limit; nothing was done unless the text says otherwise."""

    code = "unavailable"
    status = 503
    retry_after_seconds: int | None = 2


class StoreUnavailable(Unavailable):
    """The store is away, locked, or too far behind; what memory holds is still served."""

    code = "store_unavailable"


class JournalUnavailable(Unavailable):
    """The journal did not take the append.

    `unknown` is True when the append was sent and no answer came: it may or may not have happened, and the
    caller must retry with the same Idempotency-Key rather than assume either.
    """

    code = "journal_unavailable"

    def __init__(self, public: str, *, unknown: bool = False, log: str | None = None) -> None:
        super().__init__(public, log=log)
        self.unknown = unknown


class Corrupt(WhimbrelError):
    """Bytes at rest are not what was written; the text says where."""

    code = "corrupt"


class Misconfigured(WhimbrelError):
    """An option is unknown or malformed; the text gives its name, value, source and what was expected."""

    code = "misconfigured"
