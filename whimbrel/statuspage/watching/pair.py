"""The canary pair: two accounts of the watched service, their tokens, when these are renewed, what their app is.

Promises: a token is kept as long as it is taken; every RENEW_ROUNDS rounds one of the two signs in anew, so that
signing in is measured as a person does it, and the token before it is revoked. Names and passwords come from a file
that only its owner may read.
"""

import re
import stat
from pathlib import Path
from typing import Final

import msgspec

from whimbrel.kernel.errors import Misconfigured
from whimbrel.kernel.limits import CANARY_SECRETS_BYTES_MAX
from whimbrel.statuspage.watching.fetching import FetchFailed
from whimbrel.statuspage.watching.signing_in import App, Login, register, sign_in, sign_out
from whimbrel.statuspage.watching.site import Site, text_at

_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,30}")
_WORDS: Final = (
    '{"poster": {"name", "password"}, "reader": {"name", "password"}, "app": {"client_id", "client_secret"}}'
)


class CanarySecrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who posts, who reads, and the app that they use; without an app one is registered, and kept in the book."""

    poster: Login
    reader: Login
    app: App | None = None


def read_secrets(path: Path) -> CanarySecrets:
    """The secrets in a JSON file that nobody else may read. Raises Misconfigured with the file's name, not its text."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise Misconfigured(f"{path} holds passwords and can be read by others; expected the mode 0600")
        with path.open("rb") as file:
            secrets = msgspec.json.decode(file.read(CANARY_SECRETS_BYTES_MAX), type=CanarySecrets)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} is not {_WORDS} in JSON", log=f"{path}: {error}") from None
    if not all(_NAME.fullmatch(login.name) for login in (secrets.poster, secrets.reader)):
        raise Misconfigured(f"{path}: a name is not one of an account of the watched service")
    return secrets


class Member:
    """One of the two: who it is, and its token while it has one."""

    def __init__(self, login: Login) -> None:
        self.login = login
        self.token, self.account_id, self.locked = "", "", False
        self.fresh = False
        """Whether the token is so new that it cannot have been revoked since."""

    async def sign_in(self, site: Site, app: App) -> None:
        """Get a new token by the whole way, and take the old one back. Raises FetchFailed or NotMeasured."""
        before, token = self.token, await sign_in(site, app, self.login)
        if not self.account_id:
            me = await site.get("/api/v1/accounts/verify_credentials", token=token)
            self.account_id, self.locked = text_at(me, "id"), me.get("locked") is True
        self.token, self.fresh = token, True
        if before:
            await sign_out(site, app, before)

    def refused(self) -> bool:
        """The token was not taken: it is forgotten. True when it had just been given: that is a failure."""
        fresh, self.token, self.fresh = self.fresh, "", False
        return fresh

    async def follow(self, site: Site, other: "Member") -> None:
        """Follow the other, if that is not so yet. Raises FetchFailed or NotMeasured."""
        relations = await site.get("/api/v1/accounts/relationships", {"id[]": other.account_id}, token=self.token)
        if not (isinstance(relations, list) and relations and relations[0].get("following") is True):
            await site.post(f"/api/v1/accounts/{other.account_id}/follow", {"notify": "false"}, token=self.token)
            if other.locked:
                await site.post(f"/api/v1/follow_requests/{self.account_id}/authorize", {}, token=other.token)


class Pair:
    """Both of them, signed in where they should be."""

    def __init__(self, secrets: CanarySecrets, *, renew_rounds: int) -> None:
        self.poster, self.reader = Member(secrets.poster), Member(secrets.reader)
        self.app = secrets.app
        self._renew_rounds, self._rounds, self._joined = renew_rounds, 0, False
        self.failing = False
        """Whether the last whole sign-in failed."""

    @property
    def is_in(self) -> bool:
        """Whether both have a token, and the reader follows the poster."""
        return self._joined and bool(self.poster.token) and bool(self.reader.token)

    def due(self) -> list[Member]:
        """Who is to sign in in this round: those without a token, else one of the two now and then."""
        self._rounds += 1
        missing = [member for member in (self.poster, self.reader) if not member.token]
        if missing:
            return missing
        if self.failing or self._rounds % self._renew_rounds == 0:
            return [(self.poster, self.reader)[self._rounds // self._renew_rounds % 2]]
        return []

    async def renew(self, site: Site, due: list[Member]) -> None:
        """Sign these in. Raises FetchFailed or NotMeasured."""
        try:
            self.app = self.app or await register(site)
            for member in due:
                await member.sign_in(site, self.app)
        except FetchFailed:
            self.failing = True
            raise
        self.failing = False

    async def join(self, site: Site) -> None:
        """See that the reader follows the poster; asked once. Raises FetchFailed or NotMeasured."""
        if not self._joined and self.poster.token and self.reader.token:
            await self.reader.follow(site, self.poster)
            self._joined = True
