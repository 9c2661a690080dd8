"""Outage reports over HTTP: `POST /api/reports` for programs, `/report` for people."""

from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from whimbrel.kernel.errors import Invalid, WhimbrelError
from whimbrel.reliability.proxies import Network, client_address
from whimbrel.statuspage.pages.language import DEFAULT
from whimbrel.statuspage.reports import places, voices
from whimbrel.statuspage.reports.answers import answering, json_answer
from whimbrel.statuspage.reports.front import Reports
from whimbrel.statuspage.reports.intake import Report, Taken
from whimbrel.statuspage.reports.moments import moment
from whimbrel.statuspage.reports.reading import Sent, sent
from whimbrel.statuspage.reports.report_page import ReportPage, reader_of
from whimbrel.statuspage.reports.words import texts_of

PeerOf = Callable[[Request], str]
_TEXT_MAX: Final = 500
_ENGLISH: Final = texts_of(DEFAULT)
_THANKS: Final = f"{_ENGLISH('report.thanks')}. "


def report_routes(reports: Reports, peer_of: PeerOf) -> list[BaseRoute]:
    """The paths by which reports come in. `peer_of` says from which address a request comes."""
    desk = _Desk(reports, peer_of)
    return [
        Route("/api/reports", answering(desk.take), methods=["POST"]),
        Route("/report", desk.page, methods=["GET"]),
        Route("/report", desk.take_from_page, methods=["POST"]),
    ]


def believing(trusted: tuple[Network, ...]) -> PeerOf:
    """From which address a request comes: the peer's, or the one that a trusted proxy names."""

    def peer_of(request: Request) -> str:
        peer = request.client.host if request.client is not None else ""
        return client_address(peer, request.headers.get("x-forwarded-for", "").encode("latin-1"), trusted)

    return peer_of


class _Desk:
    """Where reports are handed in."""

    def __init__(self, reports: Reports, peer_of: PeerOf) -> None:
        self._reports, self._peer_of = reports, peer_of
        self._page = ReportPage()

    async def take(self, request: Request) -> Response:
        """`POST /api/reports`: 201 for a report that counts, 200 for one that follows up."""
        self._reports.intake.admit()
        said = await sent(request)
        taken = await self._taken(request, said)
        document = {
            "service": said.service,
            "kind": said.kind,
            "counted": taken.counted,
            "at": moment(taken.at_ms),
            "message": _THANKS + _ENGLISH("report.counted" if taken.counted else "report.again"),
        }
        return json_answer(document, 201 if taken.counted else 200)

    async def page(self, request: Request) -> Response:
        """`GET /report`: the form."""
        wanted = request.query_params.get("service", "own")[:_TEXT_MAX]
        try:
            service = self._reports.catalogue.service(wanted)
        except WhimbrelError as error:
            return self._page.refused(reader_of(request), self._reports.catalogue.service("own"), Sent(), error)
        return self._page.form(reader_of(request), service)

    async def take_from_page(self, request: Request) -> Response:
        """`POST /report`: the form comes back, and a page answers it."""
        said, service = Sent(), self._reports.catalogue.service("own")
        try:
            self._reports.intake.admit()
            said = await sent(request)
            service = self._reports.catalogue.service(said.service)
            taken = await self._taken(request, said)
        except WhimbrelError as error:
            return self._page.refused(reader_of(request), service, said, error)
        return self._page.thanks(reader_of(request), service, counted=taken.counted)

    async def _taken(self, request: Request, said: Sent) -> Taken:
        service = self._reports.catalogue.service(said.service)
        if not said.kind:
            raise Invalid(f"kind: what is wrong? Expected one of {', '.join(service.kinds)}")
        place = places.chosen(said.place) or places.guessed(
            request.headers.get("accept-language", "")[:_TEXT_MAX], said.time_zone
        )
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        account = await self._reports.identities.account(token.strip()) if scheme.lower() == "bearer" else None
        person = voices.person(self._peer_of(request), request.headers.get("user-agent", ""), account)
        report = Report(service, said.kind, place, said.words, said.challenge, said.proof)
        return await self._reports.intake.take(report, person)
