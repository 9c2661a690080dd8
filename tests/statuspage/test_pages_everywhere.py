"""Every page that the status program serves, the operators' too, and every answer to a form: there in every language,
valid HTML, nothing for axe to complain about in light and dark, wide and on a phone. A page or a form that is not in
the tables here fails the first test.
"""

import itertools
import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import html5lib
import pytest
from starlette.routing import Route

from tests.support.chromium import browsing
from tests.support.status_furnished import SECRET, Furnished
from tests.support.status_page import served
from whimbrel.statuspage.pages.language import LANGUAGES

SPACE = "{http://www.w3.org/1999/xhtml}"
AXE_SOURCE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
AXE = """axe.run(document, {runOnly: %s, resultTypes: ["violations"]}).then(
  (found) => found.violations.map((one) => [one.id, one.nodes.map((node) => [node.html, node.failureSummary])]))"""
EVERYTHING = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_LOOKS = ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block"]
"""The rules whose answer depends on colours and on width."""
DESK, PHONE = ("light", 1_000, EVERYTHING), ("dark", 360, OF_LOOKS)
TOO_WIDE = """[...document.querySelectorAll('body *')].filter((one) => !one.closest('.wide, .scroll, .skip, svg')
  && one.getBoundingClientRect().right > 361).map((one) => one.outerHTML.slice(0, 200))"""

EXAMPLES = {
    "/metrics-display/{id}/{period}.json": ("/metrics-display/home-latency/day.json",),
    "/incidents/{id}": ("/incidents/{open}", "/incidents/{over}", "/incidents/{window}"),
    "/components/{id}": ("/components/search", "/components/posting"),
    "/components/{id}/badge.svg": ("/components/search/badge.svg",),
    "/services/{id}": ("/services/own", "/services/bank?days=7"),
    "/incidents/{incident}/writeup": ("/incidents/{over}/writeup",),
    "/incidents/{incident}/writeup.png": ("/incidents/{over}/writeup.png",),
    "/incidents/{incident}/writeup.md": ("/incidents/{over}/writeup.md",),
    "/subscribe/confirm/{id}/{token}": ("{confirm}", "{confirm}x"),
    "/unsubscribe/{id}/{token}": ("{unsubscribe}",),
    "/admin/incidents/{id}": ("/admin/incidents/{open}", "/admin/incidents/{over}", "/admin/incidents/nothing"),
    "/admin/incidents/{id}/writeup": ("/admin/incidents/{open}/writeup", "/admin/incidents/{over}/writeup"),
    "/admin/incidents/{id}/updates/{update}": ("/admin/incidents/{open}/updates/{update}",),
    "/admin/maintenance/{id}": ("/admin/maintenance/{window}",),
}
"""What stands for the paths that have something variable in them."""
BESIDE = ("/nothing-here", "/history?before=1", "/report?service=nothing")
"""Pages that no route names: what is not there, and the second page of a list."""

SENT = (
    ("/report", "/report", {"service": "own"}, "Please choose what is wrong."),
    ("/report", "/report", {"service": "own", "kind": "app", "place": "Nowhere"}, "We do not know this place."),
    ("/report", "/report", {"service": "own", "kind": "app"}, "Your report is counted."),
    ("/subscribe", "/subscribe", {"email": "nobody"}, "That is not an e-mail address."),
    ("/subscribe", "/subscribe", {"email": "cy@example.org"}, "Look into your mailbox"),
    ("/subscribe/confirm/{id}/{token}", "{confirm}", {}, "You will hear from us"),
    ("/unsubscribe/{id}/{token}", "{unsubscribe}", {}, "You will hear nothing more from us."),
    ("/admin/incidents/new", "/admin/incidents/new", {"name": "A", "body": "B", "do": "preview"}, "Preview"),
    ("/admin/incidents/new", "/admin/incidents/new", {"name": "", "body": "B", "do": "preview"}, "name"),
    ("/admin/incidents/{id}", "/admin/incidents/{open}", {"body": "Better.", "do": "preview"}, "Preview"),
    (
        "/admin/incidents/{id}/updates/{update}",
        "/admin/incidents/{open}/updates/{update}",
        {"body": "C", "do": "preview"},
        "Preview",
    ),
    (
        "/admin/incidents/{id}/writeup",
        "/admin/incidents/{over}/writeup",
        {"title": "A", "description": "B", "body": "## C\n\n|D|\n|-|\n|E|\n", "do": "preview"},
        "Preview",
    ),
    ("/admin/maintenance/new", "/admin/maintenance/new", {"name": "", "do": "preview"}, "expected"),
    ("/admin/maintenance/{id}", "/admin/maintenance/{window}", {"status": "completed", "body": "D"}, "Preview"),
    ("/admin/components", "/admin/components", {"id": "NO", "name": "x", "do": "set"}, "expected lower-case"),
    ("/admin/services", "/admin/services", {"id": "NO", "name": "x", "do": "set"}, "expected lower-case"),
    ("/admin/keys", "/admin/keys", {"label": "a new one", "do": "make"}, "shown this once"),
    ("/admin/comments", "/admin/comments", {"id": "1", "csrf": "", "do": "hide"}, "Comments"),
    ("/admin/sign-in", "/admin/sign-in", {**SECRET, "code": "000000"}, "Sign in"),
    ("/admin/sign-out", "/admin", {}, "Sign in"),
)
"""A route, where its form stands, what is sent, and what the answer says. In this order: the last one signs out."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A furnished status page behind a real server; `site.day` is what it is furnished with."""
    made = []

    async def make(url):
        made.append(Furnished(tmp_path_factory.mktemp("everywhere"), url))
        await made[0].furnish()
        return made[0].app

    with served(make) as site:
        site.day = made[0]
        yield site
        site.run(made[0].close())


@pytest.fixture(scope="module")
def tab(site):
    """A browser that is signed in, with axe at hand."""
    assert AXE_SOURCE.is_file(), "axe-core is not installed: bin/check statuspage does it"
    name, value = site.day.cookie
    with browsing() as tab:
        tab.do("Network.setCookie", name=name, value=value, url=site.url)
        tab.axe = AXE_SOURCE.read_text("utf-8")
        yield tab


def routes(site, method):
    """The paths that a browser may come to; what lies below /api is for programs."""
    found = [one for one in site.day.app.routes if isinstance(one, Route)]
    return [one.path for one in found if method in one.methods and not one.path.startswith("/api/")]


def paths(site):
    """Every address to look at."""
    named = itertools.chain.from_iterable(EXAMPLES.get(path, (path,)) for path in routes(site, "GET"))
    return [path.format(**site.day.ids) for path in (*named, *BESIDE)]


def asked(site, path):
    """The kind and the text of an answer, of whatever status; signed in."""
    request = urllib.request.Request(site.url + path, headers={"Cookie": "=".join(site.day.cookie)})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers.get_content_type(), answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as answer:
        return answer.headers.get_content_type(), answer.read().decode("utf-8", "replace")


@pytest.fixture(scope="module")
def pages(site):
    """The addresses whose answer is a page."""
    found = [path for path in paths(site) if path != "/admin/sign-out" and asked(site, path)[0] == "text/html"]
    assert {"/", "/services/own", "/admin", "/report", "/subscribe"} <= set(found)
    return found


def note(found, name, told):
    """Remember what is to be complained about."""
    if told:
        found[name] = told


def in_language(path, language):
    return f"{path}{'&' if '?' in path else '?'}lang={language}"


def complaints(text, language):
    """What is wrong with a page's HTML."""
    try:
        tree = html5lib.HTMLParser(strict=True).parse(text)
    except html5lib.html5parser.ParseError as error:
        return [f"not valid: {error}"]
    elements = list(tree.iter())
    ids = [element.get("id") for element in elements if element.get("id")]
    named = ("aria-labelledby", "aria-describedby")
    pointed = {id_ for element in elements for name in named for id_ in element.get(name, "").split()}
    links = [link.get("href") for link in tree.iter(f"{SPACE}a")]
    levels = [int(found) for found in re.findall(r"<h([1-6])\b", text)]
    rules = {
        "an id twice": len(ids) == len(set(ids)),
        "an id that is nowhere": pointed <= set(ids),
        "no first heading, or two": levels[:1] == [1] and levels.count(1) == 1,
        "a heading too deep": all(after <= before + 1 for before, after in itertools.pairwise(levels)),
        "its language": tree.get("lang") == language,
        "no way past the menu": "<nav" not in text.partition("<h1")[0] or links[0] == "#content",
        "no title": bool(tree.findtext(f".//{SPACE}title", "").strip()),
    }
    return [name for name, holds in rules.items() if not holds]


def test_no_page_and_no_form_is_missing_in_the_tables(site):
    unknown = [path for path in routes(site, "GET") if "{" in path and path not in EXAMPLES]
    assert unknown == [], "give an example of it in EXAMPLES"
    assert set(routes(site, "POST")) == {route for route, *_ in SENT}, "send each form once in SENT"


def test_every_page_is_there_in_every_language_and_is_valid(site, pages):
    found = {}
    others = itertools.cycle(LANGUAGES[1:])
    for path in pages:
        if path.startswith("/admin"):
            note(found, path, complaints(asked(site, path)[1], "en"))
            continue
        read = {language: asked(site, in_language(path, language))[1] for language in LANGUAGES}
        for language in ("en", next(others)):
            note(found, f"{path} {language}", complaints(read[language], language))
        for language, text in read.items():
            note(found, f"{path} in {language}", "is not there" if f'<html lang="{language}"' not in text else "")
    assert found == {}


def violations(tab, *looks):
    """What axe says of the page, looked at in these ways; and what is too wide for the last of them."""
    tab.ask(tab.axe)
    found = []
    for scheme, width, rules in looks:
        tab.prefer(scheme)
        tab.be_wide(width)
        found += [(scheme, *one) for one in tab.ask(AXE % json.dumps(rules))]
    return [*found, *tab.ask(TOO_WIDE)]


def test_axe_would_find_a_picture_without_words_pale_letters_and_a_button_too_small_to_hit(tab, site):
    tab.open(site.url)
    tab.ask("document.querySelector('.brand img').removeAttribute('alt')")
    tab.ask("document.querySelector('h1').style.color = '#ddd'")
    tab.ask("document.querySelector('.top nav').style.cssText = 'font-size: 6px; line-height: 1; gap: 0'")
    tab.ask("document.querySelectorAll('.top nav a').forEach((one) => { one.style.padding = 0; })")
    tab.ask("document.querySelector('h1').style.width = '30rem'")
    found = violations(tab, DESK, PHONE)
    assert {"image-alt", "color-contrast", "target-size"} <= {one[1] for one in found if isinstance(one, tuple)}
    assert any(one.startswith("<h1") for one in found if isinstance(one, str))


def test_axe_finds_nothing_on_any_page_and_a_phone_need_not_be_scrolled_sideways(tab, site, pages):
    found = {}
    for path in pages:
        tab.open(site.url + path)
        note(found, path, violations(tab, DESK, PHONE))
    assert found == {}, json.dumps(found, indent=1)


@pytest.mark.parametrize("language", ["de", "ja"])
def test_no_language_is_too_wide_for_a_phone(tab, site, pages, language):
    tab.be_wide(360)
    found = {}
    for path in pages:
        if not path.startswith("/admin"):
            tab.open(site.url + in_language(path, language))
            note(found, path, tab.ask(TOO_WIDE))
            assert tab.ask("document.documentElement.scrollWidth") <= 360, path
    assert found == {}


def test_axe_finds_nothing_on_the_answer_to_any_form(tab, site):
    found = {}
    for number, (route, path, fields, said) in enumerate(SENT):
        path = path.format(**site.day.ids)
        tab.open(site.url + path)
        tab.send(path if "{" in route else route, fields)
        assert said in tab.text("body"), (path, tab.text("body"))
        html = tab.ask("document.documentElement.outerHTML")
        told = [*complaints(f"<!DOCTYPE html>{html}", "en"), *violations(tab, ("dark", 360, EVERYTHING))]
        note(found, f"{number} {path}", told)
    assert found == {}, json.dumps(found, indent=1)
