"""`whimbrel account export`: everything that is somebody's own, as files that people and other servers can read.

One zip: JSON for the profile, the posts and the marks, and the CSV files that Mastodon's own import page takes
(docs: mastodon "Moving or leaving accounts"), so that leaving is as easy as coming.
"""

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from whimbrel.cli.account import described, private
from whimbrel.cli.codes import Usage
from whimbrel.cli.output import moment, note, say
from whimbrel.cli.product import DataFlag, opened_account
from whimbrel.kernel.pages import Page, Paged
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.front import Microblog
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.posts.values import Shown

T = TypeVar("T")

PAGE_ENTRIES: Final = 80
POSTS_REPORTED: Final = 1_000


async def export(name: str, /, *, output: str | None = None, data: DataFlag = None) -> None:
    """Write everything that is the account's own into a zip file.

    Args:
        name: the account
        output: the file to write, which must not exist; NAME.zip
    """
    async with opened_account(data, name) as (microblog, account):
        path = new_file(output or f"{account.name}.zip")
        files = await collect(microblog, account)
    write(path, files)
    say(str(path))


def new_file(name: str) -> Path:
    """The path of a file that is not there yet. Raises Usage: an export never overwrites."""
    path = Path(name)
    if path.exists():
        raise Usage(f'output: "{path}" exists: expected the name of a new file')
    return path


async def collect(microblog: Microblog, account: Account) -> dict[str, str]:
    """The archive's files: names and contents."""
    reader = await microblog.graph.reader(account.id)
    credentials = await microblog.accounts.credentials(account.id)
    posts = [_post(shown) async for shown in _own_posts(microblog, reader, account)]
    graph, marks = microblog.graph, microblog.interactions
    following = [one async for one in _all(lambda page: graph.following(reader, account, page))]
    followers = [one async for one in _all(lambda page: graph.followers(reader, account, page))]
    blocks = [one async for one in _all(lambda page: graph.blocks(reader, page))]
    mutes = [one async for one, _ in _all(lambda page: graph.mutes(reader, page))]
    bookmarks = [_address(shown) async for shown in _all(lambda page: marks.bookmarks(reader, page))]
    favourites = [_address(shown) async for shown in _all(lambda page: marks.favourites(reader, page))]
    return {
        "account.json": _json(described(account) | private(credentials) | _profile(account)),
        "posts.json": _json(posts),
        "favourites.json": _json(favourites),
        "bookmarks.json": _json(bookmarks),
        "following.csv": _csv(("Account address",), ((one.name,) for one in following)),
        "followers.csv": _csv(("Account address",), ((one.name,) for one in followers)),
        "blocked.csv": _csv((), ((one.name,) for one in blocks)),
        "muted.csv": _csv(("Account address",), ((one.name,) for one in mutes)),
    }


def write(path: Path, files: dict[str, str]) -> None:
    """Write the zip; `path` must not exist."""
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


async def _all(ask: Callable[[Page], Awaitable[Paged[T]]]) -> AsyncIterator[T]:
    """Every entry of a list, a page at a time."""
    page: Page | None = Page(limit=PAGE_ENTRIES)
    while page is not None:
        found = await ask(page)
        for item in found.items:
            yield item
        page = None if found.next_max_id is None else Page(limit=PAGE_ENTRIES, max_id=found.next_max_id)


async def _own_posts(microblog: Microblog, reader: Reader, account: Account) -> AsyncIterator[Shown]:
    """The account's posts and reblogs, newest first; says on standard error how far it is."""
    page, count = Page(limit=PAGE_ENTRIES), 0
    while found := await microblog.timelines.account(reader, account, page):
        for shown in found:
            yield shown
            count += 1
            if count % POSTS_REPORTED == 0:
                note(f"posts: {count:,} so far")
        page = Page(limit=PAGE_ENTRIES, max_id=found[-1].post.id)


def _post(shown: Shown) -> dict[str, Any]:
    post = shown.post
    return {
        "id": str(post.id),
        "created_at": moment(post.created_ms),
        "edited_at": moment(post.edited_ms),
        "visibility": post.visibility,
        "text": post.text,
        "content_warning": post.spoiler,
        "sensitive": post.sensitive,
        "language": post.language,
        "in_reply_to": None if post.in_reply_to_id is None else str(post.in_reply_to_id),
        "reblog": None if shown.reblog is None else _address(shown.reblog),
        "app": post.app_name,
        "replies": post.replies,
        "reblogs": post.reblogs,
        "favourites": post.favourites,
    }


def _address(shown: Shown) -> dict[str, str]:
    return {"id": str(shown.post.id), "by": shown.author.name, "text": shown.post.text}


def _profile(account: Account) -> dict[str, Any]:
    return {
        "note": account.note,
        "fields": [{"name": field.name, "value": field.value} for field in account.fields],
        "default_visibility": account.default_visibility,
        "default_sensitive": account.default_sensitive,
        "default_language": account.default_language,
    }


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"


def _csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if head:
        writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()
