"""Whatever order things happen in: counters are what a recount gives, and memory is what the store has."""

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.product import Product
from whimbrel.kernel.errors import Forbidden, Invalid, NotFound
from whimbrel.kernel.pages import Page
from whimbrel.microblog.accounts.passwords import Passwords
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.interactions import rows
from whimbrel.microblog.notifications import rows as notification_rows
from whimbrel.microblog.posts import rows as post_rows

NAMES: Final = ("Ada", "Bo", "Cy", "Di")

VERBS: Final = (
    "post",
    "reply",
    "edit",
    "delete",
    "reblog",
    "unreblog",
    "favourite",
    "unfavourite",
    "bookmark",
    "unbookmark",
    "pin",
    "unpin",
    "mute_conversation",
    "unmute_conversation",
    "follow",
    "unfollow",
    "block",
    "unblock",
    "read",
    "clear",
    "hold",
    "release",
)

Step = tuple[str, int, int, str]
steps: Final = st.lists(
    st.tuples(
        st.sampled_from(VERBS),
        st.integers(0, len(NAMES) - 1),
        st.integers(0, 30),
        st.sampled_from(("public", "public", "unlisted", "private", "direct")),
    ),
    min_size=5,
    max_size=60,
)

RECOUNT: Final = """
SELECT id, replies, reblogs, favourites,
    (SELECT COUNT(*) FROM posts AS reply
     WHERE reply.in_reply_to_id = posts.id AND reply.visibility IN ('public', 'unlisted')),
    (SELECT COUNT(*) FROM posts AS reblog WHERE reblog.reblog_of_id = posts.id),
    (SELECT COUNT(*) FROM favourites WHERE favourites.post_id = posts.id)
FROM posts
"""

RECOUNT_TAGS: Final = """
SELECT tag, COUNT(*) FROM post_tags JOIN posts ON posts.id = post_tags.post_id
WHERE posts.visibility = 'public' GROUP BY tag ORDER BY tag
"""


class Story:
    """Some people, and what they do next."""

    def __init__(self, product: Product, readers: list[Reader]) -> None:
        self.product, self.readers, self.ids = product, readers, list[int]()
        self.held: Any = None

    async def do(self, verb: str, who: int, which: int, visibility: str) -> None:
        """One step; what is refused is refused."""
        product, reader = self.product, self.readers[who]
        other = self.readers[which % len(self.readers)]
        post_id = self.ids[which % len(self.ids)] if self.ids else 1
        if verb in ("hold", "release"):
            self.hold(begin=verb == "hold")
        elif verb in ("post", "reply"):
            parent = post_id if verb == "reply" else None
            text = f"{which} @{NAMES[which % 4]} #tag{which % 3}"
            self.ids.append(await product.post(reader, text, visibility=visibility, in_reply_to_id=parent))
        elif verb == "edit":
            await product.edit(reader, post_id, f"now #tag{which % 4} @{NAMES[who - 1]}")
        elif verb == "reblog":
            self.ids.append(await product.reblog(reader, post_id))
        elif verb in ("delete", "unreblog", "pin", "unpin"):
            await getattr(product.publish, verb)(reader, post_id)
        elif verb == "follow":
            await product.follow(reader, other, notify=which % 2 == 0)
        elif verb in ("unfollow", "block", "unblock"):
            await getattr(product.graph, verb)(reader, await product.accounts.get(other.account_id))
        elif verb == "read":
            await product.notifications.page(reader, Page())
        elif verb == "clear":
            await product.notifications.clear(reader)
        else:
            await getattr(product.interactions, verb)(reader, post_id)

    def hold(self, *, begin: bool) -> None:
        """Let the store fall behind from here on, or catch up."""
        if begin and self.held is None:
            self.held = self.product.appending.hold_store()
            self.held.__enter__()
        elif not begin and self.held is not None:
            self.held.__exit__(None, None, None)
            self.held = None

    async def check(self) -> None:
        """What must be true at the end of each story."""
        product = self.product
        for id_, *counted in product.stored(RECOUNT):
            assert counted[:3] == counted[3:], id_
        uses = product.stored("SELECT name, uses FROM tags ORDER BY name")
        assert uses == product.stored(RECOUNT_TAGS)
        self.check_posts()
        for reader in self.readers:
            await self.check_reader(reader)

    def check_posts(self) -> None:
        """Posts in memory are the posts in the store."""
        held = {id_: self.product.posts_in_memory.shelf.held(id_) for id_ in self.ids}
        stored = self.product.look(lambda look: post_rows.posts(look, self.ids))
        assert {id_: post for id_, post in held.items() if post is not None} == stored

    async def check_reader(self, reader: Reader) -> None:
        """Flags and notifications in memory are those in the store."""
        me = reader.account_id
        posts = list(self.product.look(lambda look: post_rows.posts(look, self.ids)).values())
        flags = await self.product.marks.marks(me, posts)
        stored = self.product.look(lambda look: rows.marks(look, me, [post.id for post in posts]))
        assert dict(zip([post.id for post in posts], flags, strict=True)) == stored
        held = self.product.notes_in_memory.held(me)
        newest = self.product.look(lambda look: notification_rows.newest(look, me))
        assert held is None or held == newest


async def tell(folder: Path, passwords: Passwords, story_steps: list[Step], marks_max: int) -> None:
    product = Product(folder, passwords, marks_max=marks_max)
    try:
        story = Story(product, await product.people(*NAMES))
        for verb, who, which, visibility in story_steps:
            try:
                await story.do(verb, who, which, visibility)
            except (NotFound, Invalid, Forbidden):
                continue
        story.hold(begin=False)
        await story.check()
    finally:
        product.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story_steps=steps, marks_max=st.sampled_from((2, 2_000)))
def test_counters_and_memory_agree_with_the_rows_whatever_happened(
    tmp_path_factory: pytest.TempPathFactory, passwords: Passwords, story_steps: list[Step], marks_max: int
) -> None:
    asyncio.run(tell(tmp_path_factory.mktemp("story"), passwords, story_steps, marks_max))
