"""Text as an XML document may have it, in feeds and pictures: what somebody pasted never makes one unreadable. Pure."""

import re
from html import escape
from typing import Final

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What must not be in one, not even escaped (XML 1.0, 2.2)."""


def xml_text(text: str) -> str:
    """Escaped, without the letters that XML does not know."""
    return escape(_NOT_XML.sub("", text))
