"""Pages of posts and of accounts as answers: the body and the Link header around it."""

from collections.abc import Sequence

from whimbrel.api.answers import Answer
from whimbrel.api.mastodon.render.everything import Render
from whimbrel.api.paging import links_around, links_of
from whimbrel.api.request import Request
from whimbrel.kernel.pages import Paged
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.posts.values import Shown


def posts_page(request: Request, render: Render, page: Sequence[Shown]) -> Answer:
    """A page whose edges are the posts' own ids."""
    return Answer(200, render.posts.many(page), links_around(request, [shown.post.id for shown in page]))


def posts_paged(request: Request, render: Render, page: Paged[Shown]) -> Answer:
    """A page whose edges are something else's ids (favourites, bookmarks)."""
    return Answer(200, render.posts.many(page.items), links_of(request, page))


def accounts_paged(request: Request, render: Render, page: Paged[Account]) -> Answer:
    """A page of accounts, whose edges are the follows, blocks or likes behind them."""
    return Answer(200, render.accounts.many(page.items), links_of(request, page))
