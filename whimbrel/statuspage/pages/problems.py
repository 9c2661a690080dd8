"""What goes wrong, as a page for people and as JSON for programs; one place for every room of the program."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.statuspage.pages.layout import Layout

_PAGED = (404, 500, 503)


class Problems:
    """Handlers for Starlette's `exception_handlers`."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    async def http(self, request: Request, error: Exception) -> Response:
        """Starlette's own: no such path, no such method."""
        if not isinstance(error, HTTPException):
            raise error
        return self._answer(request, error.status_code, error.detail, dict(error.headers or {}))

    async def ours(self, request: Request, error: Exception) -> Response:
        """Errors that rooms raise on purpose."""
        if not isinstance(error, WhimbrelError):
            raise error
        wait = error.retry_after_seconds
        return self._answer(request, error.status, error.public, {"retry-after": str(wait)} if wait else {})

    async def unforeseen(self, request: Request, _: Exception) -> Response:
        """The rest, which Starlette raises again once this is sent, so that it is logged."""
        return self._answer(request, 500, "", {})

    def _answer(self, request: Request, status: int, detail: str, headers: dict[str, str]) -> Response:
        if request.url.path.startswith("/api/"):
            return JSONResponse({"error": detail or "internal"}, status, headers)
        title, text = ("problem.other", "") if status not in _PAGED else (f"problem.{status}", f"problem.{status}_text")
        values = {"title": title, "text": text, "detail": "" if text else detail}
        return self._layout.page(request, "problem.html", values, status=status, headers=headers)
