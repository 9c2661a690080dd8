"""Words for what can be wrong: slugs in, English out. A kind that is not listed is called by its slug."""

from typing import Final

KIND_WORDS: Final = {
    "timeline": "Timeline does not load or is old",
    "posting": "Cannot post",
    "sign-in": "Cannot sign in",
    "notifications": "Notifications are missing",
    "media": "Pictures or videos",
    "app": "The app",
    "website": "The website",
    "other": "Something else",
}


def kind_words(slug: str) -> str:
    """What a kind is called on a page."""
    return KIND_WORDS.get(slug) or slug.replace("-", " ").capitalize()
