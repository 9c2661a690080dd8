"""What every page under `/admin` has in common: the session, the form, the frame, and a page for what goes wrong.

Server-rendered, in English, whole without JavaScript; the public page's frame and colours. Each handler is a plain
function of who asks and what their form held; this class makes routes of them.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import FORM_BYTES_MAX
from whimbrel.statuspage.operators.desk import Desk
from whimbrel.statuspage.operators.front import Operators
from whimbrel.statuspage.operators.guard import Form, SignedIn, check_form, check_origin, form_of, signed_in
from whimbrel.statuspage.operators.moderation import Moderation
from whimbrel.statuspage.pages.addresses import Served
from whimbrel.statuspage.pages.language import words_of
from whimbrel.statuspage.pages.layout import POLICY_WITH_FORMS, Layout
from whimbrel.statuspage.writeup.front import Writeups

SIGN_IN: Final = "/admin/sign-in"
_SEE_OTHER: Final = 303
_NO_FORM: Final = Form({}, {})


class Asked(NamedTuple):
    """One request of somebody who is signed in. `form` is empty for a GET."""

    request: Request
    who: SignedIn
    form: Form

    @property
    def sent(self) -> bool:
        """Whether a form was sent."""
        return self.request.method == "POST"


Page = Callable[[Asked], Awaitable[Response]]
PeerOf = Callable[[Request], str]
"""From which address a request comes, for counting tries; nothing keeps it."""


class Admin:
    """The rooms behind the pages, and how a page is made. `secure`: cookies go over HTTPS only."""

    def __init__(
        self,
        *,
        operators: Operators,
        desk: Desk,
        layout: Layout,
        secure: bool,
        peer_of: PeerOf,
        moderation: Moderation | None = None,
        writeups: Writeups | None = None,
    ) -> None:
        self.operators, self.desk, self.moderation, self.writeups = operators, desk, moderation, writeups
        self.secure, self.peer_of, self._layout = secure, peer_of, layout

    def route(self, path: str, page: Page, *, sends: bool = True, bytes_max: int = FORM_BYTES_MAX) -> Route:
        """A page for who is signed in; with `sends` it takes its own form, of at most `bytes_max`."""
        return Route(path, _Guarded(self, page, bytes_max).answer, methods=["GET", "POST"] if sends else ["GET"])

    def page(self, asked: Asked, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page for who is signed in."""
        rooms = {"moderates": self.moderation is not None, "writes": self.writeups is not None}
        given = {"who": asked.who, "form": asked.form.one, "error": "", **rooms}
        return self.bare_page(asked.request, template, given | values, status=status)

    def bare_page(self, request: Request, template: str, values: Mapping[str, Any], *, status: int = 200) -> Response:
        """A page for anybody."""
        at = Served(request.url.path.lstrip("/"))
        text = self._layout.render(template, words_of("en"), at, **values)
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": POLICY_WITH_FORMS,
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(text, status, headers, "text/html; charset=utf-8")

    def problem(self, request: Request, error: WhimbrelError, who: SignedIn | None) -> Response:
        """What went wrong, in words."""
        values = {"who": who, "error": error.public, "moderates": False}
        response = self.bare_page(request, "admin_problem.html", values, status=error.status)
        if error.retry_after_seconds is not None:
            response.headers["Retry-After"] = str(error.retry_after_seconds)
        return response


class _Guarded:
    def __init__(self, admin: Admin, page: Page, bytes_max: int) -> None:
        self._admin, self._page, self._bytes_max = admin, page, bytes_max

    async def answer(self, request: Request) -> Response:
        who: SignedIn | None = None
        try:
            who = await signed_in(request, self._admin.operators)
            if who is None:
                return go(SIGN_IN)
            form = _NO_FORM
            if request.method == "POST":
                check_origin(request)
                form = await form_of(request, bytes_max=self._bytes_max)
                check_form(form, who)
            return await self._page(Asked(request, who, form))
        except WhimbrelError as error:
            return self._admin.problem(request, error, who)


def go(path: str) -> Response:
    """Look there now: what follows a form that was taken, so that loading again sends nothing twice."""
    return RedirectResponse(path, _SEE_OTHER, {"Cache-Control": "no-store"})
