"""Extraction against twitter-text's conformance data, with every deliberate difference by name and reason.

The fediverse's rule wins where the two collide. The last test keeps the list honest: a case that stands in it must
really differ, and a case that differs must stand in it.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import pytest
import yaml

from tests.support.shared import shared_dir
from whimbrel.microblog.posts.entities import Handle, Hashtag, Link, entities_of

NEEDS_A_SCHEME: Final = (
    "A link needs its scheme: so do Mastodon and its clients count and link, and names of files and packages "
    "(notes.md, main.rs) end like country domains."
)
ANY_SCRIPT_IN_PATHS: Final = (
    "A path may be of any script, as people copy it from their browser; only punctuation ends it."
)
NO_SPECIAL_SHORTENER: Final = "No link shortener is special: t.co's own slug rules apply to nobody here."
HANDLES_HAVE_HOSTS: Final = "@name@host is a handle in the fediverse, not something close to an e-mail address."
NO_RT: Final = "A reblog is a button, not two letters before a name; letters glued to @ make an address."
NO_LIST_ADDRESSES: Final = "Lists have no public addresses: the name alone is the mention."
NO_CASHTAGS: Final = "There are no cashtags: $NAME is text."

DIFFERENT: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    NEEDS_A_SCHEME: {
        "urls": (
            "Extract URLs without protocol on (com|org|edu|gov|net) domains",
            "Extract URLs without protocol not on (com|org|edu|gov|net) domains",
            "Extract URLs without protocol on ccTLD with slash",
            "Extract URLs beginning with a space",
            "Extract URLs beginning with a non-breaking space (U+00A0)",
            "Extract long URL without protocol surrounded by CJK characters",
            "Extract short URL without protocol surrounded by CJK characters",
            "Extract short URLs without protocol on ccTLD domains without path",
            "Extract URLs with a - in the middle",
            "Extract some (tv|co) short URLs without protocol on ccTLD domains without path",
            "Extract valid URL ELPAÍS.com",
            "Extract domain followed by Japanese characters",
            "Extract URL before newline",
        ),
        "urls_with_indices": (
            "Extract URLs without protocol on ccTLD with slash",
            "Extract URLs without protocol surrounded by CJK characters",
        ),
        "urls_with_directional_markers": (
            "Extract URLs from RTL text",
            "Extract URLs from RTL text with embedded directional marks",
        ),
    },
    ANY_SCRIPT_IN_PATHS: {
        "urls": ("Extract URLs with and without protocol surrounded by CJK characters",),
        "urls_with_indices": ("Extract URLs with and without protocol surrounded by CJK characters",),
    },
    NO_SPECIAL_SHORTENER: {
        "urls": (
            "Extract a t.co URL with a trailing apostrophe",
            "Extract a t.co URL with a trailing hyphen",
            "DO NOT extract URLs with > 40 characters in a t.co slug",
        ),
        "urls_with_indices": ("Extract t.co URLs skipping trailing characters and adjusting indices correctly",),
    },
    HANDLES_HAVE_HOSTS: {
        "mentions": ("Extract lone metion but not @user@user (too close to an email)",),
    },
    NO_RT: {
        "mentions": tuple(f"Extract mentions after '{rt}'" for rt in ("RT", "rt", "Rt", "rT")),
    },
    NO_LIST_ADDRESSES: {
        "mentions_or_lists_with_indices": (
            "Extract a list",
            "Extract a mention and list",
            "Extract a list in the middle of a Japanese tweet",
        ),
    },
    NO_CASHTAGS: {
        "cashtags": (
            "Extract cashtags",
            "Extract cashtags with . or _",
            "Do not include trailing . or _",
            "Do not extract cashtags if there is no space before $",
        ),
        "cashtags_with_indices": ("Extract cashtags", "Extract cashtags with . or _"),
    },
}


def _names(text: str) -> list[str]:
    return [entity.name for entity in entities_of(text) if isinstance(entity, Handle)]


def _names_with_indices(text: str) -> list[dict[str, Any]]:
    return [
        {"screen_name": entity.name, "indices": [entity.start, entity.end]}
        for entity in entities_of(text)
        if isinstance(entity, Handle)
    ]


def _name_replied_to(text: str) -> str | None:
    handles = (entity for entity in entities_of(text) if isinstance(entity, Handle))
    return next((handle.name for handle in handles if not text[: handle.start].strip()), None)


def _urls(text: str) -> list[str]:
    return [entity.url for entity in entities_of(text) if isinstance(entity, Link)]


def _urls_with_indices(text: str) -> list[dict[str, Any]]:
    links = (entity for entity in entities_of(text) if isinstance(entity, Link))
    return [{"url": link.url, "indices": [link.start, link.end]} for link in links]


def _tags(text: str) -> list[str]:
    return [entity.shown for entity in entities_of(text) if isinstance(entity, Hashtag)]


def _tags_with_indices(text: str) -> list[dict[str, Any]]:
    tags = (entity for entity in entities_of(text) if isinstance(entity, Hashtag))
    return [{"hashtag": tag.shown, "indices": [tag.start, tag.end]} for tag in tags]


def _nothing(_text: str) -> list[str]:
    return []


EXTRACT: Final[dict[str, Callable[[str], object]]] = {
    "mentions": _names,
    "mentions_with_indices": _names_with_indices,
    "mentions_or_lists_with_indices": lambda text: [found | {"list_slug": ""} for found in _names_with_indices(text)],
    "replies": _name_replied_to,
    "urls": _urls,
    "urls_with_indices": _urls_with_indices,
    "urls_with_directional_markers": _urls_with_indices,
    "tco_urls_with_params": _urls,
    "hashtags": _tags,
    "hashtags_from_astral": _tags,
    "hashtags_with_indices": _tags_with_indices,
    "cashtags": _nothing,
    "cashtags_with_indices": _nothing,
}


@cache
def _cases() -> dict[str, list[dict[str, Any]]]:
    path = shared_dir() / "data" / "twitter-text" / "extract.yml"
    return yaml.safe_load(path.read_text("utf-8"))["tests"]


def _listed(category: str) -> list[str]:
    return [name for by_category in DIFFERENT.values() for name in by_category.get(category, ())]


def test_every_category_of_the_data_is_extracted():
    assert set(_cases()) == set(EXTRACT)


@pytest.mark.parametrize("category", EXTRACT)
def test_extraction_agrees_with_the_data_except_where_a_difference_is_listed(category: str):
    differing = [
        case["description"] for case in _cases()[category] if EXTRACT[category](case["text"]) != case["expected"]
    ]
    assert sorted(differing) == sorted(_listed(category))


def test_no_difference_is_listed_twice_or_for_a_category_that_is_not_there():
    listed = [(category, name) for by in DIFFERENT.values() for category, names in by.items() for name in names]
    assert len(listed) == len(set(listed))
    assert {category for category, _ in listed} <= set(EXTRACT)


NOT_LINKED_ON_PURPOSE: Final = "An address with a password, or a bare number, hides where it leads."

NOT_VALID_HERE: Final[dict[str, tuple[str, ...]]] = {
    "usernames": (),
    "hashtags": (),
    "urls": ("Valid url: port and userinfo", "Valid url: ipv4", "Valid url: ipv6"),
}


@pytest.mark.parametrize("category", NOT_VALID_HERE)
def test_what_the_data_calls_valid_is_found_whole_except_where_listed(category: str):
    path = shared_dir() / "data" / "twitter-text" / "validate.yml"
    cases = yaml.safe_load(path.read_text("utf-8"))["tests"][category]
    differing = [case["description"] for case in cases if _found_whole(case["text"]) != case["expected"]]
    assert sorted(differing) == sorted(NOT_VALID_HERE[category]), NOT_LINKED_ON_PURPOSE


def _found_whole(text: str) -> bool:
    return [(entity.start, entity.end) for entity in entities_of(text)] == [(0, len(text))]
