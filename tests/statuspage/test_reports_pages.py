"""The pages of reports in six languages: the form and what it refuses, what others report, names of countries."""

import asyncio
from html import escape

import html5lib
import pytest

from tests.statuspage.reporting import reporting
from whimbrel.statuspage.pages.language import LANGUAGES
from whimbrel.statuspage.reports import places
from whimbrel.statuspage.reports.reading import FORM
from whimbrel.statuspage.reports.words import texts_of


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


def test_a_country_is_known_by_its_name_in_every_language():
    spoken = ("Deutschland", "germany", "Allemagne", "Alemania", "Alemanha", "ドイツ", "Cote d'Ivoire", "Espana", "UK")
    codes = [places.code_of(places.chosen(name)) for name in spoken]
    assert codes == ["DE"] * 6 + ["CI", "ES", "GB"]
    for language in LANGUAGES:
        assert list(places.countries(language)) == list(places.countries())
        for code, name in places.countries(language).items():
            assert places.code_of(places.chosen(name)) == code, (language, name)
