"""Maintenance windows, components and services as operators plan and keep them."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from starlette.responses import Response
from starlette.routing import Route

from whimbrel.kernel.errors import Conflict, Invalid, NotFound
from whimbrel.statuspage.operators.asking import Progress, Schedule, SetComponent, SetService, read
from whimbrel.statuspage.operators.pages import Admin, Asked, go
from whimbrel.statuspage.values import Maintenance, MaintenanceStatus, State

_EXPECTED: Final = ("under_maintenance", "degraded_performance", "partial_outage", "major_outage")
_ASKED_FOR: Final[tuple[State, ...]] = tuple(state for state in get_args(State) if state in _EXPECTED)


def planning_routes(admin: Admin) -> list[Route]:
    """The paths."""
    pages = _Planning(admin)
    return [
        admin.route("/admin/maintenance/new", pages.schedule),
        admin.route("/admin/maintenance/{id}", pages.progress),
        admin.route("/admin/components", pages.components),
        admin.route("/admin/services", pages.services),
    ]


class _Planning:
    def __init__(self, admin: Admin) -> None:
        self._admin, self._desk = admin, admin.desk

    async def schedule(self, asked: Asked) -> Response:
        form = asked.form
        if not asked.sent:
            return self._schedule_form(asked)
        try:
            document = {name: form[name] for name in ("name", "body", "scheduled_for", "scheduled_until", "recurs")}
            chosen = {"expected": form["expected"]} if form["expected"] else {}
            wanted = read(document | chosen | {"components": form.many.get("components", ())}, Schedule)
            preview = self._desk.preview_window(wanted)
            if form["do"] != "publish":
                return self._schedule_form(asked, preview=preview)
            window = await self._desk.schedule(wanted, actor=asked.who.name)
        except Invalid as error:
            return self._schedule_form(asked, error=error.public)
        return go(f"/admin/maintenance/{window.id}")

    async def progress(self, asked: Asked) -> Response:
        window = await self._desk.window(asked.request.path_params["id"])
        values: dict[str, Any] = {"window": window, "preview": "", "statuses": get_args(MaintenanceStatus)}
        if not asked.sent:
            return self._admin.page(asked, "admin_window.html", **values)
        try:
            wanted = read({name: asked.form[name] for name in ("status", "body")}, Progress)
            if asked.form["do"] == "publish":
                await self._desk.progress(window.id, wanted, actor=asked.who.name)
                return go(f"/admin/maintenance/{window.id}")
        except Invalid as error:
            return self._admin.page(asked, "admin_window.html", status=422, error=error.public, **values)
        return self._admin.page(asked, "admin_window.html", **(values | {"preview": wanted.body}))

    async def components(self, asked: Asked) -> Response:
        form, desk = asked.form, self._desk
        error = ""
        if asked.sent:
            try:
                if form["do"] == "remove":
                    await desk.remove_component(form["id"], actor=asked.who.name)
                else:
                    await desk.set_component(form["id"], _component(form.one), actor=asked.who.name)
                return go("/admin/components")
            except (Invalid, Conflict, NotFound) as refused:
                error = refused.public
        values = {"components": desk.catalogue.components, "error": error}
        return self._admin.page(asked, "admin_components.html", status=422 if error else 200, **values)

    async def services(self, asked: Asked) -> Response:
        form, desk = asked.form, self._desk
        error = ""
        if asked.sent:
            try:
                if form["do"] == "remove":
                    await desk.remove_service(form["id"], actor=asked.who.name)
                else:
                    await desk.set_service(form["id"], _service(form.one), actor=asked.who.name)
                return go("/admin/services")
            except (Invalid, Conflict, NotFound) as refused:
                error = refused.public
        values = {"services": list(desk.catalogue.services.values()), "error": error}
        return self._admin.page(asked, "admin_services.html", status=422 if error else 200, **values)

    def _schedule_form(self, asked: Asked, *, preview: Maintenance | None = None, error: str = "") -> Response:
        values = {
            "components": self._desk.catalogue.components,
            "chosen": asked.form.many.get("components", ()),
            "expectations": _ASKED_FOR,
            "preview": preview,
            "error": error,
        }
        return self._admin.page(asked, "admin_schedule.html", status=422 if error else 200, **values)


def _component(form: Mapping[str, str]) -> SetComponent:
    words = {name: form.get(name, "").strip() for name in ("name", "group", "description")}
    shown = {"position": form.get("position") or "0", "only_show_if_degraded": "only_show_if_degraded" in form}
    return read(words | shown, SetComponent)


def _service(form: Mapping[str, str]) -> SetService:
    words = {name: form.get(name, "").strip() for name in ("name", "url")}
    kinds = [kind for kind in form.get("kinds", "").replace(",", " ").split() if kind]
    return read(words | {"kinds": kinds, "page_url": form.get("page_url", "").strip() or None}, SetService)
