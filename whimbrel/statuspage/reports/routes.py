"""Outage reports over HTTP: `POST /api/reports` for programs, `/report` for people."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from whimbrel.kernel.errors import Invalid, WhimbrelError
from whimbrel.statuspage.reports import places, voices
from whimbrel.statuspage.reports.challenge import ALGORITHM, Challenged
from whimbrel.statuspage.reports.front import Reports
from whimbrel.statuspage.reports.intake import Report, Taken
from whimbrel.statuspage.reports.reading import Sent, sent
from whimbrel.statuspage.reports.report_page import ReportPage

Answer = Callable[[Request], Awaitable[Response]]
PeerOf = Callable[[Request], str]
_TEXT_MAX: Final = 500


def report_routes(reports: Reports, peer_of: PeerOf) -> list[BaseRoute]:
    """The paths by which reports come in. `peer_of` says from which address a request comes."""
    desk = _Desk(reports, peer_of)
    return [
        Route("/api/reports", answering(desk.take), methods=["POST"]),
        Route("/report", desk.page, methods=["GET"]),
        Route("/report", desk.take_from_page, methods=["POST"]),
    ]


def peer(request: Request) -> str:
    """The address of whoever has connected."""
    return request.client.host if request.client is not None else ""


def json_answer(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A document as JSON that any page may read."""
    common = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
    return Response(msgspec.json.encode(document), status, common | (headers or {}), "application/json; charset=utf-8")


def answering(answer: Answer) -> Answer:
    """The same, with our errors as JSON."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except WhimbrelError as error:
            return refusal(error)

    return answered


def refusal(error: WhimbrelError) -> Response:
    """An error as JSON: its text for people, its code, the challenge if there is one, and when to try again."""
    document: dict[str, Any] = {"error": error.public, "code": error.code}
    if isinstance(error, Challenged):
        document["challenge"] = {
            "token": error.token,
            "algorithm": ALGORITHM,
            "bits": error.bits,
            "wait_seconds": error.wait_seconds,
        }
    seconds = error.retry_after_seconds
    return json_answer(document, error.status, {"Retry-After": str(seconds)} if seconds else {})


def moment(at_ms: int) -> str:
    """A time as the public JSON writes it."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
            "message": ReportPage.THANKS if taken.counted else ReportPage.AGAIN,
        }
        return json_answer(document, 201 if taken.counted else 200)

    async def page(self, request: Request) -> Response:
        """`GET /report`: the form."""
        wanted = request.query_params.get("service", "own")[:_TEXT_MAX]
        try:
            service = self._reports.catalogue.service(wanted)
        except WhimbrelError as error:
            return self._page.refused(self._reports.catalogue.service("own"), Sent(), error)
        return self._page.form(service)

    async def take_from_page(self, request: Request) -> Response:
        """`POST /report`: the form comes back, and a page answers it."""
        said, service = Sent(), self._reports.catalogue.service("own")
        try:
            self._reports.intake.admit()
            said = await sent(request)
            service = self._reports.catalogue.service(said.service)
            taken = await self._taken(request, said)
        except WhimbrelError as error:
            return self._page.refused(service, said, error)
        return self._page.thanks(service, counted=taken.counted)

    async def _taken(self, request: Request, said: Sent) -> Taken:
        service = self._reports.catalogue.service(said.service)
        if not said.kind:
            raise Invalid(f"kind: what is wrong? Expected one of {', '.join(service.kinds)}")
        place = places.chosen(said.place) or places.guessed(
            request.headers.get("accept-language", "")[:_TEXT_MAX], said.time_zone
        )
        person = voices.person(self._peer_of(request), request.headers.get("user-agent", ""))
        report = Report(service, said.kind, place, said.words, said.challenge, said.proof)
        return await self._reports.intake.take(report, person)
