"""The front door of accounts: who is here, who signs in, and what changes about them.

Promises: a name and an address are taken once (by claims in the journal, whatever races); a password is never kept,
logged or told; each verb that is repeated does nothing the second time. Not here: apps, tokens and sessions
(access.py), and erasing what a deleted account wrote (cascades).
"""

from collections.abc import Callable, Iterable

from msgspec import UNSET

from whimbrel.kernel.contracts import Appender, Reads
from whimbrel.kernel.errors import Conflict, Invalid, NotFound, Unauthenticated
from whimbrel.kernel.events import Appended, Claim, Draft, Group, Taken, draft
from whimbrel.kernel.pages import Page, Paged
from whimbrel.microblog import keys
from whimbrel.microblog.accounts import rows, rules
from whimbrel.microblog.accounts.events import (
    AccountApproved,
    AccountConfirmed,
    AccountCreated,
    AccountDeleted,
    AccountDisabled,
    AccountEnabled,
    Field,
    PasswordChanged,
    ProfileChanged,
    RoleChanged,
)
from whimbrel.microblog.accounts.memory import AccountsInMemory, created, with_profile
from whimbrel.microblog.accounts.passwords import Passwords, check_hash
from whimbrel.microblog.accounts.requests import ProfileChange, ProfileText, SignUp
from whimbrel.microblog.accounts.values import Account, Credentials

SIGN_IN_FAILED = "The name, e-mail address or password is not right"

_Change = AccountConfirmed | AccountApproved | AccountDisabled | AccountEnabled | RoleChanged | PasswordChanged


class Accounts:
    """The verbs of the room. `actor` is who does it: an account's id, or 0 for the operator."""

    def __init__(
        self,
        *,
        appender: Appender,
        reads: Reads,
        memory: AccountsInMemory,
        passwords: Passwords,
        profile_text: ProfileText,
    ) -> None:
        self._appender, self._reads, self._memory = appender, reads, memory
        self._passwords, self._profile_text = passwords, profile_text

    def held(self, account_id: int) -> Account | None:
        """The account if memory has it and it was not deleted; never waits."""
        account = self._memory.accounts.held(account_id)
        return account if account is not None and account.state != "deleted" else None

    async def get(self, account_id: int) -> Account:
        """The account. Raises NotFound when it does not exist or was deleted."""
        account = await self._memory.accounts.one(account_id)
        if account is None or account.state == "deleted":
            raise NotFound
        return account

    async def many(self, ids: Iterable[int]) -> dict[int, Account]:
        """Those of the accounts that exist, by id; at most one look at the store."""
        found = await self._memory.accounts.many(ids)
        return {id_: account for id_, account in found.items() if account.state != "deleted"}

    async def by_name(self, name: str) -> Account:
        """The account with this name, in any case of letters. Raises NotFound."""
        account_id = (await self.ids_by_name((name,))).get(name.lower())
        if account_id is None:
            raise NotFound
        return await self.get(account_id)

    async def ids_by_name(self, names: Iterable[str]) -> dict[str, int]:
        """Account ids by lower-case name, from memory or the journal's claims: the store is not needed.

        A name stays its account's for ever, so deleted accounts are among them.
        """
        held = self._memory.names.held
        wanted = {name.lower() for name in names}
        found = {name: id_ for name in wanted if (id_ := held(name)) is not None}
        if missing := {keys.name(name): name for name in wanted if name not in found}:
            for key, stamp in (await self._appender.find(list(missing))).items():
                name = missing[key]
                found[name] = stamp.id
                self._memory.names.put(name, stamp.id)
        return found

    async def check_sign_up(self, sign_up: SignUp) -> None:
        """Raise SignUpInvalid with what is wrong, field by field: also a name that was a deleted account's."""
        rules.check_sign_up(sign_up)
        for key in await self._appender.find([keys.name(sign_up.name), keys.email(sign_up.email)]):
            raise _taken(key, sign_up)

    async def create(self, sign_up: SignUp) -> Account:
        """Make an account. Raises SignUpInvalid with what is wrong, field by field; durable when it returns."""
        # Asked before the password is hashed: a taken name should cost nobody 20 ms of this machine.
        await self.check_sign_up(sign_up)
        claims = (Claim(keys.name(sign_up.name)), Claim(keys.email(sign_up.email)))
        if sign_up.id is not None and await self._memory.accounts.one(sign_up.id) is not None:
            raise Invalid(f"Account id {sign_up.id} is already taken")
        data = AccountCreated(
            name=sign_up.name,
            email=sign_up.email.strip(),
            password_hash=await self._hash(sign_up.password, sign_up.password_hash),
            role=sign_up.role,
            confirmed=sign_up.confirmed,
            approved=sign_up.approved,
            display_name=sign_up.display_name,
            locale=sign_up.locale,
            reason=sign_up.reason,
            origin=sign_up.origin,
        )
        outcome = await self._appender.append(
            Group((draft(data, actor=sign_up.id or 0, id=sign_up.id, claims=claims),))
        )
        if isinstance(outcome, Taken):
            raise _taken(outcome.key, sign_up)
        if not isinstance(outcome, Appended) or outcome.stamps[0] is None:
            raise Conflict("The account could not be made", log=f"unexpected outcome {outcome}")
        stamp = outcome.stamps[0]
        return self.held(stamp.id) or created(stamp.id, stamp.time_ms, data)

    async def change_profile(self, account: Account, change: ProfileChange) -> Account:
        """The account with its profile changed; only what differs is written. Raises Invalid."""
        rules.check_profile(change)
        data = await self._rendered(account, change)
        if all(getattr(data, field) is UNSET for field in data.__struct_fields__):
            return account
        await self._append(account.id, draft(data, actor=account.id, id=account.id))
        return self.held(account.id) or with_profile(account, data)

    async def credentials(self, account_id: int) -> Credentials:
        """What only the account and the operator may see. Raises NotFound. One look at the store."""
        found = await self._reads.read(lambda look: rows.credentials(look, account_id))
        if found is None:
            raise NotFound
        return found

    async def authenticate(self, login: str, password: str) -> Account:
        """The account whose name or e-mail address and password these are.

        Raises Unauthenticated with one text whatever was wrong, after the same work; and, once the password was
        right, Forbidden with what an account that may not act yet waits for.
        """
        found = await self._reads.read(lambda look: rows.credentials_by_login(look, login))
        matches = await self._passwords.verify(password, found.password_hash if found else None)
        if found is None or not matches:
            raise Unauthenticated(SIGN_IN_FAILED)
        return rules.require_usable(found.account)

    async def set_password(
        self, account_id: int, password: str | None, *, password_hash: str | None = None, actor: int = 0
    ) -> None:
        """Give an account a new password, or none. Sessions stay: taking them back is Access.revoke_all."""
        await self.get(account_id)
        if password is not None:
            rules.check_password(password)
        hashed = await self._hash(password, password_hash)
        await self._append(account_id, draft(PasswordChanged(hashed), actor=actor, id=account_id))

    async def confirm(self, account_id: int, *, actor: int = 0) -> None:
        """Say that the e-mail address is the account's."""
        await self._set(account_id, AccountConfirmed(), already=lambda account: account.confirmed, actor=actor)

    async def approve(self, account_id: int, *, actor: int = 0) -> None:
        """Let a waiting sign-up in."""
        await self._set(account_id, AccountApproved(), already=lambda account: account.approved, actor=actor)

    async def disable(self, account_id: int, *, reason: str = "", actor: int = 0) -> None:
        """Keep the account from acting until it is enabled; its posts stay."""
        await self._set(account_id, AccountDisabled(reason), already=lambda account: account.disabled, actor=actor)

    async def enable(self, account_id: int, *, actor: int = 0) -> None:
        """Let a disabled account act again."""
        await self._set(account_id, AccountEnabled(), already=lambda account: not account.disabled, actor=actor)

    async def set_role(self, account_id: int, role: str, *, actor: int = 0) -> None:
        """Make the account a user, moderator or admin. Raises Invalid for another word."""
        rules.check_role(role)
        await self._set(account_id, RoleChanged(role), already=lambda account: account.role == role, actor=actor)

    async def delete(self, account_id: int, *, actor: int = 0) -> None:
        """Delete an account at once and for ever: its address is free again, its name is not. One look at the store.

        Raises NotFound when it does not exist (or no longer does).
        """
        email = (await self.credentials(account_id)).email
        deletion = draft(
            AccountDeleted(),
            actor=actor,
            id=account_id,
            claims=(Claim(keys.account_gone(account_id)),),
            releases=(keys.email(email),),
        )
        await self._appender.append(Group((deletion,)))

    async def all(self, page: Page) -> Paged[Account]:
        """Every account that was not deleted, newest first, paged by id."""
        ids = await self._reads.read(lambda look: rows.page_of_ids(look, page))
        found = await self.many(ids)
        more = page.ascending or len(ids) == page.limit
        return Paged(
            tuple(found[id_] for id_ in ids if id_ in found),
            next_max_id=ids[-1] if ids and more else None,
            prev_min_id=ids[0] if ids else None,
        )

    async def _set(self, account_id: int, data: _Change, *, already: Callable[[Account], bool], actor: int) -> None:
        if not already(await self.get(account_id)):
            await self._append(account_id, draft(data, actor=actor, id=account_id))

    async def _append(self, account_id: int, *drafts: Draft) -> None:
        outcome = await self._appender.append(Group(drafts, forbids=(keys.account_gone(account_id),)))
        if not isinstance(outcome, Appended):
            raise NotFound(log=f"account {account_id} was deleted meanwhile")

    async def _hash(self, password: str | None, password_hash: str | None) -> str | None:
        if password is not None:
            return await self._passwords.hash(password)
        if password_hash is not None:
            check_hash(password_hash)
        return password_hash

    async def _rendered(self, account: Account, change: ProfileChange) -> ProfileChanged:
        values = {
            field: value
            for field in change.__struct_fields__
            if field not in ("note", "fields")
            and (value := getattr(change, field)) is not UNSET
            and value != getattr(account, field)
        }
        if change.note is not UNSET and change.note != account.note:
            ids = await self._named(change.note)
            values |= {"note": change.note, "note_html": self._profile_text.note(change.note, ids)}
        if change.fields is not UNSET:
            fields = await self._fields(account, change.fields)
            if fields != account.fields:
                values["fields"] = fields
        return ProfileChanged(**values)

    async def _fields(self, account: Account, pairs: tuple[tuple[str, str], ...]) -> tuple[Field, ...]:
        # A field that is written again as it was keeps the moment at which its link was found to be true.
        verified = {(field.name, field.value): field.verified_ms for field in account.fields}
        rendered = []
        for name, value in pairs:
            if name.strip() or value.strip():
                html = self._profile_text.field(value, await self._named(value))
                rendered.append(Field(name, value, html, verified.get((name, value))))
        return tuple(rendered)

    async def _named(self, text: str) -> dict[str, int]:
        names = self._profile_text.names_in(text)
        return await self.ids_by_name(names) if names else {}


def _taken(key: str, sign_up: SignUp) -> rules.SignUpInvalid:
    return rules.taken("name" if key == keys.name(sign_up.name) else "email")
