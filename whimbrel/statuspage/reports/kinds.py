"""Which components of the watched service a kind of trouble speaks about. Published with the rule."""

from collections.abc import Mapping
from typing import Final

COMPONENTS_OF_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "timeline": ("home",),
    "posting": ("posting",),
    "sign-in": ("signin",),
    "notifications": ("notifications",),
    "media": ("media",),
    "app": ("api",),
    "website": ("web",),
    "other": ("api", "web"),
}
"""`other` speaks about what everything goes through. A kind that is not listed speaks of the component of its name."""

SPEAKS_SHARE: Final = 0.2
"""The share of a surge that a component's kinds must have for it to count against that component."""


def components_of(kind: str) -> tuple[str, ...]:
    """The components' ids."""
    return COMPONENTS_OF_KINDS.get(kind, (kind,))


def spoken_of(kinds: Mapping[str, int]) -> dict[str, int]:
    """Reports by component, of those components about which enough of a crowd speaks."""
    total, found = sum(kinds.values()), dict[str, int]()
    for kind, count in kinds.items():
        for component in components_of(kind):
            found[component] = found.get(component, 0) + count
    return {component: count for component, count in found.items() if count >= SPEAKS_SHARE * total}
