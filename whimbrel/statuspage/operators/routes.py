"""Everything that operators reach by HTTP: pages under `/admin`, JSON under `/api/admin`."""

from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whimbrel.statuspage.operators.api import api_routes, writing_routes
from whimbrel.statuspage.operators.incident_pages import incident_routes
from whimbrel.statuspage.operators.keeping_pages import keeping_routes
from whimbrel.statuspage.operators.pages import Admin
from whimbrel.statuspage.operators.planning_pages import planning_routes
from whimbrel.statuspage.operators.sign_in_pages import sign_in_routes
from whimbrel.statuspage.operators.writeup_pages import writeup_pages

_SHEET: Final = files("whimbrel.statuspage.operators").joinpath("admin.css").read_bytes()


def operator_routes(admin: Admin) -> list[Route]:
    """The paths."""
    return [
        *sign_in_routes(admin),
        *incident_routes(admin),
        *planning_routes(admin),
        *keeping_routes(admin),
        Route("/admin/admin.css", _sheet, methods=["GET"]),
        *api_routes(admin.operators, admin.desk, admin.moderation),
        *_writing(admin),
    ]


def _writing(admin: Admin) -> list[Route]:
    """Where somebody keeps write-ups."""
    if admin.writeups is None:
        return []
    return [*writeup_pages(admin, admin.writeups), *writing_routes(admin.operators, admin.writeups)]


async def _sheet(_request: Request) -> Response:
    return Response(_SHEET, media_type="text/css", headers={"Cache-Control": "public, max-age=300"})
