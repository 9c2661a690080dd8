"""The feeds: Atom and RSS in the form that Statuspage gives them, and JSON Feed 1.1; in each language of the pages.

Parsers take the first `<strong>` of an entry as its present state, so updates stand newest first in each entry, before
them the step that a window took by itself. In English every word is Statuspage's or the API's; in another language they
are the page's (voice.py). An entry is the same entry in every language: its id never has one. Pure.
Sources: RFC 4287, RSS 2.0, jsonfeed.org version 1.1; the tag URIs and the order inside an entry as Statuspage has them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit

from whimbrel.statuspage.pages.xml import xml_text
from whimbrel.statuspage.v2.shapes import Shown, time
from whimbrel.statuspage.v2.voice import Voice
from whimbrel.statuspage.values import Incident, Maintenance

Told = Incident | Maintenance


def atom(shown: Shown, told: Sequence[Told], voice: Voice) -> str:
    """`/history.atom`: one entry for each incident and window, newest first."""
    page = shown.page
    entries = "".join(_atom_entry(shown, one, voice) for one in told)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<feed xml:lang="{voice.tag}" xmlns="http://www.w3.org/2005/Atom">\n'
        f"<id>tag:{_host(shown)},2005:/history{voice.path}</id>\n"
        f'<link rel="alternate" type="text/html" href="{_link(shown, "", voice)}"/>\n'
        f'<link rel="self" type="application/atom+xml" href="{_link(shown, "history.atom", voice)}"/>\n'
        f"<title>{xml_text(voice.title(page.name))}</title>\n"
        f"<updated>{time(page.updated_ms)}</updated>\n"
        f"<author><name>{xml_text(page.name)}</name></author>\n"
        f"{entries}</feed>\n"
    )


def rss(shown: Shown, told: Sequence[Told], voice: Voice) -> str:
    """`/history.rss`."""
    items = "".join(_rss_item(shown, one, voice) for one in told)
    language = f"<language>{voice.tag.lower()}</language>\n" if voice.path else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>\n'
        f"<title>{xml_text(voice.title(shown.page.name))}</title>\n"
        f"<link>{_link(shown, '', voice)}</link>\n"
        f"<description>{xml_text(voice.lead(shown.page.name))}</description>\n{language}"
        f'<atom:link rel="self" type="application/rss+xml" href="{_link(shown, "history.rss", voice)}"/>\n'
        f"<pubDate>{_rfc822(shown.page.updated_ms)}</pubDate>\n{items}</channel>\n</rss>\n"
    )


def json_feed(shown: Shown, told: Sequence[Told], voice: Voice) -> dict[str, Any]:
    """`/history.json`."""
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": voice.title(shown.page.name),
        "home_page_url": _address(shown, "", voice),
        "feed_url": _address(shown, "history.json", voice),
        **({"language": voice.tag} if voice.path else {}),
        "items": [
            {
                "id": _address(shown, f"incidents/{one.id}"),
                "url": _address(shown, f"incidents/{one.id}", voice),
                "title": voice.name(one),
                "content_html": _story(one, voice),
                "date_published": time(one.created_ms),
                "date_modified": time(one.updated_ms),
            }
            for one in told
        ],
    }


def _atom_entry(shown: Shown, one: Told, voice: Voice) -> str:
    return (
        "<entry>\n"
        f"<id>tag:{_host(shown)},2005:Incident/{xml_text(one.id)}</id>\n"
        f"<published>{time(one.created_ms)}</published>\n<updated>{time(one.updated_ms)}</updated>\n"
        f'<link rel="alternate" type="text/html" href="{_link(shown, f"incidents/{one.id}", voice)}"/>\n'
        f"<title>{xml_text(voice.name(one))}</title>\n"
        f'<content type="html">{xml_text(_story(one, voice))}</content>\n</entry>\n'
    )


def _rss_item(shown: Shown, one: Told, voice: Voice) -> str:
    path = f"incidents/{one.id}"
    return (
        f"<item>\n<title>{xml_text(voice.name(one))}</title>\n"
        f"<description>{xml_text(_story(one, voice))}</description>\n"
        f"<pubDate>{_rfc822(one.created_ms)}</pubDate>\n<link>{_link(shown, path, voice)}</link>\n"
        f"<guid>{_link(shown, path)}</guid>\n</item>\n"
    )


def _story(one: Told, voice: Voice) -> str:
    said = "".join(
        _paragraph(voice, update.displayed_ms, update.status, f" - {_lines(voice.body(update))}{voice.edited(update)}")
        for update in one.updates
    )
    newest = one.updates[0].status if one.updates else ""
    if isinstance(one, Incident) or one.status == newest:
        return said
    return _paragraph(voice, one.updated_ms, one.status, "") + said  # a step that time took: nobody said anything


def _paragraph(voice: Voice, at_ms: int, status: str, said: str) -> str:
    return f"<p><small>{voice.moment(at_ms)}</small><br><strong>{escape(voice.status(status))}</strong>{said}</p>"


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br/>")


def _host(shown: Shown) -> str:
    return xml_text(urlsplit(shown.page.url).hostname or "localhost")


def _link(shown: Shown, path: str, voice: Voice | None = None) -> str:
    return xml_text(_address(shown, path, voice))


def _address(shown: Shown, path: str, voice: Voice | None = None) -> str:
    return f"{shown.page.url.rstrip('/')}/{path}{voice.query if voice else ''}"


def _rfc822(time_ms: int) -> str:
    return format_datetime(datetime.fromtimestamp(time_ms / 1_000, UTC))
