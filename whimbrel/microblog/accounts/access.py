"""Access: the apps that act for accounts, and the tokens and web sessions that open them.

Promises: what a client holds is never stored, only its SHA-256 (both are random and long, so a slow hash would buy
nothing); a token that is known costs one hash and one look at memory; a token taken back opens nothing as soon as the
call returns. Not here: whether the account behind a session may act (its state says so), and the OAuth protocol.
"""

import secrets
from hashlib import sha256

from msgspec.structs import replace

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Appender, Reads
from whimbrel.kernel.errors import Conflict, Invalid, NotFound
from whimbrel.kernel.events import Appended, Claim, Draft, Group, Outcome, Taken, draft
from whimbrel.kernel.limits import APP_CHARACTERS_MAX, GROUP_DRAFTS_MAX
from whimbrel.microblog import keys
from whimbrel.microblog.accounts import rows
from whimbrel.microblog.accounts.events import AppRegistered, TokenIssued, TokenRevoked
from whimbrel.microblog.accounts.memory import AccountsInMemory
from whimbrel.microblog.accounts.values import App, Session

TOKEN_BYTES = 32


class Access:
    """The verbs by which something may act for an account."""

    def __init__(self, *, appender: Appender, reads: Reads, memory: AccountsInMemory, clock: Clock) -> None:
        self._appender, self._reads, self._memory, self._clock = appender, reads, memory, clock
        self._held = memory.sessions.held

    def session_held(self, token: str) -> Session | None:
        """What a token opens, if memory knows: the way of nearly every request. None means: ask `session`."""
        session = self._held(_digest(token))
        return session if session is not None and self._open(session) else None

    async def session(self, token: str) -> Session | None:
        """What a token opens; None when it is unknown, expired or was taken back."""
        digest = _digest(token)
        session = self._held(digest)
        if session is None:
            if digest in self._memory.absent:
                return None
            session = await self._memory.sessions.one(digest)
        if session is None:
            self._memory.note_absent(digest)
            return None
        return await self._with_app(session) if not self._expired(session) else None

    async def register_app(
        self,
        *,
        name: str,
        redirect_uris: tuple[str, ...],
        scopes: tuple[str, ...],
        website: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
    ) -> tuple[App, str]:
        """Register a client; returns it with its secret, which is told this once.

        A given `client_id` that is registered already gives the app as it is, and the secret as it was given. Raises
        Invalid for a name or an address that cannot be one.
        """
        _check_app(name, redirect_uris, website)
        client_id, client_secret = client_id or _random(), client_secret or _random()
        data = AppRegistered(
            client_id=client_id,
            secret_hash=_digest(client_secret),
            name=name.strip(),
            redirect_uris=redirect_uris,
            scopes=scopes,
            website=website,
        )
        await self._appender.append(Group((draft(data, actor=0, claims=(Claim(keys.client(client_id)),)),)))
        app = await self.app(client_id)
        if app is None:
            raise NotFound(log=f"app {client_id} is claimed but not in the store yet")
        return app, client_secret

    async def app(self, client_id: str) -> App | None:
        """The registered client that calls itself this."""
        return await self._memory.clients.one(client_id)

    async def app_by_id(self, app_id: int) -> App | None:
        """The registered client with this id."""
        return await self._memory.apps.one(app_id)

    async def issue_token(
        self,
        *,
        account_id: int | None,
        app_id: int | None,
        scopes: tuple[str, ...],
        kind: str = "access",
        expires_ms: int | None = None,
        value: str | None = None,
        once: tuple[Claim, ...] = (),
    ) -> str:
        """Let a new token open an account, or an app's own doors; returns the token, which is told this once.

        `once` are claims to take with it (an authorization code is redeemed once): Conflict when one is held.
        A given `value` that is issued already is returned as it is. Raises NotFound for a deleted account.
        """
        token = value or _random()
        data = TokenIssued(
            token_hash=_digest(token),
            account_id=account_id,
            app_id=app_id,
            scopes=scopes,
            kind=kind,
            expires_ms=expires_ms,
        )
        claims = (Claim(keys.token(data.token_hash)), *once)
        gone = () if account_id is None else (keys.account_gone(account_id),)
        outcome = await self._appender.append(Group((draft(data, actor=account_id or 0, claims=claims),), forbids=gone))
        _check_issued(outcome, claims[0].key)
        return token

    async def revoke(self, token: str) -> None:
        """Take a token back; one that opens nothing is left as it is. Needs no store."""
        digest = _digest(token)
        held = await self._appender.find([keys.token(digest)])
        for stamp in held.values():
            await self._revoke([(stamp.id, digest)])

    async def revoke_id(self, token_id: int) -> None:
        """Take a token back by its id. One look at the store."""
        digest = await self._reads.read(lambda look: rows.token_hash(look, token_id))
        if digest is not None:
            await self._revoke([(token_id, digest)])

    async def sessions_of(self, account_id: int) -> list[Session]:
        """Everything that is signed in to an account and has not expired, oldest first. One look at the store."""
        found = await self._reads.read(lambda look: rows.sessions_of(look, account_id))
        return [session for session in found if not self._expired(session)]

    async def revoke_all(self, account_id: int) -> None:
        """Take back every token of an account. One look at the store."""
        found = await self._reads.read(lambda look: rows.sessions_of(look, account_id))
        await self._revoke([(session.id, session.token_hash) for session in found])

    async def _revoke(self, tokens: list[tuple[int, str]]) -> None:
        drafts = [_revocation(token_id, digest) for token_id, digest in tokens]
        for start in range(0, len(drafts), GROUP_DRAFTS_MAX):
            await self._appender.append(Group(tuple(drafts[start : start + GROUP_DRAFTS_MAX])))

    async def _with_app(self, session: Session) -> Session:
        if session.app_id is None or session.app_name is not None:
            return session
        app = await self._memory.apps.one(session.app_id)
        if app is None:
            return session
        whole = replace(session, app_name=app.name, app_website=app.website)
        if self._held(session.token_hash) is session:
            self._memory.sessions.put(session.token_hash, whole)
        return whole

    def _open(self, session: Session) -> bool:
        if session.app_name is None and session.app_id is not None:
            return False
        return session.expires_ms is None or session.expires_ms > self._clock()

    def _expired(self, session: Session) -> bool:
        return session.expires_ms is not None and session.expires_ms <= self._clock()


def token_hash(token: str) -> str:
    """The name under which memory and store know a token."""
    return _digest(token)


def _random() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _check_app(name: str, redirect_uris: tuple[str, ...], website: str | None) -> None:
    if not name.strip():
        raise Invalid("Validation failed: Application name can't be blank")
    if not redirect_uris or not all(redirect_uris):
        raise Invalid("Validation failed: Redirect URI can't be blank")
    for text in (name, website or "", *redirect_uris):
        if len(text) > APP_CHARACTERS_MAX or not text.isprintable():
            raise Invalid(f"Validation failed: {text[:40]!r} is too long or holds control characters")


def _check_issued(outcome: Outcome, token_key: str) -> None:
    if isinstance(outcome, Appended) or (isinstance(outcome, Taken) and outcome.key == token_key):
        return
    if isinstance(outcome, Taken):
        raise Conflict("This was used already", log=f"{outcome.key} is held by event {outcome.first.event_id}")
    raise NotFound(log="a token was asked for a deleted account")


def _revocation(token_id: int, digest: str) -> Draft:
    # Optional: a token that somebody else took back a moment ago must not keep the others open.
    return draft(TokenRevoked(digest), actor=0, id=token_id, releases=(keys.token(digest),), optional=True)
