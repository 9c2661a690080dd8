"""The product as a dialect holds it: one front door a room, and nothing else."""

import msgspec

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.formats import EventFormat
from whimbrel.microblog.accounts.access import Access
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.graph.front import Graph
from whimbrel.microblog.home import Home
from whimbrel.microblog.interactions.front import Interactions
from whimbrel.microblog.notifications.front import Notifications
from whimbrel.microblog.options import Options
from whimbrel.microblog.posts.front import Posts
from whimbrel.microblog.publish import Publish
from whimbrel.microblog.search.front import Search
from whimbrel.microblog.timelines import Timelines


class Microblog(msgspec.Struct, frozen=True, kw_only=True):
    """Every verb of the product. Built once by wiring.py."""

    accounts: Accounts
    access: Access
    graph: Graph
    posts: Posts
    publish: Publish
    interactions: Interactions
    home: Home
    timelines: Timelines
    notifications: Notifications
    search: Search
    clock: Clock
    options: Options
    format: EventFormat
