"""How people speak for the page, and who is told what is said: the rooms of operators and of telling, put together."""

from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.routing import Route

from whimbrel.kernel.clock import Clock
from whimbrel.reliability.proxies import Network, client_address
from whimbrel.statuspage.board.board import Board
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.incidents.front import Incidents
from whimbrel.statuspage.operators.desk import Desk
from whimbrel.statuspage.operators.front import Operators
from whimbrel.statuspage.operators.moderation import Moderation
from whimbrel.statuspage.operators.pages import Admin, PeerOf
from whimbrel.statuspage.operators.routes import operator_routes
from whimbrel.statuspage.pages.layout import Layout
from whimbrel.statuspage.settings import Settings
from whimbrel.statuspage.showing import Showing
from whimbrel.statuspage.telling.account import Account
from whimbrel.statuspage.telling.channels import Channel
from whimbrel.statuspage.telling.front import Telling
from whimbrel.statuspage.telling.mail import Mail
from whimbrel.statuspage.telling.routes import Desk as SubscriptionDesk
from whimbrel.statuspage.telling.routes import telling_routes
from whimbrel.statuspage.telling.rows import Kind
from whimbrel.statuspage.telling.subscriptions import Subscriptions
from whimbrel.statuspage.telling.webhooks import Webhooks
from whimbrel.statuspage.writeup.front import Writeups

TEMPLATES: Final = ("whimbrel.statuspage.operators", "whimbrel.statuspage.telling")
"""Packages whose templates the layout has to find."""


class Parts(NamedTuple):
    """The rooms that speaking needs."""

    book: Book
    clock: Clock
    catalogue: Catalogue
    incidents: Incidents
    board: Board
    showing: Showing


class Speaking:
    """Operators and telling. Raises Misconfigured for a secret that cannot be used."""

    def __init__(self, parts: Parts, settings: Settings) -> None:
        book, clock = parts.book, parts.clock
        self._settings, self._showing = settings, parts.showing
        self.operators = Operators(book=book, clock=clock, issuer=f"{settings.name} status")
        self.desk = Desk(
            book=book,
            clock=clock,
            catalogue=parts.catalogue,
            incidents=parts.incidents,
            board=lambda: parts.board.verdicts,
        )
        self.subscriptions = Subscriptions(book=book, clock=clock, names=parts.catalogue.names, url=settings.public_url)
        self._mail = None if settings.mail is None else Mail(settings.mail, clock=clock)
        self.telling = Telling(
            book=book,
            clock=clock,
            showing=parts.showing,
            subscriptions=self.subscriptions,
            channels=self._channels(clock),
        )

    async def start(self) -> None:
        """Tell from now on."""
        official = self._settings.official
        await self.telling.load("" if official is None else official.url)
        self.telling.start()

    async def stop(self) -> None:
        """Let go of what is under way."""
        await self.telling.stop()
        if self._mail is not None:
            self._mail.close()
        self.operators.close()

    def routes(
        self, layout: Layout, moderation: Moderation | None = None, writeups: Writeups | None = None
    ) -> list[Route]:
        """Everything that operators and subscribers reach by HTTP."""
        peer_of = peer_of_clients(self._settings.proxies)
        admin = Admin(
            operators=self.operators,
            desk=self.desk,
            layout=layout,
            secure=self._settings.public_url.startswith("https://"),
            peer_of=peer_of,
            moderation=moderation,
            writeups=writeups,
        )
        subscribing = SubscriptionDesk(
            subscriptions=self.subscriptions,
            showing=self._showing,
            layout=layout,
            mail=self._mail is not None,
            peer_of=peer_of,
        )
        return [*operator_routes(admin), *telling_routes(subscribing)]

    def _channels(self, clock: Clock) -> dict[Kind, Channel]:
        settings = self._settings
        documentation = f"{settings.public_url.rstrip('/')}/subscribe"
        channels: dict[Kind, Channel] = {
            "webhook": Webhooks(clock=clock, reach=settings.webhooks_reach, documentation=documentation)
        }
        if self._mail is not None:
            channels["email"] = self._mail
        if settings.official is not None:
            channels["account"] = Account(settings.official)
        return channels


def peer_of_clients(trusted: tuple[Network, ...]) -> PeerOf:
    """Says from which network a request comes: its peer's, or what a trusted proxy says."""

    def peer_of(request: Request) -> str:
        peer = request.client.host if request.client is not None else ""
        forwarded = request.headers.get("x-forwarded-for")
        return client_address(peer, None if forwarded is None else forwarded.encode("latin-1"), trusted)

    return peer_of
