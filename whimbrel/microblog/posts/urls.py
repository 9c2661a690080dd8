"""Where a web address ends that begins in the middle of a text. Pure.

The end is the hard part: sentences go on right behind addresses, in brackets, with full stops, in scripts without
spaces. The host must end in a top-level domain that exists (the ICANN part of the public suffix list), because
linking everything with a dot in it turns typing slips into links to whoever registers them. Addresses with a user
and password, bare numbers and names of the own network are not linked on purpose.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Final

import publicsuffixlist

HOST_CHARACTERS_MAX: Final = 253
LABEL_BYTES_MAX: Final = 63

_SCHEME: Final = re.compile(r"https?://", re.IGNORECASE)
_NOT_IN_HOSTS: Final = (
    r"\s\x00-,/:-@\[-^`{-\xbf\u061c\u200b\u200e\u200f\u2010-\u2060\u2066-\u206f\u3001-\u3003\u3008-\u3020\uff01-\uff0f"
)
_HOST: Final = re.compile(rf"[^{_NOT_IN_HOSTS}]++")
_PORT: Final = re.compile(r":\d{1,5}+")
_TAIL: Final = re.compile(
    r"[/?#][^\s\x00-\x20\"<>\\^`{}\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u206f\u3001-\u3003\u3008-\u3011！（），：；？]*+"
)
_GLUED_DOMAIN: Final = re.compile(r"[A-Za-z]{2,63}+(?=[\u0e00-\u1dff\u2e80-\U0010ffff])")
_NEVER_LAST: Final = "?!*\"'’”»;:,.…$%[]~|@&"


def url_end(text: str, start: int) -> int | None:
    """Where the address ends whose scheme stands at `start`, or None when there is none worth a link."""
    scheme = _SCHEME.match(text, start)
    host = _HOST.match(text, scheme.end()) if scheme is not None else None
    if host is None:
        return None
    length = _host_length(host[0][: HOST_CHARACTERS_MAX + 1])
    end = host.start() + length
    if length == 0 or text.startswith(("@", "＠"), end):  # user@host hides where a link leads
        return None
    port = _PORT.match(text, end)
    end = end if port is None else port.end()
    tail = _TAIL.match(text, end)
    return end if tail is None else end + len(_without_sentence(tail[0]))


@cache
def top_level_domains() -> frozenset[str]:
    """Every top-level domain that exists, lower-case, in Unicode (about 1,440; read once, 3 ms)."""
    names = set()
    lines = files(publicsuffixlist).joinpath("public_suffix_list.dat").read_text("utf-8").splitlines()
    for line in lines:
        if "===END ICANN DOMAINS===" in line:
            break
        rule = line.strip()
        if rule and not rule.startswith("//"):
            names.add(rule.rpartition(".")[2])
    return frozenset(names)


def _host_length(run: str) -> int:
    """How many characters of `run` are a host name; 0 when none are.

    The last label that is a top-level domain wins. Text of a script without spaces may be glued to it
    ("example.comです").
    """
    labels = run.split(".")
    for index in range(len(labels) - 1, 0, -1):
        last = _top_level_length(labels[index])
        if last and _well_formed(labels[:index]):
            return sum(map(len, labels[:index])) + index + last
    return 0


def _top_level_length(label: str) -> int:
    if _exists(label):
        return len(label)
    glued = _GLUED_DOMAIN.match(label)
    return glued.end() if glued is not None and _exists(glued[0]) else 0


def _exists(label: str) -> bool:
    name = label.lower()
    if name.startswith("xn--"):
        try:
            name = name.encode("ascii").decode("idna")
        except UnicodeError:
            return False
    return name in top_level_domains()


def _well_formed(labels: list[str]) -> bool:
    return "_" not in labels[-1] and all(map(_is_label, labels))


def _is_label(label: str) -> bool:
    if not label or label[0] in "-_" or label[-1] in "-_":
        return False
    if label.isascii():
        return len(label) <= LABEL_BYTES_MAX
    return label[:4].lower() != "xn--" and len(label.encode("punycode")) + 4 <= LABEL_BYTES_MAX


def _without_sentence(tail: str) -> str:
    """The tail without the punctuation of the sentence around it: an unmatched bracket ends an address."""
    if "(" in tail or ")" in tail:
        tail = tail[: _first_unmatched(tail)]
    return tail.rstrip(_NEVER_LAST)


def _first_unmatched(tail: str) -> int:
    opened: list[int] = []
    for index, character in enumerate(tail):
        if character == "(":
            opened.append(index)
        elif character == ")":
            if not opened:
                return index
            opened.pop()
    return opened[0] if opened else len(tail)
