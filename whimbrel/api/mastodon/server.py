"""The dialect's addresses about the server itself: what it is, who may join, and what nobody has here."""

from whimbrel.api.mastodon import apps, empty, preferences, signup
from whimbrel.api.mastodon.directory import DirectoryPages
from whimbrel.api.mastodon.instance import InstanceDocuments
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.mastodon.wellknown import WellKnown
from whimbrel.api.router import Route
from whimbrel.kernel.clock import Clock
from whimbrel.microblog.census import Census
from whimbrel.microblog.directory import Directory
from whimbrel.microblog.options import Options


def server_routes(
    render: Render, *, census: Census, directory: Directory, options: Options, clock: Clock
) -> tuple[Route, ...]:
    """Every route about the server itself."""
    return (
        *InstanceDocuments(census=census, options=options, read_ms=clock()).routes(),
        *WellKnown(census=census, options=options).routes(),
        *DirectoryPages(directory=directory, render=render).routes(),
        *apps.ROUTES,
        *signup.ROUTES,
        *preferences.ROUTES,
        *empty.ROUTES,
    )
