"""The pages in a real Chromium: led through by keys, whole without scripts, true while they stay open."""

import pytest

from tests.support.chromium import browsing
from tests.support.status_page import StatusPage, in_trouble, served

COMES_BACK = "document.dispatchEvent(new Event('visibilitychange'))"  # as when somebody comes back to the tab


@pytest.fixture(scope="module")
def tab():
    """A browser for all of these tests."""
    with browsing() as tab:
        yield tab


@pytest.fixture
def site(tmp_path):
    """A status page in trouble behind a real server; `site.status` is turned by `site.run`."""
    made = []

    async def make(url):
        status = StatusPage(tmp_path / "status.sqlite", url=url)
        made.append(status)
        await in_trouble(status)
        return status.app

    try:
        with served(make) as site:
            site.status = made[0]
            yield site
    finally:
        made[0].book.close()


def test_the_first_key_leads_into_the_content(tab, site):
    tab.be_wide(1_000)
    tab.open(site.url)
    for key in ("Tab", "Enter"):
        for kind in ("rawKeyDown", "char", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "char" else {}
            if kind != "char" or text:
                code = {"Tab": 9, "Enter": 13}[key]
                tab.do("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)
    tab.until("document.activeElement.id === 'content'", "the content has the focus")


def test_an_open_page_shows_what_has_changed_and_keeps_the_focus(tab, site):
    tab.open(f"{site.url}/?lang=de")
    tab.until("performance.getEntriesByType('resource').some((one) => one.initiatorType === 'fetch')", "it asks")
    tab.ask("document.querySelector('a.part-name[href*=search]').focus()")
    site.status.now_ms += 1_000
    site.run(site.status.turn(failing={"home", "posting"}))
    tab.ask(COMES_BACK)
    tab.until(
        "document.querySelector('main').innerText.includes('Schreiben: funktioniert nicht')"
        " || document.querySelector('.part.major_outage a[href*=posting]') !== null",
        "the change is shown",
    )
    assert tab.ask("document.activeElement.getAttribute('href')") == "/components/search?lang=de"
    assert tab.complaints == []


def test_a_change_is_told_to_who_listens_and_leaves_the_focus_where_it_is(tab, site):
    tab.open(f"{site.url}/components/posting")
    tab.until("performance.getEntriesByType('resource').some((one) => one.initiatorType === 'fetch')", "it asks")
    tab.ask("document.querySelector('summary').focus()")
    site.status.now_ms += 1_000
    site.run(site.status.turn(failing={"home", "posting"}))
    tab.ask(COMES_BACK)
    tab.until("document.querySelector('.verdict .state').innerText === 'Major outage'", "the change is shown")
    assert tab.ask("document.querySelector('[role=status]').innerText").startswith("Major outage")
    assert tab.ask("document.activeElement.localName") == "summary"
    assert tab.complaints == []


def test_an_open_page_says_that_nobody_answers(tab, tmp_path):
    status = []

    async def make(url):
        status.append(StatusPage(tmp_path / "status.sqlite", url=url))
        await status[0].begin()
        await status[0].turn()
        return status[0].app

    with served(make) as site:
        tab.open(site.url)
        tab.until("performance.getEntriesByType('resource').some((one) => one.initiatorType === 'fetch')", "it asks")
        status[0].book.close()
    tab.ask(COMES_BACK)
    tab.until("document.getElementById('seen').innerText.startsWith('This page cannot be reached since')", "it says so")
    assert "Everything works" in tab.text()
    tab.complaints.clear()


def test_without_scripts_everything_is_there(tab, site):
    tab.do("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.open(site.url)
        document = tab.do("DOM.getDocument", depth=0)["root"]["nodeId"]
        node = tab.do("DOM.querySelector", nodeId=document, selector="main")["nodeId"]
        shown = tab.do("DOM.getOuterHTML", nodeId=node)["outerHTML"]
    finally:
        tab.do("Emulation.setScriptExecutionDisabled", value=False)
    for said in ("Last looked", "did not come", "Users report trouble", "Load again"):
        assert said in shown
