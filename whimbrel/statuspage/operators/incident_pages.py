"""Incidents as operators see and write them: a list, an update with its preview, an edit that shows as one."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from starlette.responses import Response
from starlette.routing import Route

from whimbrel.kernel.errors import Invalid, NotFound
from whimbrel.statuspage.operators.asking import Edit, Open, Say, read
from whimbrel.statuspage.operators.guard import Form
from whimbrel.statuspage.operators.pages import Admin, Asked, go
from whimbrel.statuspage.values import Breach, Impact, Incident, IncidentStatus, State, Update

_COMPONENT: Final = "component:"
CHOICES: Final = {
    "statuses": [one for one in get_args(IncidentStatus) if one != "postmortem"],
    "impacts": get_args(Impact),
    "states": get_args(State),
    "breaches": get_args(Breach),
}


def incident_routes(admin: Admin) -> list[Route]:
    """The paths."""
    pages = _Incidents(admin)
    return [
        admin.route("/admin", pages.overview, sends=False),
        admin.route("/admin/incidents/new", pages.open),
        admin.route("/admin/incidents/{id}", pages.say),
        admin.route("/admin/incidents/{id}/updates/{update}", pages.edit),
    ]


def components_of(form: Form) -> dict[str, str]:
    """The states that were chosen, by component; those that were left as they are do not appear."""
    return {
        name.removeprefix(_COMPONENT): value
        for name, value in form.one.items()
        if name.startswith(_COMPONENT) and value
    }


class _Incidents:
    def __init__(self, admin: Admin) -> None:
        self._admin, self._desk = admin, admin.desk

    async def overview(self, asked: Asked) -> Response:
        incidents, windows = await self._desk.incidents(), await self._desk.windows()
        return self._admin.page(asked, "admin_overview.html", incidents=incidents, windows=windows)

    async def open(self, asked: Asked) -> Response:
        if not asked.sent:
            return self._form(asked, None)
        try:
            document = read(_document(asked.form, ("name", "since")), Open)
            preview = await self._desk.preview(None, document, actor=asked.who.name)
            if asked.form["do"] != "publish":
                return self._form(asked, None, preview=preview)
            incident = await self._desk.open(document, actor=asked.who.name)
        except Invalid as error:
            return self._form(asked, None, error=error.public)
        return go(f"/admin/incidents/{incident.id}")

    async def say(self, asked: Asked) -> Response:
        incident = await self._desk.incident(asked.request.path_params["id"])
        if not asked.sent:
            return self._form(asked, incident)
        try:
            document = read(_document(asked.form), Say)
            preview = await self._desk.preview(incident.id, document, actor=asked.who.name)
            if asked.form["do"] != "publish":
                return self._form(asked, incident, preview=preview)
            await self._desk.say(incident.id, document, actor=asked.who.name)
        except Invalid as error:
            return self._form(asked, incident, error=error.public)
        return go(f"/admin/incidents/{incident.id}")

    async def edit(self, asked: Asked) -> Response:
        incident = await self._desk.incident(asked.request.path_params["id"])
        update = _update_of(incident, asked.request.path_params["update"])
        values: dict[str, Any] = {"incident": incident, "update": update, "preview": None, "body": update.body}
        if asked.sent:
            values["body"] = asked.form["body"]
            if asked.form["do"] == "publish":
                try:
                    await self._desk.edit(incident.id, update.id, Edit(body=values["body"]), actor=asked.who.name)
                except Invalid as error:
                    return self._admin.page(asked, "admin_edit.html", status=422, error=error.public, **values)
                return go(f"/admin/incidents/{incident.id}")
            values["preview"] = values["body"]
        return self._admin.page(asked, "admin_edit.html", **values)

    def _form(
        self, asked: Asked, incident: Incident | None, *, preview: Incident | None = None, error: str = ""
    ) -> Response:
        template = "admin_incident.html"
        components = self._desk.catalogue.components
        shown = asked.form.one if asked.sent else _before(incident)
        values = {"incident": incident, "preview": preview, "components": components, "error": error, "form": shown}
        return self._admin.page(asked, template, status=422 if error else 200, **(values | CHOICES))


def _before(incident: Incident | None) -> Mapping[str, str]:
    """What a fresh form shows: the words that stand, so that they are changed and not lost."""
    if incident is None:
        return {}
    return {"cause": incident.cause, "workaround": incident.workaround, "data_safety": incident.data_safety}


def _document(form: Form, more: tuple[str, ...] = ()) -> dict[str, Any]:
    """The form as programs would write it: a choice that was left open is absent."""
    chosen = {name: form[name] for name in ("status", "impact", "breach", "next_update_minutes") if form[name].strip()}
    words = {name: form[name] for name in ("body", "reason", "cause", "workaround", "data_safety", *more)}
    return chosen | words | {"components": components_of(form)}


def _update_of(incident: Incident, id_: str) -> Update:
    for update in incident.updates:
        if update.id == id_:
            return update
    raise NotFound("There is no such update.")
