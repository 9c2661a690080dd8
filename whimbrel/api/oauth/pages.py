"""The pages that a person meets on the way to a token: sign in, allow, here is your code, something is wrong.

Server-rendered, without JavaScript, never cached, never in a frame, and telling no other site where they were.
"""

from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from whimbrel.api.answers import HTML, Answer, Headers

_CSP: Final = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_FORM_HERE: Final = "; form-action 'self'"

_pages = Environment(
    loader=PackageLoader("whimbrel.api.oauth"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, *, status: int = 200, headers: Headers = (), leads_away: bool = False, **values: Any) -> Answer:
    """One page as an answer.

    `leads_away`: its form is answered with a redirect to an app. Browsers hold form-action against every hop of such
    a redirect, the app's own further ones and custom schemes included, so no list of ours could be right: there the
    directive is left out, and the form's seal is what keeps it honest.
    """
    body = _pages.get_template(template).render(values).encode()
    policy = _CSP if leads_away else _CSP + _FORM_HERE
    return Answer(status, body, (*_guards(policy), *headers), content_type=HTML, cache=b"no-store")


def broken_page(
    words: str, *, status: int = 400, back: str = "", place: str = "", retry_after_seconds: int | None = None
) -> Answer:
    """The page that says what went wrong; with the app's address to go `back` to, and the `place` that this is."""
    headers: Headers = ((b"retry-after", b"%d" % retry_after_seconds),) if retry_after_seconds is not None else ()
    return page("broken.html", status=status, headers=headers, words=words, back=back, place=place)


def redirect(location: str, *, headers: Headers = ()) -> Answer:
    """Send the browser on with a GET (303: it must not send a form with a password a second time)."""
    return Answer(303, b"", ((b"location", location.encode()), (b"referrer-policy", b"no-referrer"), *headers))


def _guards(policy: str) -> Headers:
    return (
        (b"content-security-policy", policy.encode()),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"no-referrer"),
    )
