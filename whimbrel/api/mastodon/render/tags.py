"""Hashtags as Mastodon's Tag."""

from typing import Any

from whimbrel.api.mastodon.render.addresses import Addresses
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.search.values import TagInfo


class TagsJson:
    """Renders hashtags."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    def one(self, tag: TagInfo, viewer: Reader | None) -> dict[str, Any]:
        """Tag, with whether the viewer follows it. There are no numbers for ids here: the name is the id."""
        rendered: dict[str, Any] = {
            "id": tag.name,
            "name": tag.shown,
            "url": self._addresses.tag(tag.name),
            "history": [
                {"day": str(day.day_ms // 1000), "uses": str(day.uses), "accounts": str(day.accounts)}
                for day in tag.history
            ],
        }
        if viewer is not None:
            rendered["following"] = tag.name in viewer.tags
            rendered["featuring"] = False
        return rendered

    def plain(self, name: str, shown: str) -> dict[str, Any]:
        """Tag of one that the viewer follows, in lists that carry no history."""
        return {
            "id": name,
            "name": shown,
            "url": self._addresses.tag(name),
            "history": [],
            "following": True,
            "featuring": False,
        }
