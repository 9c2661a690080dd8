"""Keys, people's comments, and the history as a list that can be read."""

from starlette.responses import Response
from starlette.routing import Route

from whimbrel.kernel.errors import Conflict, Invalid
from whimbrel.kernel.limits import HISTORY_SHOWN_MAX
from whimbrel.statuspage.operators.pages import Admin, Asked, go

_DIGITS_MAX = 18


def keeping_routes(admin: Admin) -> list[Route]:
    """The paths; that of comments only where somebody keeps them."""
    pages = _Keeping(admin)
    routes = [
        admin.route("/admin/keys", pages.keys),
        admin.route("/admin/history", pages.history, sends=False),
    ]
    if admin.moderation is not None:
        routes.append(admin.route("/admin/comments", pages.comments))
    return routes


class _Keeping:
    def __init__(self, admin: Admin) -> None:
        self._admin, self._desk = admin, admin.desk

    async def keys(self, asked: Asked) -> Response:
        operators, form, secret, error = self._admin.operators, asked.form, "", ""
        if asked.sent and form["do"] == "revoke":
            await operators.revoke_key(form["id"], actor=asked.who.name)
            return go("/admin/keys")
        if asked.sent:
            try:
                # Shown in the answer to the form and nowhere else: a redirect would have to keep it somewhere.
                secret = await operators.add_key(asked.who.name, form["label"], actor=asked.who.name)
            except (Invalid, Conflict) as refused:
                error = refused.public
        values = {"keys": await operators.keys(), "secret": secret, "error": error}
        return self._admin.page(asked, "admin_keys.html", status=422 if error else 200, **values)

    async def history(self, asked: Asked) -> Response:
        before = asked.request.query_params.get("before", "")
        known = int(before) if before.isascii() and before.isdigit() and len(before) <= _DIGITS_MAX else None
        entries = await self._desk.history(known, HISTORY_SHOWN_MAX)
        older = entries[-1].sequence if len(entries) == HISTORY_SHOWN_MAX else None
        return self._admin.page(asked, "admin_history.html", entries=entries, older=older)

    async def comments(self, asked: Asked) -> Response:
        moderation = self._admin.moderation
        assert moderation is not None, "the route is only there with somebody behind it"
        if asked.sent:
            await moderation.decide(asked.form["id"], shown=asked.form["do"] == "show", actor=asked.who.name)
            return go("/admin/comments")
        waiting, shown = await moderation.waiting(), await moderation.shown()
        return self._admin.page(asked, "admin_comments.html", waiting=waiting, shown=shown)
