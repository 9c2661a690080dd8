"""Who wants to be told: asking, agreeing, leaving. Nobody is told anything before they have agreed.

Promises: an answer never says whether an address is known; a link from a message is all that it takes to agree or to
leave, and nobody else can make one; how many may ask is bounded, by network and in all.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.errors import Conflict, Gone, Invalid, NotFound, TooMany
from whimbrel.kernel.limits import (
    FETCH_URL_CHARACTERS_MAX,
    SUBSCRIBE_PER_HOUR_MAX,
    SUBSCRIBE_PER_NETWORK_PER_HOUR_MAX,
    SUBSCRIPTION_CONFIRM_SECONDS,
    SUBSCRIPTIONS_MAX,
)
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.telling import rows
from whimbrel.statuspage.telling.channels import Links
from whimbrel.statuspage.telling.mail import check_address
from whimbrel.statuspage.telling.rows import Kind, Subscription
from whimbrel.statuspage.watching.reaching import FetchFailed, place_of

_HOUR_MS: Final = 3_600_000
_ASKED_AGAIN_AFTER_MS: Final = 10 * 60_000
_SECRET_BYTES: Final = 32
_ID_BYTES: Final = 8


class Subscriptions:
    """The verbs. `names`: what components are called, by id; `url`: where the page is."""

    def __init__(self, *, book: Book, clock: Clock, names: Callable[[], Mapping[str, str]], url: str) -> None:
        self._book, self._clock, self._names, self._url = book, clock, names, url.rstrip("/")
        self._hour, self._asked = 0, {"": 0}

    async def by_mail(self, address: str, components: Sequence[str], *, language: str, network: str) -> Subscription:
        """Ask an address whether it agrees. Whoever is subscribed already is asked about the new choice of components,
        in the language that they have agreed to: nothing of what they have is changed by who asks.

        Raises Invalid or TooMany.
        """
        found, wanted = check_address(address), self._known(components)
        self._count(network)
        now_ms = self._clock()

        def work(pen: Writing) -> Subscription:
            before = rows.of(pen, "email", found)
            if before is not None and now_ms - before.asked_ms < _ASKED_AGAIN_AFTER_MS:
                return before  # one message is enough, whoever asks how often
            one = before or self._new(pen, "email", found, now_ms)
            if one.state != "active":
                one = one._replace(language=language)
            one = one._replace(wanted=wanted, asked_ms=now_ms)
            if one.state == "disabled":
                one = one._replace(state="pending", failing_since_ms=None)
            return self._ask(pen, one, now_ms)

        return await self._book.write(work)

    async def by_webhook(self, url: str, components: Sequence[str], *, network: str) -> Subscription:
        """Ask a program's address to answer with a challenge. The secret is its to check signatures with.

        Raises Invalid, TooMany, or Conflict for an address that is subscribed: its secret is not for who asks next.
        """
        wanted = self._known(components)
        check_url(url)
        self._count(network)
        now_ms = self._clock()

        def work(pen: Writing) -> Subscription:
            before = rows.of(pen, "webhook", url)
            if before is not None and before.state == "active":
                raise Conflict("This address is subscribed already; its messages say how to unsubscribe.")
            if before is not None:
                rows.remove(pen, before.id)
            one = self._new(pen, "webhook", url, now_ms)
            return self._ask(pen, one._replace(wanted=wanted), now_ms)

        return await self._book.write(work)

    async def get(self, id_: str, token: str, purpose: str) -> Subscription:
        """The subscription that a link is about. Raises Gone for a link that is not (any more) good."""
        try:
            one = await self._book.read(lambda look: rows.get(look, id_))
        except NotFound as error:
            raise Gone("This link is not good any more.") from error
        self._check(one, token, purpose)
        return one

    async def confirm(self, id_: str, token: str, *, language: str) -> Subscription:
        """They agree, on a page in this language, which is theirs from now on. Raises Gone."""
        one = await self.get(id_, token, "confirm")
        agreed = one._replace(state="active", components=one.wanted, language=language, failing_since_ms=None)

        def work(pen: Writing) -> Subscription:
            self._check(rows.get(pen, id_), token, "confirm")
            rows.put(pen, agreed)
            return agreed

        return await self._book.write(work)

    async def remove(self, id_: str, token: str) -> None:
        """They want to hear nothing more. Doing it twice is no mistake."""
        try:
            await self.get(id_, token, "unsubscribe")
        except Gone:
            if await self._book.read(lambda look: _is_there(look, id_)):
                raise
            return
        await self._book.write(lambda pen: rows.remove(pen, id_))

    def links(self, one: Subscription) -> Links:
        """The links that are sent to a subscription: to pages in its language."""
        confirm, leave = token_of(one, "confirm"), token_of(one, "unsubscribe")
        return Links(
            f"{self._url}/subscribe/confirm/{one.id}/{confirm}?lang={one.language}",
            f"{self._url}/unsubscribe/{one.id}/{leave}?lang={one.language}",
        )

    def _check(self, one: Subscription, token: str, purpose: str) -> None:
        too_old = purpose == "confirm" and self._clock() - one.asked_ms > 1_000 * SUBSCRIPTION_CONFIRM_SECONDS
        if too_old or not hmac.compare_digest(token_of(one, purpose).encode(), token.encode()):
            raise Gone("This link is not good any more.")

    def _ask(self, pen: Writing, one: Subscription, now_ms: int) -> Subscription:
        rows.put(pen, one)
        rows.ask(pen, one.id, now_ms)
        return one

    def _new(self, pen: Writing, kind: Kind, address: str, now_ms: int) -> Subscription:
        rows.remove_unconfirmed(pen, now_ms - 1_000 * SUBSCRIPTION_CONFIRM_SECONDS)
        if rows.count(pen) >= SUBSCRIPTIONS_MAX:
            raise Conflict("There are as many subscriptions as this page can serve. A feed works always.")
        id_, secret = secrets.token_hex(_ID_BYTES), secrets.token_bytes(_SECRET_BYTES)
        return Subscription(id_, kind, address, "pending", (), (), "en", secret, now_ms, now_ms)

    def _known(self, components: Sequence[str]) -> tuple[str, ...]:
        names = self._names()
        for one in components:
            if one not in names:
                raise Invalid(f'components: "{one[:60]}" is not one of {", ".join(names)}')
        return tuple(sorted(set(components)))

    def _count(self, network: str) -> None:
        """An hour at a time; the counts of the hour before are forgotten."""
        hour = self._clock() // _HOUR_MS
        if hour != self._hour:
            self._hour, self._asked = hour, {"": 0}
        here, all_ = self._asked.get(network, 0), self._asked[""]
        if here >= SUBSCRIBE_PER_NETWORK_PER_HOUR_MAX or all_ >= SUBSCRIBE_PER_HOUR_MAX:
            raise TooMany("Too many subscriptions within the hour. Please try again later.", retry_after_seconds=3_600)
        self._asked[network], self._asked[""] = here + 1, all_ + 1


def token_of(one: Subscription, purpose: str) -> str:
    """What makes a link good. That to agree is good for what was asked, and only for that."""
    asked = f"{one.asked_ms} {' '.join(one.wanted)}" if purpose == "confirm" else ""
    return hmac.digest(one.secret, f"{purpose} {one.id} {asked}".encode(), "sha256").hex()[:43]


def check_url(url: str) -> None:
    """Raise Invalid for what is no plain http or https address."""
    try:
        place_of(url)
    except FetchFailed as error:
        raise Invalid(
            f'endpoint: "{url[:60]}": {error.public}, of at most {FETCH_URL_CHARACTERS_MAX} characters'
        ) from error


def _is_there(look: Reading, id_: str) -> bool:
    try:
        rows.get(look, id_)
    except NotFound:
        return False
    return True
