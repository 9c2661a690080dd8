"""The frame of every page of the status program, and how a template becomes an answer.

Other rooms bring templates of their own: `Layout(packages=(...,))` names the packages in whose `templates` folder they
lie; each extends `frame.html`. Every template is given `words` (language.Words), `site`, `at` (addresses.Addresses)
and `frame` (what this frame needs), and what the caller adds. Values are escaped. Promises of every answer: no inline
script or style, nothing from elsewhere, no cookie set here.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.resources import files
from typing import Any, Final, NamedTuple

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from whimbrel.statuspage.pages.addresses import Addresses, Served
from whimbrel.statuspage.pages.language import LANGUAGES, Words, chosen, words_of

_OURS: Final = "whimbrel.statuspage.pages"
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action {forms}; frame-ancestors 'none'"
)
POLICY: Final = _POLICY.format(forms="'none'")
POLICY_WITH_FORMS: Final = _POLICY.format(forms="'self'")


class Static(NamedTuple):
    """A file that is served as it stands. `path` changes with its bytes, so any cache may keep it for ever."""

    path: str
    body: bytes
    kind: str


def _static(name: str, kind: str) -> Static:
    body = files(_OURS).joinpath("static", name).read_bytes()
    stem, _, ending = name.rpartition(".")
    return Static(f"static/{stem}-{blake2b(body, digest_size=6).hexdigest()}.{ending}", body, kind)


STYLE: Final = _static("status.css", "text/css")
SCRIPT: Final = _static("status.js", "text/javascript")
ICON: Final = _static("favicon.svg", "image/svg+xml")._replace(path="favicon.svg")


class Site(NamedTuple):
    """What every page says about whose it is. `url`: where people find it, without a slash at the end."""

    name: str
    url: str


class Layout:
    """Fills templates. One for the whole program; it keeps no page."""

    def __init__(self, site: Site, *, packages: Sequence[str] = (), nav: Sequence[tuple[str, str]] = ()) -> None:
        """`nav`: further entries of the menu, as pairs of a path and a key of words."""
        self.site, self._nav = site, tuple(nav)
        self._environment = Environment(
            loader=ChoiceLoader([PackageLoader(package) for package in (_OURS, *packages)]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["machine_time"] = machine_time

    def render(self, template: str, words: Words, at: Addresses, **values: Any) -> str:
        """The page as text."""
        others = [(language, words_of(language)("language")) for language in LANGUAGES]
        copy = values.get("copy")
        nav = [("", "nav.status"), ("history", "nav.history"), *(self._nav if copy is None else copy.nav)]
        frame = {
            "languages": others,
            "nav": nav,
            "takes_reports": copy is None and any(path == "services" for path, _ in nav),
            "style": STYLE.path,
            "script": SCRIPT.path,
        }
        given: dict[str, Any] = {"copy": None, "sheet": None, "live": False}
        return self._environment.get_template(template).render(
            given | {"words": words, "site": self.site, "at": at, "frame": frame} | values
        )

    def page(
        self,
        request: Request,
        template: str,
        values: Mapping[str, Any],
        *,
        status: int = 200,
        forms: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A page for this request, made now and kept by nobody. `forms`: it has one that is sent to us."""
        words, at = reader(request)
        text = self.render(template, words, at, **values)
        given = {
            "cache-control": "no-store",
            "content-language": words.language,
            "content-security-policy": POLICY_WITH_FORMS if forms else POLICY,
        } | dict(headers or {})
        return Response(text, status_code=status, headers=given, media_type="text/html")


def reader(request: Request) -> tuple[Words, Addresses]:
    """The words that the request's reader wants, and where addresses lead from this page."""
    asked = request.query_params.get("lang", "")
    words = words_of(chosen(asked, request.headers.get("accept-language", "")))
    return words, Served(request.url.path.lstrip("/"), words.language if asked == words.language else "")


def tag_of(body: bytes) -> str:
    """A weak validator: the page is the same but for when we last looked."""
    return f'W/"{blake2b(body, digest_size=12).hexdigest()}"'


def machine_time(time_ms: int) -> str:
    """A moment as `<time datetime>` has it."""
    return datetime.fromtimestamp(time_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
