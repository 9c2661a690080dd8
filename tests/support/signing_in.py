"""A person at a browser who signs in and allows an app: the real pages of the real server, read and sent as forms."""

import re
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.support.browsing import Form, form_in

CODE = re.compile(r"<textarea[^>]*>([^<]+)</textarea>")


class Person(NamedTuple):
    """Somebody with a name and a password."""

    name: str
    password: str


def allow(address: str, person: Person) -> str:
    """Open the address that an app gave, sign in, allow it, and return the code, shown or sent along the way back."""
    with httpx.Client(follow_redirects=False, trust_env=False) as browser:
        page = browser.get(address)
        assert page.status_code == 200, page.text
        signed_in = _send(browser, page, login=person.name, password=person.password)
        assert signed_in.status_code in (302, 303), signed_in.text
        consent = browser.get(signed_in.next_request.url)
        assert f"@{person.name}" in consent.text
        return _code_in(_send(browser, consent, decision="allow"))


def _send(browser: httpx.Client, page: httpx.Response, **typed: str) -> httpx.Response:
    form: Form = form_in(page.text)
    return browser.post(page.url.join(form.action), data=form.fields | typed)


def _code_in(answer: httpx.Response) -> str:
    if answer.status_code == 200:
        shown = CODE.search(answer.text)
        assert shown, answer.text
        return shown[1].strip()
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert "code" in back, answer.headers["location"]
    return back["code"][0]
