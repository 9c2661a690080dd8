"""All rooms of one process over one `Appending`, and what people do there by one line each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tests.support.appending import ACCOUNTS, GRAPH, Appending, room
from tests.support.people import PUBLIC_URL, doors_of
from whimbrel.kernel.contracts import Reading
from whimbrel.microblog.accounts.passwords import Passwords
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.graph.values import FollowSettings, MuteSettings
from whimbrel.microblog.interactions import apply as interactions
from whimbrel.microblog.interactions.front import Interactions
from whimbrel.microblog.interactions.memory import MarksInMemory
from whimbrel.microblog.notifications import apply as notifications
from whimbrel.microblog.notifications.front import Notifications
from whimbrel.microblog.notifications.memory import NotificationsInMemory
from whimbrel.microblog.options import Options
from whimbrel.microblog.posts import apply as posts
from whimbrel.microblog.posts.front import Posts
from whimbrel.microblog.posts.memory import PostsInMemory
from whimbrel.microblog.posts.values import Post, PostDraft
from whimbrel.microblog.publish import Publish
from whimbrel.microblog.search import apply as search
from whimbrel.microblog.search.front import Search

T = TypeVar("T")

ROOMS = (
    ACCOUNTS,
    GRAPH,
    room("whimbrel.microblog.posts", posts.apply),
    room("whimbrel.microblog.interactions", interactions.apply),
    room("whimbrel.microblog.notifications", notifications.apply),
    room("whimbrel.microblog.search", search.apply),
)


class Product:
    """The front doors, fed as in a process. `marks_max` makes memory's floor of flags low enough for a test."""

    def __init__(self, folder: Path, passwords: Passwords, *, marks_max: int = 2_000) -> None:
        self.appending = Appending(folder, ROOMS)
        self.doors = doors_of(self.appending, passwords)
        self.accounts, self.graph = self.doors.accounts, self.doors.graph
        reads, tail = self.appending.reads, self.appending.tail
        self.posts_in_memory = PostsInMemory(reads, tail)
        self.marks = MarksInMemory(reads, tail, marks_max=marks_max)
        self.notes_in_memory = NotificationsInMemory(reads, tail)
        for view in (self.posts_in_memory, self.marks, self.notes_in_memory):
            self.appending.add_view(view)
        self.posts = Posts(reads=reads, shelf=self.posts_in_memory.shelf, accounts=self.accounts, marks=self.marks)
        self.publish = Publish(
            appender=self.appending,
            posts=self.posts,
            accounts=self.accounts,
            reads=reads,
            clock=self.appending.clock,
            options=Options(public_url=PUBLIC_URL),
        )
        self.interactions = Interactions(appender=self.appending, reads=reads, posts=self.posts, accounts=self.accounts)
        self.notifications = Notifications(
            appender=self.appending,
            reads=reads,
            memory=self.notes_in_memory,
            posts=self.posts,
            accounts=self.accounts,
        )
        self.search = Search(
            reads=reads,
            accounts=self.accounts,
            posts=self.posts,
            clock=self.appending.clock,
            public_url=PUBLIC_URL,
        )

    async def person(self, name: str) -> Reader:
        """Somebody new."""
        _, reader = await self.doors.add_reader(name)
        return reader

    async def people(self, *names: str) -> list[Reader]:
        """Several at once."""
        return [await self.person(name) for name in names]

    async def post(self, author: Reader, text: str = "Hello.", **draft: Any) -> int:
        """A new post; returns its id."""
        return (await self.publish.publish(author, PostDraft(text=text, **draft))).post.id

    async def edit(self, author: Reader, post_id: int, text: str) -> None:
        """The post says something else."""
        await self.publish.edit(author, post_id, PostDraft(text=text))

    async def reblog(self, author: Reader, post_id: int) -> int:
        """A reblog; returns its own id."""
        return (await self.publish.reblog(author, post_id)).post.id

    async def follow(self, reader: Reader, target: Reader, **settings: Any) -> None:
        """A follow, or new settings of one."""
        await self.graph.follow(reader, await self.accounts.get(target.account_id), settings=FollowSettings(**settings))

    async def block(self, reader: Reader, target: Reader) -> None:
        """A block."""
        await self.graph.block(reader, await self.accounts.get(target.account_id))

    async def mute(self, reader: Reader, target: Reader, **settings: Any) -> None:
        """A mute."""
        await self.graph.mute(reader, await self.accounts.get(target.account_id), settings=MuteSettings(**settings))

    def look(self, query: Callable[[Reading], T]) -> T:
        """A question to the store."""
        return self.appending.look(query)

    def stored(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Rows as they stand in the store."""
        return self.look(lambda look: look.all(sql, parameters))

    def held_post(self, post_id: int) -> Post:
        """A post as memory has it."""
        post = self.posts_in_memory.shelf.held(post_id)
        assert post is not None
        return post

    def close(self) -> None:
        """Let go of the files."""
        self.appending.close()
