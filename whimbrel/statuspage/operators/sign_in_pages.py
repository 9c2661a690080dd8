"""Signing in with name, password and code, and out again."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import STRANGERS_FORM_BYTES_MAX
from whimbrel.statuspage.operators.front import Attempt
from whimbrel.statuspage.operators.guard import COOKIE, check_origin, forget, form_of, remember
from whimbrel.statuspage.operators.pages import SIGN_IN, Admin, Asked, go


def sign_in_routes(admin: Admin) -> list[Route]:
    """The paths."""
    pages = _SignIn(admin)
    return [
        Route(SIGN_IN, pages.sign_in, methods=["GET", "POST"]),
        admin.route("/admin/sign-out", pages.sign_out),
    ]


class _SignIn:
    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    async def sign_in(self, request: Request) -> Response:
        if request.method == "GET":
            return self._form(request)
        try:
            check_origin(request)
            form = await form_of(request, bytes_max=STRANGERS_FORM_BYTES_MAX)
            attempt = Attempt(form["name"].strip(), form["password"], form["code"], self._admin.peer_of(request))
            token = await self._admin.operators.sign_in(attempt)
        except WhimbrelError as error:
            response = self._form(request, error.public, status=error.status)
            if error.retry_after_seconds is not None:
                response.headers["Retry-After"] = str(error.retry_after_seconds)
            return response
        return remember(go("/admin"), token, secure=self._admin.secure)

    async def sign_out(self, asked: Asked) -> Response:
        if not asked.sent:
            return go("/admin")
        await self._admin.operators.sign_out(asked.request.cookies[COOKIE])
        return forget(go(SIGN_IN), secure=self._admin.secure)

    def _form(self, request: Request, error: str = "", *, status: int = 200) -> Response:
        values = {"who": None, "error": error, "moderates": False}
        return self._admin.bare_page(request, "admin_sign_in.html", values, status=status)
