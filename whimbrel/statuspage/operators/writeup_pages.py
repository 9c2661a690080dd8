"""Write-ups as operators write them: a draft of what the book knows, a text with its preview, and publishing it.

Promises: nothing that somebody typed is lost: a text that is refused comes back with the reason, and one that was
written beside somebody else's newer one is kept only when its writer has seen that one and sends theirs again.
"""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from whimbrel.kernel.errors import Conflict, Invalid, Unavailable
from whimbrel.kernel.limits import WRITEUP_FORM_BYTES_MAX
from whimbrel.statuspage.operators.guard import Form
from whimbrel.statuspage.operators.pages import Admin, Asked, go
from whimbrel.statuspage.values import Incident
from whimbrel.statuspage.writeup.front import Writeups
from whimbrel.statuspage.writeup.rows import Text, Version

_DIGITS_MAX: Final = 9


def writeup_pages(admin: Admin, writeups: Writeups) -> list[Route]:
    """The path."""
    page = _Writing(admin, writeups).page
    return [admin.route("/admin/incidents/{id}/writeup", page, bytes_max=WRITEUP_FORM_BYTES_MAX)]


class _Writing:
    def __init__(self, admin: Admin, writeups: Writeups) -> None:
        self._admin, self._writeups = admin, writeups

    async def page(self, asked: Asked) -> Response:
        incident = await self._admin.desk.incident(asked.request.path_params["id"])
        if not asked.sent:
            return await self._form(asked, incident)
        if asked.form["do"] == "begin":
            await self._writeups.draft(incident.id, actor=asked.who.name)
            return go(_place(incident))
        try:
            if asked.form["do"] not in ("save", "publish"):
                shown = await self._writeups.preview(asked.form["body"])
                return await self._form(asked, incident, preview=shown)
            await self._keep(asked, incident)
        except (Invalid, Conflict, Unavailable) as error:
            return await self._form(asked, incident, error=error.public, status=error.status)
        return go(_place(incident))

    async def _keep(self, asked: Asked, incident: Incident) -> None:
        text, over = _text(asked.form), _over(asked.form)
        versions = await self._writeups.versions(incident.id)
        kept = next((one for one in versions if one.version == over and _is(one, text)), None)
        version = kept or await self._writeups.edit(incident.id, text, over=over, actor=asked.who.name)
        if asked.form["do"] == "publish":
            await self._writeups.publish(incident.id, version=version.version, actor=asked.who.name)

    async def _form(
        self, asked: Asked, incident: Incident, *, preview: str = "", error: str = "", status: int = 200
    ) -> Response:
        versions = await self._writeups.versions(incident.id)
        newest = versions[0] if versions else None
        text = _text(asked.form) if asked.sent else newest
        values = {"incident": incident, "versions": versions, "newest": newest, "text": text, "preview": preview}
        seen = asked.sent and newest is not None and _over(asked.form) != newest.version
        return self._admin.page(
            asked, "admin_writeup.html", status=status, error=error, theirs=newest if seen else None, **values
        )


def _place(incident: Incident) -> str:
    return f"/admin/incidents/{incident.id}/writeup"


def _text(form: Form) -> Text:
    return Text(title=form["title"].strip(), description=form["description"].strip(), body=form["body"])


def _is(version: Version, text: Text) -> bool:
    return (version.title, version.description, version.body) == (text.title, text.description, text.body)


def _over(form: Form) -> int:
    """The version that the text was written over; 0 for a form that does not say."""
    told = form["over"]
    return int(told) if told.isascii() and told.isdigit() and len(told) <= _DIGITS_MAX else 0
