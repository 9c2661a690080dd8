"""Who may see a post, and who may pass it on. Pure: viewer's facts and post in, answer out.

Used by every reader of posts (timelines, threads, lists, notifications, streams), so that none can disagree.
"""

from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.posts.values import Post

ANONYMOUS_MAY_SEE = frozenset({"public", "unlisted"})


def visible(viewer: Reader | None, post: Post) -> bool:
    """Whether `viewer` (None: anonymous) may know that `post` exists.

    A block in either direction hides everything. Private posts are for the author's followers and those mentioned,
    direct ones for those mentioned; both always for the author (source: Mastodon's StatusPolicy, with blocks made
    mutual). A reblog carries the mentions of what it shows, but speaks to nobody: a private one is for followers only.
    """
    if viewer is None:
        return post.visibility in ANONYMOUS_MAY_SEE
    author, me = post.account_id, viewer.account_id
    if author == me:
        return True
    if viewer.severed(author):
        return False
    if post.visibility in ANONYMOUS_MAY_SEE:
        return True
    if post.reblog_of_id is None and any(mention.account_id == me for mention in post.mentions):
        return True
    return post.visibility == "private" and author in viewer.follows


def may_reblog(viewer: Reader, post: Post) -> bool:
    """Whether `viewer`, who sees `post`, may show it to its followers: public ones, and one's own private ones."""
    if post.visibility in ANONYMOUS_MAY_SEE:
        return True
    return post.visibility == "private" and post.account_id == viewer.account_id


def reblog_visibility(wanted: str | None, post: Post, default: str) -> str:
    """A reblog is never more visible than what it shows, and never direct."""
    if post.visibility not in ANONYMOUS_MAY_SEE:
        return post.visibility
    visibility = wanted or default
    return "private" if visibility == "direct" else visibility
