"""`/subscribe` and what its links lead to, and `POST /api/v2/subscribers.json` in Statuspage's shape.

Promises: without JavaScript, in the reader's language; following a link changes nothing, because mail programs follow
links to look at them: a button does, or the one click of RFC 8058. Answers say the same for every address.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from whimbrel.kernel.errors import BadRequest, Invalid, WhimbrelError
from whimbrel.kernel.limits import STRANGERS_FORM_BYTES_MAX
from whimbrel.statuspage.operators.guard import document_of, form_of
from whimbrel.statuspage.pages.language import Words
from whimbrel.statuspage.pages.layout import Layout, reader
from whimbrel.statuspage.pages.sentences import names_in
from whimbrel.statuspage.showing import Showing
from whimbrel.statuspage.telling.rows import Subscription
from whimbrel.statuspage.telling.subscriptions import Subscriptions
from whimbrel.statuspage.telling.words import refusal, texts_of
from whimbrel.statuspage.v2 import shapes

_LINK: Final = "/{id}/{token}"


class Desk(NamedTuple):
    """What the pages need. `mail`: whether e-mail is sent from here; `peer_of`: from which address a request comes."""

    subscriptions: Subscriptions
    showing: Showing
    layout: Layout
    mail: bool
    peer_of: Callable[[Request], str]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A subscriber as Statuspage's clients write one. A webhook's e-mail address is theirs to send; we need none."""

    email: str | None = None
    endpoint: str | None = None
    component_id: str | None = None
    component_ids: list[str] = []
    incident_id: str | None = None
    phone_number: str | None = None


class _Body(msgspec.Struct, frozen=True):
    subscriber: Wanted


def telling_routes(desk: Desk) -> list[Route]:
    """The paths."""
    pages = _Subscribing(desk)
    return [
        Route("/subscribe", pages.page(pages.form), methods=["GET"]),
        Route("/subscribe", pages.page(pages.ask), methods=["POST"]),
        Route(f"/subscribe/confirm{_LINK}", pages.page(pages.confirming), methods=["GET"]),
        Route(f"/subscribe/confirm{_LINK}", pages.page(pages.confirm), methods=["POST"]),
        Route(f"/unsubscribe{_LINK}", pages.page(pages.leaving), methods=["GET"]),
        Route(f"/unsubscribe{_LINK}", pages.page(pages.leave), methods=["POST"]),
        Route("/api/v2/subscribers.json", pages.subscriber, methods=["POST"]),
    ]


Answer = Callable[[Request], Awaitable[Response]]


class _Subscribing:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def page(self, answer: Answer) -> Answer:
        """The same, with a page for what goes wrong."""

        async def answered(request: Request) -> Response:
            try:
                return await answer(request)
            except WhimbrelError as error:
                return self._said(request, "title", refusal(self._texts(request), error), status=error.status)

        return answered

    async def form(self, request: Request) -> Response:
        return self._form(request, {})

    async def ask(self, request: Request) -> Response:
        form = await form_of(request, bytes_max=STRANGERS_FORM_BYTES_MAX)
        words, _ = reader(request)
        if not self._desk.mail:
            return self._said(request, "title", self._texts(request)("no_mail"), status=404)
        try:
            await self._desk.subscriptions.by_mail(
                form["email"], form.many.get("components", ()), language=words.language, network=self._network(request)
            )
        except Invalid as error:
            values = {
                "error": refusal(self._texts(request), error),
                "email": form["email"],
                "chosen": form.many.get("components", ()),
            }
            return self._form(request, values, status=error.status)
        return self._said(request, "title", self._texts(request)("asked"))

    async def confirming(self, request: Request) -> Response:
        one = await self._linked(request, "confirm")
        return self._button(request, one, "confirm")

    async def confirm(self, request: Request) -> Response:
        id_, token = request.path_params["id"], request.path_params["token"]
        words, _ = reader(request)
        await self._desk.subscriptions.confirm(id_, token, language=words.language)
        return self._said(request, "title", self._texts(request)("confirmed"))

    async def leaving(self, request: Request) -> Response:
        one = await self._linked(request, "unsubscribe")
        return self._button(request, one, "stop")

    async def leave(self, request: Request) -> Response:
        await self._desk.subscriptions.remove(request.path_params["id"], request.path_params["token"])
        return self._said(request, "title", self._texts(request)("stopped"))

    async def subscriber(self, request: Request) -> Response:
        """What Statuspage's clients send, and what they read of the answer."""
        try:
            wanted = _wanted(await document_of(request, bytes_max=STRANGERS_FORM_BYTES_MAX))
            one = await self._subscribed(wanted, request)
        except WhimbrelError as error:
            wait = error.retry_after_seconds
            headers = {} if wait is None else {"Retry-After": str(wait)}
            return JSONResponse({"error": error.public, "code": error.code}, error.status, headers)
        return JSONResponse(self._shape(one), 201, {"Cache-Control": "no-store"})

    async def _subscribed(self, wanted: Wanted, request: Request) -> Subscription:
        components = [*wanted.component_ids, *([wanted.component_id] if wanted.component_id else [])]
        if wanted.phone_number or wanted.incident_id:
            raise Invalid("subscriber: this page tells by e-mail and webhook, and about components or everything")
        subscriptions, network = self._desk.subscriptions, self._network(request)
        if wanted.endpoint:
            return await subscriptions.by_webhook(wanted.endpoint, components, network=network)
        if not wanted.email:
            raise Invalid("subscriber: expected an email or an endpoint")
        if not self._desk.mail:
            raise Invalid("email: this page does not send e-mail")
        words, _ = reader(request)
        return await subscriptions.by_mail(wanted.email, components, language=words.language, network=network)

    def _shape(self, one: Subscription) -> dict[str, Any]:
        # Nothing of an e-mail subscription that who asks does not know already: they may not be its owner.
        page = shapes.status(self._desk.showing.shown)["page"]
        if one.kind == "email":
            mine = {"email": one.address, "mode": "email_sms"}
            return {"page": page, "can_select_components": True, **mine, "subscriber": mine | {"confirmed": False}}
        mine = {"mode": "webhook", "webhook": one.address}
        own = {
            "id": one.id,
            "endpoint": one.address,
            "secret": one.secret.hex(),
            "components": list(one.wanted),
            "created_at": shapes.time(one.created_ms),
            "confirmed": False,
        }
        return {"page": page, "can_select_components": True, **mine, "subscriber": mine | own}

    async def _linked(self, request: Request, purpose: str) -> Subscription:
        return await self._desk.subscriptions.get(request.path_params["id"], request.path_params["token"], purpose)

    def _form(self, request: Request, values: Mapping[str, Any], *, status: int = 200) -> Response:
        names = names_in(reader(request)[0], self._desk.showing.shown.components)
        given = {"error": "", "email": "", "chosen": (), "mail": self._desk.mail, "components": names}
        return self._page(request, "subscribe.html", given | dict(values), status=status)

    def _button(self, request: Request, one: Subscription, key: str) -> Response:
        return self._page(request, "subscribe_button.html", {"address": one.address, "key": key})

    def _said(self, request: Request, key: str, text: str, *, status: int = 200) -> Response:
        return self._page(request, "subscribe_said.html", {"key": key, "said": text}, status=status)

    def _page(self, request: Request, template: str, values: Mapping[str, Any], *, status: int = 200) -> Response:
        given = {"texts": self._texts(request)} | dict(values)
        headers = {"Referrer-Policy": "no-referrer"}  # the links in our messages are secrets
        return self._desk.layout.page(request, template, given, status=status, forms=True, headers=headers)

    def _texts(self, request: Request) -> Words:
        words, _ = reader(request)
        return texts_of(words.language)

    def _network(self, request: Request) -> str:
        return self._desk.peer_of(request)


def _wanted(document: object) -> Wanted:
    try:
        return msgspec.convert(document, _Body).subscriber
    except msgspec.ValidationError as error:
        raise BadRequest(f"{error}") from error
