"""The page on which people report: a form that needs no script, its answer, and the challenge when there is one.

Promises: the whole answer, style and script included, is under 5 kB in every language and asks for nothing else;
everything that came from outside is escaped; the policy in its headers lets nothing run but the page's own few lines.
"""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import REPORT_WORDS_CHARACTERS_MAX
from whimbrel.statuspage.pages.addresses import Addresses
from whimbrel.statuspage.pages.language import LANGUAGES, Words, words_of
from whimbrel.statuspage.pages.layout import reader
from whimbrel.statuspage.reports.challenge import Challenged
from whimbrel.statuspage.reports.reading import Sent
from whimbrel.statuspage.reports.words import field_of, kind_words, refusal, texts_of
from whimbrel.statuspage.values import Service

_PACKAGE: Final = "whimbrel.statuspage.reports"


def templates() -> Environment:
    """The templates of reports; everything is escaped, a missing value is a mistake."""
    loader = PackageLoader(_PACKAGE)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def text_of(name: str) -> str:
    """A style or a script, as it goes into a page."""
    return files(_PACKAGE).joinpath("templates", name).read_text("utf-8").strip()


def policy(style: str, script: str = "") -> dict[str, str]:
    """Headers that let this style and this script run, and nothing else."""
    scripts = f"script-src '{_hash(script)}'; " if script else ""
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src '{_hash(style)}'; {scripts}"
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


class Reader(NamedTuple):
    """Who looks: the texts of their language, and where links lead from here."""

    texts: Words
    at: Addresses


def reader_of(request: Request) -> Reader:
    """Whose request it is."""
    words, at = reader(request)
    return Reader(texts_of(words.language), at)


class ReportPage:
    """The form and its answers."""

    def __init__(self) -> None:
        self._template = templates().get_template("report.html")
        self._style, self._script = text_of("report.css"), text_of("report.js")
        self._headers = policy(self._style, self._script) | {"Cache-Control": "no-store"}

    def form(self, to: Reader, service: Service) -> Response:
        """The empty form."""
        return self._page(to, service, Sent(service=service.id), 200)

    def thanks(self, to: Reader, service: Service, *, counted: bool) -> Response:
        """What somebody sees who has reported."""
        said = to.texts("report.counted" if counted else "report.again")
        return self._page(to, service, None, 201 if counted else 200, said=said)

    def refused(self, to: Reader, service: Service, sent: Sent, error: WhimbrelError) -> Response:
        """The form again with what was wrong, and with what was written in it."""
        sent = Sent(**{name: getattr(sent, name)[:REPORT_WORDS_CHARACTERS_MAX] for name in Sent.__struct_fields__})
        page = self._page(to, service, sent, error.status, said=refusal(to.texts, error, service.name), error=error)
        if error.retry_after_seconds:
            page.headers["Retry-After"] = str(error.retry_after_seconds)
        return page

    def _page(
        self,
        to: Reader,
        service: Service,
        sent: Sent | None,
        status: int,
        *,
        said: str = "",
        error: WhimbrelError | None = None,
    ) -> Response:
        values: dict[str, Any] = {
            "t": to.texts,
            "at": to.at,
            "languages": [(language, words_of(language)("language")) for language in LANGUAGES],
            "service": service,
            "kinds": [(kind, kind_words(kind, to.texts)) for kind in service.kinds],
            "sent": sent,
            "said": said,
            "wrong": field_of(error) if error is not None else "",
            "asked": error if isinstance(error, Challenged) else None,
            "words_max": REPORT_WORDS_CHARACTERS_MAX,
            "style": self._style,
            "script": self._script,
        }
        headers = self._headers | {"Content-Language": to.texts.language}
        return HTMLResponse(self._template.render(values), status, headers)


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()
