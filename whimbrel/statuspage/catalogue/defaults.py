"""What a new status page begins with: the parts of a microblog as its users name them, and what people report."""

from typing import Final

import msgspec

from whimbrel.statuspage.values import Component, Service

_PARTS: Final = (
    ("posting", "Posting", "Reading and writing", "Writing, editing and deleting posts."),
    ("home", "Home timeline", "Reading and writing", "Posts of those whom somebody follows, new and complete."),
    ("notifications", "Notifications", "Reading and writing", "Mentions, follows, favourites and reblogs arrive."),
    ("search", "Search and trends", "Reading and writing", "Accounts, hashtags and posts are found."),
    ("streaming", "Streaming", "Reading and writing", "New posts appear without a reload."),
    ("media", "Media", "Reading and writing", "Pictures and videos are taken and shown."),
    ("signin", "Sign-in", "Getting in", "Signing in, and giving apps access."),
    ("web", "Web", "Getting in", "The pages in the browser."),
    ("api", "API", "Getting in", "What apps talk to."),
)

COMPONENTS: Final = tuple(
    Component(id=id_, name=name, group=group, position=position, description=description)
    for position, (id_, name, group, description) in enumerate(_PARTS, 1)
)


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the configuration says of one component; None leaves it as it is, `shown` false takes it from the page."""

    id: str
    name: str | None = None
    group: str | None = None
    description: str | None = None
    position: int | None = None
    only_show_if_degraded: bool | None = None
    shown: bool = True


KINDS: Final = ("timeline", "posting", "sign-in", "notifications", "media", "app", "website", "other")
"""What can be wrong with a service that does not say otherwise; slugs, whose words the pages have."""


def own_service(name: str, url: str) -> Service:
    """The watched service itself, as people report about it."""
    return Service(id="own", name=name, url=url, kinds=KINDS, own=True)
