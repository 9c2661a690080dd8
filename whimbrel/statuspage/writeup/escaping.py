"""Markdown that a site generator shows as our own page does, whatever its template language would make of it. Pure.

Promises: no text in a write-up is run by Blade, Liquid, Nunjucks or as a shortcode, no raw HTML passes, no address that
runs (`javascript:`) is a link, and no line is only `---`; what readers see is the same text. In code a generator that
leaves no other way gets a zero-width space.

Design note. Each generator runs its template language at another moment, so one escape for all is wrong for each:

- Jigsaw compiles Blade *after* Markdown (and puts its own escapes before some `@` and `{{` ahead of it). An entity
  would be decoded by Markdown and then run; so an empty comment stands between the characters. Code becomes HTML.
- Jekyll runs Liquid before Markdown, in code as well: an expression gives the brace. `raw` blocks would need an escape
  of their own `endraw`; Liquid 5.6 reads `{%` inside an expression as a tag, so only one brace goes into it.
- Hexo sets aside Nunjucks before Markdown and runs it after, so entities, and addresses that are shown decoded, come
  to life again in some renderers; `#}` alone stops it. It makes code safe by itself and shows an escape there.
- Hugo, and cState on it, only reads shortcodes, before Markdown and in code as well: an entity in text, its own
  comment form in code where the shortcode is whole.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape, unescape
from typing import Final, Literal, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import validateLink
from markdown_it.token import Token

Generator = Literal["jigsaw", "hugo", "jekyll", "hexo", "cstate"]

_APART: Final = "<!-- -->"
_INVISIBLE: Final = "\u200b"

_PIECE: Final = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n)[\s\S])+?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<auto><[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*>)"
    r"|(?P<alt>!\[[^\[\]\n]*(?=\]\())"
    r"|(?P<label>\[[^\[\]\n]*(?=\]\())"
    r"|(?P<link>\]\([^\s()]*(?:[ \t]+\"[^\"\n]*\")?\))"
    r"|(?P<target>(?m:^[ ]{0,3}\[[^\[\]\n]+\]:[ \t]*\S+(?:[ \t]+\"[^\"\n]*\")?[ \t]*$))"
    r"|(?P<bare>https?://[^\s<>()\[\]\"*`]*[^\s<>()\[\]\"*`.,;:!?])"
    r"|(?P<brace>\\?\{(?=[{%#!:\\&]))"
    r"|(?P<end>\\?\#\\?\})"
    r"|(?P<pair>\\[!-/:-@\[-`{-~])"
    r"|(?P<entity>&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
    r"|(?P<mark>[<@])"
)
_LEADS: Final = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n)[\s\S])+?(?<!`)(?P=ticks)(?!`))"
    r"|\](?P<how>[(:])(?=[\s>]*<?(?P<where>[^\n>]*))"
)
_SHORTCODE: Final = re.compile(r"\{\{([<%])(?!/\*)((?:(?!\*/|[>%]\}\}).)*?)([>%])\}\}", re.DOTALL)


def _escaped(character: str) -> str:
    return f"\\{character}"


class _Dialect(NamedTuple):
    """How a generator is kept from running text (`brace`, `at`, `end` for the characters), code spans and blocks."""

    brace: str
    at: str
    span: Callable[[str], str]
    fenced: Callable[[str], str]
    indented: Callable[[str], str]
    html_code: bool = False
    end: str = "#}"
    entity: Callable[[str], str] = _escaped


def survives(body: str, generator: Generator) -> str:
    """The body for one generator's file. Line ends become plain ones; the text ends in one newline."""
    dialect = _DIALECTS[generator]
    body = "\n".join(body.splitlines())
    lines, out, text = body.split("\n"), [], []
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(body)
    code = {line: token for token in tokens if token.type in ("fence", "code_block") for line in _lines_of(token)}
    for number, line in enumerate(_without_rules(lines, tokens)):
        token = code.get(number)
        if token is None:
            text.append(line)
            continue
        out += _told(text, dialect)
        text = []
        if number == _lines_of(token).start:
            out += _code(lines, token, dialect)
    return "\n".join([*out, *_told(text, dialect)]).rstrip("\n") + "\n"


def _lines_of(token: Token) -> range:
    start, stop = token.map or (0, 0)
    return range(start, stop)


def _without_rules(lines: Sequence[str], tokens: Sequence[Token]) -> Iterator[str]:
    """The lines, with rules and underlines of headings that no reader of front matter takes for its end."""
    rules = {line for token in tokens if token.type == "hr" for line in _lines_of(token)}
    underlines = {
        _lines_of(token)[-1] for token in tokens if token.type == "heading_open" and token.markup == "-" and token.map
    }
    for number, line in enumerate(lines):
        if number in rules:
            yield re.sub(r"-[-\t ]*$", "***", line, count=1) if "-" in line else line
        elif number in underlines:
            yield re.sub(r"-+[ \t]*$", "--", line)
        else:
            yield line


def _told(lines: Sequence[str], dialect: _Dialect) -> list[str]:
    """Lines outside of code blocks, escaped."""
    if not lines:
        return []
    text = _LEADS.sub(_unless_it_runs, "\n".join(lines))
    return _PIECE.sub(lambda found: _piece(found, dialect), text).split("\n")


def _unless_it_runs(found: "re.Match[str]") -> str:
    """What makes words a link or an image, but for an address that our page makes none of: there it is plain text."""
    return f"]\\{found['how']}" if found["how"] and _runs(found["where"]) else found[0]


def _runs(address: str) -> bool:
    """By our page's rule, for an address as a browser reads it: without blanks, entities, or escapes of Markdown."""
    read = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", unescape(address))
    return not validateLink("".join(one for one in read if one > " " and one.isprintable()))


def _piece(found: "re.Match[str]", dialect: _Dialect) -> str:
    text = found[0]
    match found.lastgroup:
        case "code" | "ticks":
            return dialect.span(re.sub(r"\n[ \t>]*", " ", text))  # so that no line of it begins a block
        case "auto" if _runs(text[1:-1]):
            return f"&lt;{_spelt(text[1:-1], dialect)}&gt;"
        case "auto" | "bare":
            return _link(text, dialect)
        case "label":
            return f"[{_PIECE.sub(lambda inner: _in_label(inner, dialect), text[1:])}"
        case "link" | "target":
            address, mark, title = text.partition(' "')
            return _address(address, dialect) + mark + _quiet(title, dialect)
        case "alt":
            return _quiet(text, dialect)
        case "brace":
            return dialect.brace
        case "end":
            return dialect.end
        case "entity":
            meant = unescape(text)
            return dialect.entity(meant) if meant in ("#", "}") else _character(meant, text, dialect)
        case "pair":
            return _character(text[1], text, dialect)
        case _:
            return _character(text, text, dialect)


def _character(meant: str, written: str, dialect: _Dialect) -> str:
    """A character that people wrote in some way, so that it cannot come to life later."""
    if meant == "{":
        return dialect.brace
    if meant == "@":
        return dialect.at
    return "&lt;" if meant == "<" else written


def _in_label(found: "re.Match[str]", dialect: _Dialect) -> str:
    """A link's own words, in which no other link may begin."""
    is_address = found.lastgroup in ("auto", "bare")
    return _spelt(found[0].strip("<>"), dialect) if is_address else _piece(found, dialect)


def _link(text: str, dialect: _Dialect) -> str:
    """An address in the text. Some renderers show it decoded, and what they show is run: such a one is spelt out."""
    address = text.strip("<>")
    encoded = _address(address, dialect)
    is_plain = encoded == address and not re.search("%7[bd]", address, re.IGNORECASE)
    return text if is_plain else f"[{_spelt(address, dialect)}]({encoded})"


def _spelt(text: str, dialect: _Dialect) -> str:
    marked = re.sub(r"[\\`*_\[\]~]", lambda mark: f"\\{mark[0]}", unescape(text))
    marked = re.sub(r"(https?):", r"\1&#58;", marked)  # so that nobody makes a link within the link
    marked = re.sub(r"[{@<]", lambda mark: _character(mark[0], mark[0], dialect), marked)
    return marked.replace("#}", dialect.end)


def _address(text: str, dialect: _Dialect) -> str:
    """Percent-encoding means the same to whoever follows the link."""
    found = unescape(text).replace("{", "%7B").replace("}", "%7D").replace(" ", "%20")
    return found.replace("@", "%40") if dialect.html_code else found


def _quiet(text: str, dialect: _Dialect) -> str:
    """Titles and alternative texts, where neither markup nor an expression has a place."""
    found = re.sub(r"\\?\{(?=\\?[{%#!:])", "{" + _INVISIBLE, unescape(text))
    found = re.sub(r"#\\?\}", f"#{_INVISIBLE}}}", found).replace("<", "&lt;")
    return found.replace("@", "@" + _INVISIBLE) if dialect.html_code else found


def _code(lines: Sequence[str], token: Token, dialect: _Dialect) -> list[str]:
    block = [lines[number] for number in _lines_of(token)]
    if token.type == "fence":
        block[0] = re.sub(r"(`{3,}|~{3,})(.*)$", lambda found: found[1] + _language(found[2]), block[0], count=1)
    if dialect.html_code:
        return _as_html(block, token) if _runs_in_blade(token.content) else block
    change = dialect.fenced if token.type == "fence" else dialect.indented
    return change("\n".join(block)).split("\n")


def _language(info: str) -> str:
    """The language of a block of code; whatever else stands there is nobody's text."""
    found = re.match(r"\s*([A-Za-z0-9_+-]*)\s*$", info)
    return found[1] if found else ""


def _runs_in_blade(text: str) -> bool:
    return any(mark in text for mark in ("@", "{{", "{!!"))


def _as_html(block: Sequence[str], token: Token) -> list[str]:
    """A code block as HTML: there entities reach the reader and nobody before. What stands before it stays."""
    content = token.content.removesuffix("\n").split("\n")
    first = block[1] if token.type == "fence" and len(block) > 1 else block[0]
    prefix = first.removesuffix(content[0]) if content[0] else ""
    prefix = re.sub(r"[^\s>]", " ", prefix if token.type == "fence" else re.sub(r"(?: {4}|\t)$", "", prefix))
    opening = re.match(r"(.*?)(?:`{3,}|~{3,})", block[0]) if token.type == "fence" else None
    shown = [escape(line, quote=False).replace("@", "&#64;").replace("{", "&#123;") for line in content]
    shown[0] = f"<pre><code>{shown[0]}"
    shown[-1] += "</code></pre>"
    return [(opening[1] if opening and not number else prefix) + line for number, line in enumerate(shown)]


def _html_span(text: str) -> str:
    if not _runs_in_blade(text):
        return text
    ticks = len(text) - len(text.lstrip("`"))
    content = text[ticks:-ticks].replace("\n", " ")
    if content.startswith(" ") and content.endswith(" ") and content.strip():
        content = content[1:-1]
    shown = re.sub(r"[!-/:-@\[-`{-~]", _html_span_character, content)
    return f"<code>{shown}</code>"


def _html_span_character(found: "re.Match[str]") -> str:
    character = found[0]
    if character in "<>&":
        return escape(character)
    return f"\\{character}{_APART}" if character in "@{" else f"\\{character}"


def _as_expressions(text: str) -> str:
    return re.sub(r"\{(?=[{%#])", "{{ '{' }}", text)


def _as_comments(text: str) -> str:
    """Shortcodes that are whole in Hugo's own comment form; any other opening is broken up."""
    shown = _SHORTCODE.sub(_commented, text)
    return re.sub(r"\{\{(?=[<%](?!/\*))", "{" + _INVISIBLE + "{", shown)


def _commented(found: "re.Match[str]") -> str:
    opening, inner, closing = found.groups()
    if {"<": ">", "%": "%"}[opening] != closing:
        return found[0].replace("{{", "{" + _INVISIBLE + "{")
    return f"{{{{{opening}/*{inner}*/{closing}}}}}"


def _expressed(character: str) -> str:
    return f"{{{{ '{character}' }}}}"


def _as_it_is(text: str) -> str:
    return text


_HUGO: Final = _Dialect("&#123;", "@", _as_comments, _as_comments, _as_comments)
_DIALECTS: Final[dict[Generator, _Dialect]] = {
    "jigsaw": _Dialect("{" + _APART, "@" + _APART, _html_span, _as_it_is, _as_it_is, html_code=True),
    "jekyll": _Dialect(r"{{ '\{' }}", "@", _as_expressions, _as_expressions, _as_expressions),
    "hexo": _Dialect("{{ '{' }}", "@", _as_it_is, _as_it_is, _as_it_is, end="#{{ '}' }}", entity=_expressed),
    "hugo": _HUGO,
    "cstate": _HUGO,
}
