"""The feeds: Atom and RSS in the form that Statuspage gives them, and JSON Feed 1.1. Pure.

Parsers take the first `<strong>` of an entry as its present state, so updates stand newest first in each entry.
Sources: RFC 4287, RSS 2.0, jsonfeed.org version 1.1; the tag URIs and the order inside an entry as Statuspage has them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit

from whimbrel.statuspage.v2.shapes import Shown, time
from whimbrel.statuspage.values import Incident, Maintenance, Update

Told = Incident | Maintenance


def atom(shown: Shown, told: Sequence[Told]) -> str:
    """`/history.atom`: one entry for each incident and window, newest first."""
    page = shown.page
    entries = "".join(_atom_entry(shown, one) for one in told)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<feed xml:lang="en-US" xmlns="http://www.w3.org/2005/Atom">\n'
        f"<id>tag:{_host(shown)},2005:/history</id>\n"
        f'<link rel="alternate" type="text/html" href="{_link(shown, "")}"/>\n'
        f'<link rel="self" type="application/atom+xml" href="{_link(shown, "history.atom")}"/>\n'
        f"<title>{escape(page.name)} - Incident History</title>\n"
        f"<updated>{time(page.updated_ms)}</updated>\n"
        f"<author><name>{escape(page.name)}</name></author>\n"
        f"{entries}</feed>\n"
    )


def rss(shown: Shown, told: Sequence[Told]) -> str:
    """`/history.rss`."""
    items = "".join(_rss_item(shown, one) for one in told)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>\n'
        f"<title>{escape(shown.page.name)} - Incident History</title>\n"
        f"<link>{_link(shown, '')}</link>\n"
        f"<description>What has been said about {escape(shown.page.name)}.</description>\n"
        f'<atom:link rel="self" type="application/rss+xml" href="{_link(shown, "history.rss")}"/>\n'
        f"<pubDate>{_rfc822(shown.page.updated_ms)}</pubDate>\n{items}</channel>\n</rss>\n"
    )


def json_feed(shown: Shown, told: Sequence[Told]) -> dict[str, Any]:
    """`/history.json`."""
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{shown.page.name} - Incident History",
        "home_page_url": _link(shown, ""),
        "feed_url": _link(shown, "history.json"),
        "items": [
            {
                "id": _link(shown, f"incidents/{one.id}"),
                "url": _link(shown, f"incidents/{one.id}"),
                "title": one.name,
                "content_html": _story(one.updates),
                "date_published": time(one.created_ms),
                "date_modified": time(one.updated_ms),
            }
            for one in told
        ],
    }


def _atom_entry(shown: Shown, one: Told) -> str:
    return (
        "<entry>\n"
        f"<id>tag:{_host(shown)},2005:Incident/{escape(one.id)}</id>\n"
        f"<published>{time(one.created_ms)}</published>\n<updated>{time(one.updated_ms)}</updated>\n"
        f'<link rel="alternate" type="text/html" href="{_link(shown, f"incidents/{one.id}")}"/>\n'
        f"<title>{escape(one.name)}</title>\n"
        f'<content type="html">{escape(_story(one.updates))}</content>\n</entry>\n'
    )


def _rss_item(shown: Shown, one: Told) -> str:
    link = _link(shown, f"incidents/{one.id}")
    return (
        f"<item>\n<title>{escape(one.name)}</title>\n<description>{escape(_story(one.updates))}</description>\n"
        f"<pubDate>{_rfc822(one.created_ms)}</pubDate>\n<link>{link}</link>\n<guid>{link}</guid>\n</item>\n"
    )


def _story(updates: Sequence[Update]) -> str:
    return "".join(_paragraph(update) for update in updates)


def _paragraph(update: Update) -> str:
    when = datetime.fromtimestamp(update.displayed_ms / 1_000, UTC)
    edited = " (edited)" if update.edited_ms is not None else ""
    body = escape(update.body).replace("\n", "<br/>")
    state = update.status.replace("_", " ").capitalize()
    return (
        f"<p><small>{when:%b} <var data-var='date'>{when:%d}</var>, <var data-var='time'>{when:%H:%M}</var> UTC</small>"
        f"<br><strong>{state}</strong> - {body}{edited}</p>"
    )


def _host(shown: Shown) -> str:
    return escape(urlsplit(shown.page.url).hostname or "localhost")


def _link(shown: Shown, path: str) -> str:
    return escape(f"{shown.page.url.rstrip('/')}/{path}")


def _rfc822(time_ms: int) -> str:
    return format_datetime(datetime.fromtimestamp(time_ms / 1_000, UTC))
