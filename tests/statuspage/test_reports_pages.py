"""The pages of reports in six languages: the form and what it refuses, what others report, names of countries."""

import asyncio
from html import escape

import html5lib
import msgspec
import pytest

from tests.statuspage.reporting import NOW, reporting
from tests.statuspage.test_reports_judging import outage
from whimbrel.statuspage.pages.language import LANGUAGES
from whimbrel.statuspage.reports import places, service_view
from whimbrel.statuspage.reports.assessing import SurgeSeen
from whimbrel.statuspage.reports.elsewhere import PageSeen
from whimbrel.statuspage.reports.public import Overview
from whimbrel.statuspage.reports.reading import FORM
from whimbrel.statuspage.reports.series import Bin
from whimbrel.statuspage.reports.words import texts_of

MINUTE = NOW // 60_000


def told(tmp_path, script, **options):
    """Run a conversation with the reports room; returns what it returned."""

    async def run():
        async with reporting(tmp_path, **options) as desk:
            return await script(desk)

    return asyncio.run(run())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_is_as_small_in_every_language_and_refuses_in_its_reader_s_words(tmp_path, language):
    texts = texts_of(language)

    async def script(desk):
        fields = {"service": "own", "kind": "posting"}
        headers = {"accept-language": language}
        path = f"/report?service=own&lang={language}"
        return [
            await desk.client.get("/report", headers=headers),
            await desk.client.get("/report?service=nothing", headers=headers),
            await desk.client.post("/report", headers=headers, data={"service": "own"}),
            await desk.client.post(path, data=fields | {"place": "Nowhere"}),
            await desk.client.post(path, data=fields | {"words": "x" * 281}),
            await desk.client.post(path, content=b"x" * 9_000, headers={"content-type": FORM}),
            await desk.client.post(path, data=fields),
            await desk.client.post(path, data=fields),
            await desk.client.post(path, data=fields, headers={"x-peer": "192.0.2.77"}),
        ]

    pages = told(tmp_path, script, free_per_minute=2)
    said = ("", "service", "kind", "place", "words", "words", "", "", "challenge")
    assert [page.status_code for page in pages] == [200, 404, 422, 422, 422, 413, 201, 200, 429]
    for page, reason in zip(pages, said, strict=True):
        assert len(page.content) < 5_000, (reason, len(page.content))
        assert page.headers["content-language"] == language
        assert f'<html lang="{language}">' in page.text
        assert html5lib.HTMLParser(strict=True).parse(page.text) is not None
        if reason:
            seconds = texts.number(int(page.headers.get("retry-after", 0)))
            told_why = texts(f"refused.{reason}", name="Birds", most=texts.number(280), n=seconds)
            assert escape(told_why) in page.text
    assert texts("report.counted") in pages[6].text
    assert texts("report.again") in pages[7].text
    assert 'aria-invalid="true"' in pages[3].text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_a_service_says_why_reports_are_weighed_down_and_what_nobody_judged(tmp_path, language):
    async def script(desk):
        path = f"/services/own?lang={language}"
        first = await desk.client.get(path)
        await desk.pass_minutes(30)
        for minute in range(6):
            sent = [
                desk.send(kind="posting", address=f"10.1.1.{minute * 40 + n}", words="it is down", place="DE")
                for n in range(40)
            ]
            await asyncio.gather(*sent)
            await desk.pass_minutes(1)
        judged = await desk.client.get(path)
        desk.clock.now += 10 * 60_000
        return first.text, judged.text, (await desk.client.get(path)).text

    texts = texts_of(language)
    first, judged, late = told(tmp_path, script, free_per_minute=None)
    assert escape(texts("crowd.none")) in first
    assert escape(texts("evidence.none")) in first
    assert escape(texts("where.none")) in first
    assert escape(texts("crowd.unknown")) not in judged
    assert escape(texts("counted.1", n=texts.number(240))) in judged
    for said in ("240", escape(texts("kind.posting")), escape(places.name_of("DE", language))):
        assert f">{said}</t" in judged
    of = {name: texts.number(n) for name, n in (("most", 240), ("of", 240))}
    for sign in ("network", "wording"):
        start = texts(f"doubt.{sign}", **of, share=texts.share(1.0), allowed="|").partition("|")[0]
        assert escape(start) in judged
    assert escape(texts("crowd.unknown")) in late


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_a_bystander_names_the_culprit_and_that_of_a_liar_what_it_says(tmp_path, language):
    texts = texts_of(language)
    seen = SurgeSeen(since=MINUTE - 20, noticed=MINUTE - 19, score=40.0, peak=1.0, of="phone", role="bystander")
    page = PageSeen(indicator="none", description="All Systems Operational", since_ms=NOW, read_ms=NOW)

    async def script(desk):
        await outage(desk, minutes=2, size=20, service="bank", kind="app")
        said = desk.reports.said(desk.reports.catalogue.service("bank"))
        paged = msgspec.structs.replace(said.service, page_url="http://bank.example")
        weak = said._replace(service=paged, state="weak", standing=said.standing._replace(seen=seen), page=page)
        strong = weak._replace(
            state="strong", standing=said.standing._replace(seen=msgspec.structs.replace(seen, of=""))
        )
        overview = Overview(weak, 1, [Bin(MINUTE, 0, 0, 0.5, 0.0, {})], [], [], [], [seen])
        shown = service_view.shown(texts, overview, {"phone": "A phone company"}, 60_000 * (said.minute + 1))
        return shown, service_view.standing(texts, strong, 60_000 * (said.minute + 1))

    shown, strong = told(tmp_path, script)
    assert shown["bystander"] == (texts("bystander", share=texts.share(1.0)), "phone", "A phone company")
    assert shown["page"] == texts("page.says", words="All Systems Operational", moment=texts.moment(NOW))
    assert shown["standing"].disagreement == ""
    assert shown["bins"][0][1:] == ("–", "–", texts.share(0.0))
    assert shown["surges"][0][1:] == (texts("surge.on"), texts.number(1), texts("surge.not_yet"))
    assert strong.disagreement == texts("disagreement", clock=texts.clock(60_000 * seen.since))


def test_a_country_is_known_by_its_name_in_every_language():
    spoken = ("Deutschland", "germany", "Allemagne", "Alemania", "Alemanha", "ドイツ", "Cote d'Ivoire", "Espana", "UK")
    codes = [places.code_of(places.chosen(name)) for name in spoken]
    assert codes == ["DE"] * 6 + ["CI", "ES", "GB"]
    for language in LANGUAGES:
        assert list(places.countries(language)) == list(places.countries())
        for code, name in places.countries(language).items():
            assert places.code_of(places.chosen(name)) == code, (language, name)
