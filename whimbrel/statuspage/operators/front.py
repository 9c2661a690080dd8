"""The front of the room: who may speak for the page, how they get in, and which keys their programs have.

Promises: whatever is wrong with a sign-in, the answer and the work are the same; a code is good once; what is kept of
sessions and keys cannot be used by who reads the book. Everything that changes who may speak is in the history.
"""

import re
import secrets
from hashlib import sha256
from typing import Final, NamedTuple

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.errors import Conflict, Invalid, NotFound, Unauthenticated
from whimbrel.kernel.limits import (
    OPERATOR_KEYS_MAX,
    OPERATOR_NAME_CHARACTERS_MAX,
    OPERATOR_SESSION_IDLE_SECONDS,
    OPERATOR_SESSION_NOTED_SECONDS,
    OPERATOR_SESSION_SECONDS,
    OPERATORS_MAX,
    SIGN_IN_TRIES_FREE,
    SIGN_IN_TRIES_FREE_PER_NAME,
    SIGN_IN_WAIT_SECONDS_MAX,
    SIGN_IN_WAIT_SECONDS_PER_NAME_MAX,
)
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.operators import rows, totp
from whimbrel.statuspage.operators.passwords import Passwords
from whimbrel.statuspage.operators.rows import Credentials, Key, Operator, Session
from whimbrel.statuspage.operators.throttle import Allowance, Throttle

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KEY_PREFIX: Final = "wsk_"
_TOKEN_BYTES: Final = 32
_ID_BYTES: Final = 4
_NOBODYS_SECRET: Final = bytes(20)
_WRONG: Final = "Name, password or code is wrong, or the code was used before."
_STRICT: Final = Allowance(SIGN_IN_TRIES_FREE, SIGN_IN_WAIT_SECONDS_MAX)
_LENIENT: Final = Allowance(SIGN_IN_TRIES_FREE_PER_NAME, SIGN_IN_WAIT_SECONDS_PER_NAME_MAX)


class Attempt(NamedTuple):
    """What somebody signs in with, and from which network, which is what tries are counted for; nothing keeps it."""

    name: str
    password: str
    code: str
    network: str


class Operators:
    """Operators, sessions and keys. `issuer`: what authenticator apps call this page."""

    def __init__(self, *, book: Book, clock: Clock, issuer: str) -> None:
        self._book, self._clock, self._issuer = book, clock, issuer
        self._passwords = Passwords()
        self._by_network, self._by_code = Throttle(_STRICT, clock), Throttle(_STRICT, clock)
        self._by_name = Throttle(_LENIENT, clock)

    def close(self) -> None:
        """Let go of the threads."""
        self._passwords.close()

    async def create(self, name: str, password: str, *, actor: str) -> str:
        """One more operator; returns the `otpauth:` address of their second factor, which is shown this once.

        Raises Invalid, or Conflict for a name that somebody has.
        """
        if not _NAME.fullmatch(name) or len(name) > OPERATOR_NAME_CHARACTERS_MAX or name == history.BY_ITSELF:
            raise Invalid(f'name: "{name[:60]}"; expected letters, digits, ".", "_" or "-", and not the program\'s own')
        one = await self._credentials(name, password)

        def work(pen: Writing) -> None:
            everybody = [known.name.lower() for known in rows.operators(pen)]
            if name.lower() in everybody:
                raise Conflict(f'name: there is an operator "{name}" already')
            if len(everybody) >= OPERATORS_MAX:
                raise Conflict(f"a page has at most {OPERATORS_MAX} operators")
            rows.add_operator(pen, one)
            history.add(pen, "operator created", name, {}, actor=actor, now_ms=one.created_ms)

        await self._book.write(work)
        return totp.address_of(one.totp_secret, name=name, issuer=self._issuer)

    async def set_password(self, name: str, password: str, *, actor: str) -> str:
        """Another password and second factor, for who has lost one; ends their sessions. Returns as `create` does."""
        one = await self._credentials(name, password)

        def work(pen: Writing) -> None:
            _known(rows.credentials(pen, name), name)
            rows.set_password(pen, one)
            history.add(pen, "operator password set", name, {}, actor=actor, now_ms=one.created_ms)

        await self._book.write(work)
        return totp.address_of(one.totp_secret, name=name, issuer=self._issuer)

    async def remove(self, name: str, *, actor: str) -> None:
        """Somebody may speak no more; sessions and keys end with it. Raises NotFound."""
        now_ms = self._clock()

        def work(pen: Writing) -> None:
            if not rows.remove_operator(pen, name):
                raise NotFound(f'there is no operator "{name}"')
            history.add(pen, "operator removed", name, {}, actor=actor, now_ms=now_ms)

        await self._book.write(work)

    async def everybody(self) -> list[Operator]:
        """All, by name."""
        return await self._book.read(rows.operators)

    async def sign_in(self, attempt: Attempt) -> str:
        """The session's token, for a cookie. Raises Unauthenticated, TooMany or Unavailable."""
        name = attempt.name[:OPERATOR_NAME_CHARACTERS_MAX]
        pair = (name, attempt.network)
        for throttle, key in ((self._by_network, pair), (self._by_name, name), (self._by_code, name)):
            throttle.check(key)
        self._by_network.count(pair)
        self._by_name.count(name)
        one = await self._book.read(lambda look: rows.credentials(look, name))
        matches = await self._passwords.matches(attempt.password, one.password_hash if one else None)
        step = totp.step_of(one.totp_secret if one else _NOBODYS_SECRET, attempt.code, self._clock())
        if one is None or not matches:
            raise Unauthenticated(_WRONG)
        self._by_code.check(name)
        self._by_code.count(name)
        if step is None:
            raise Unauthenticated(_WRONG)
        token = await self._begin(name, step)
        for throttle, key in ((self._by_network, pair), (self._by_name, name), (self._by_code, name)):
            throttle.forget(key)
        return token

    async def session(self, token: str) -> Session | None:
        """Who the cookie's token belongs to; None when it is unknown, was idle too long, or is too old."""
        now_ms, hash_ = self._clock(), _hash(token)
        found = await self._book.read(lambda look: rows.session(look, hash_))
        if found is None or now_ms - found.created_ms >= 1_000 * OPERATOR_SESSION_SECONDS:
            return None
        idle_ms = now_ms - found.seen_ms
        if idle_ms >= 1_000 * OPERATOR_SESSION_IDLE_SECONDS:
            return None
        if idle_ms >= 1_000 * OPERATOR_SESSION_NOTED_SECONDS:
            await self._book.write(lambda pen: rows.see_session(pen, hash_, now_ms))
        return found

    async def sign_out(self, token: str) -> None:
        """End one session."""
        await self._book.write(lambda pen: rows.end_session(pen, _hash(token)))

    async def add_key(self, operator: str, label: str, *, actor: str) -> str:
        """A key for programs that act in the operator's name; it is shown this once. Raises Invalid or NotFound."""
        if not 0 < len(label.strip()) <= OPERATOR_NAME_CHARACTERS_MAX:
            raise Invalid(f"label: expected 1 to {OPERATOR_NAME_CHARACTERS_MAX} characters that say what it is for")
        secret = _KEY_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
        key = Key(secrets.token_hex(_ID_BYTES), operator, label.strip(), self._clock())

        def work(pen: Writing) -> None:
            _known(rows.credentials(pen, operator), operator)
            if len(rows.keys(pen)) >= OPERATOR_KEYS_MAX:
                raise Conflict(f"there are at most {OPERATOR_KEYS_MAX} keys; revoke one that is not used")
            rows.add_key(pen, key, _hash(secret))
            named = {"operator": operator, "label": key.label}
            history.add(pen, "key created", key.id, named, actor=actor, now_ms=key.created_ms)

        await self._book.write(work)
        return secret

    async def revoke_key(self, id_: str, *, actor: str) -> None:
        """A key works no more. Raises NotFound."""
        now_ms = self._clock()

        def work(pen: Writing) -> None:
            if not rows.remove_key(pen, id_):
                raise NotFound(f'there is no key "{id_}"')
            history.add(pen, "key revoked", id_, {}, actor=actor, now_ms=now_ms)

        await self._book.write(work)

    async def keys(self) -> list[Key]:
        """Every key, oldest first, without the keys themselves."""
        return await self._book.read(rows.keys)

    async def key_owner(self, key: str) -> str:
        """In whose name a key acts. Raises Unauthenticated."""
        owner = await self._book.read(lambda look: rows.key_owner(look, _hash(key)))
        if owner is None:
            raise Unauthenticated("This key is unknown or was revoked.")
        return owner

    async def _credentials(self, name: str, password: str) -> Credentials:
        return Credentials(name, await self._passwords.hash(password), totp.new_secret(), 0, self._clock())

    async def _begin(self, name: str, step: int) -> str:
        token, now_ms = secrets.token_urlsafe(_TOKEN_BYTES), self._clock()

        def work(pen: Writing) -> None:
            if not rows.use_step(pen, name, step):
                raise Unauthenticated(_WRONG)
            rows.end_old_sessions(
                pen,
                created_before_ms=now_ms - 1_000 * OPERATOR_SESSION_SECONDS,
                seen_before_ms=now_ms - 1_000 * OPERATOR_SESSION_IDLE_SECONDS,
            )
            rows.add_session(pen, _hash(token), name, now_ms)
            history.add(pen, "signed in", name, {}, actor=name, now_ms=now_ms)

        await self._book.write(work)
        return token


def _known(one: Credentials | None, name: str) -> Credentials:
    if one is None:
        raise NotFound(f'there is no operator "{name}"')
    return one


def _hash(token: str) -> bytes:
    """Tokens are as random as a key, so a plain hash is enough: there is nothing to guess."""
    return sha256(token.encode()).digest()
