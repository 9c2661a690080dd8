"""The press: a process of a second or two that turns a text into HTML and its facts into a picture, and ends.

Markdown and Pillow cost more memory than the page itself; so the page hands them their work and keeps nothing of it,
and a text that breaks one of them breaks no page. In: one JSON `Order` on standard input; out: one JSON `Print`.
"""

import sys

import msgspec
from markdown_it import MarkdownIt

from whimbrel.statuspage.writeup.order import Order, Print
from whimbrel.statuspage.writeup.picture import drawn


def html_of(body: str) -> str:
    """Markdown as HTML in which nothing runs: raw HTML is text, addresses that do more than lead somewhere are none."""
    made: str = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).render(body)
    return made


def main() -> None:
    """Do one order."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    picture = drawn(order.facts, order.title) if order.facts is not None else b""
    sys.stdout.buffer.write(msgspec.json.encode(Print(html=html_of(order.body), picture=picture)))


if __name__ == "__main__":
    main()
