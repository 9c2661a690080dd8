"""Asks a product what a world knows, and holds the two together."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from tests.model import questions
from tests.model.world import Post, World
from tests.support.serving import Reply

LIMIT = 40
PAGE = 3


class Door(Protocol):
    """How a product is asked (tests/support/doors.py)."""

    def ask(
        self, token: str | None, method: str, path: str, *, query: Any = None, body: Any = None, head: Any = None
    ) -> Reply: ...


class Agreement:
    """Compares answers; every method fails with the two answers when they differ."""

    def __init__(self, door: Door, world: World, tokens: dict[str, str], ids: dict[str, str]) -> None:
        self._door, self._world, self._tokens, self._ids = door, world, tokens, ids
        self._names = {id_: name for name, id_ in ids.items()}

    def get(self, viewer: str | None, path: str, **query: Any) -> Reply:
        """One question."""
        return self._door.ask(self._tokens[viewer] if viewer else None, "GET", path, query=query)

    def everything(self) -> None:
        """All that anybody can ask, with every cursor."""
        living = [person for person in self._world.people if person not in self._world.gone]
        for viewer in living:
            self.home(viewer)
            self.notifications(viewer)
            self.kept(viewer)
            self.relationships(viewer)
        for viewer in (None, *living):
            self.public(viewer)
            for author in living:
                self.profile(viewer, author)
            for post in self._world.posts:
                self.thread(viewer, post)
        for author in living:
            self.counters(author)
        for id_ in self._world.deleted:
            assert self.get(living[0], f"/api/v1/statuses/{id_}").status == 404

    def home(self, reader: str) -> None:
        """The home timeline, from every cursor."""
        self._timeline(reader, "/api/v1/timelines/home", questions.home(self._world, reader))

    def profile(self, viewer: str | None, author: str) -> None:
        """A profile, whole, without answers, without reblogs, and what is pinned."""
        path = f"/api/v1/accounts/{self._ids[author]}/statuses"
        posts = questions.profile(self._world, viewer, author)
        self._timeline(viewer, path, posts)
        for narrowed, some in (
            ("exclude_replies", questions.without_answers(posts)),
            ("exclude_reblogs", [post for post in posts if not post.reblog_of]),
            ("pinned", questions.pinned(self._world, viewer, author)),
        ):
            self._same(viewer, path, some[:LIMIT], limit=LIMIT, **{narrowed: "true"})

    def public(self, viewer: str | None) -> None:
        """The public timeline above the first post of this world (others' posts lie below it), and its hashtags."""
        if not self._world.posts:
            return
        above = min(post.id for post in self._world.posts) - 1
        self._same(
            viewer, "/api/v1/timelines/public", questions.public(self._world, viewer), since_id=above, limit=LIMIT
        )
        for tag in {tag for post in self._world.posts for tag in post.tags}:
            self._timeline(viewer, f"/api/v1/timelines/tag/{tag}", questions.tagged(self._world, viewer, tag))

    def thread(self, viewer: str | None, post: Post) -> None:
        """A post, what stands around it, and who likes it; nothing of it for those who may not see it."""
        path = f"/api/v1/statuses/{post.id}"
        found, around = self.get(viewer, path), self.get(viewer, f"{path}/context")
        likes = self.get(viewer, f"{path}/favourited_by")
        if not self._world.sees(viewer, post):
            assert (found.status, around.status, likes.status) == (404, 404, 404)
            return
        assert self._shown(viewer, found.json) == questions.as_shown(self._world, viewer, post)
        for key, ask in (("ancestors", questions.ancestors), ("descendants", questions.descendants)):
            expected = [questions.as_shown(self._world, viewer, one) for one in ask(self._world, viewer, post)]
            assert [self._shown(viewer, one) for one in around.json[key]] == expected
        assert [one["username"] for one in likes.json] == questions.favourited_by(self._world, viewer, post)

    def notifications(self, reader: str) -> None:
        """What somebody was told, from every cursor."""
        found = self.get(reader, "/api/v1/notifications", limit=80).json
        told = [(one["type"], one["account"]["username"], _post_of(one)) for one in found]
        expected = questions.notifications(self._world, reader)
        assert told == [(one.kind, one.sender, one.post) for one in expected]
        ids = [int(one["id"]) for one in found]
        assert ids == sorted(ids, reverse=True)
        self._pages(reader, "/api/v1/notifications", ids)
        for one, known in zip(found, expected, strict=True):
            if known.post is not None:
                post = self._world.post(known.post)
                assert post is not None
                assert self._shown(reader, one["status"]) == questions.as_shown(self._world, reader, post)

    def kept(self, reader: str) -> None:
        """Favourites and bookmarks, walked by their links."""
        for path, ask in (
            ("/api/v1/favourites", questions.favourites),
            ("/api/v1/bookmarks", questions.bookmarks),
        ):
            expected = [questions.as_shown(self._world, reader, post) for post in ask(self._world, reader)]
            assert [self._shown(reader, one) for one in self._walked(reader, path)] == expected

    def relationships(self, viewer: str) -> None:
        """What lies between somebody and everybody else."""
        others = [person for person in self._world.people if person not in {viewer, *self._world.gone}]
        found = self.get(viewer, "/api/v1/accounts/relationships", **{"id[]": [self._ids[one] for one in others]}).json
        for other, one in zip(others, found, strict=True):
            expected = questions.relationship(self._world, viewer, other)
            assert {key: one[key] for key in expected} == expected, (viewer, other)

    def counters(self, author: str) -> None:
        """What an account counts."""
        assert self._counted(author) == self._counts(author), author

    def counters_agree(self) -> bool:
        """Whether every account and post counts what it should: what follows from a deletion takes a moment."""
        living = [person for person in self._world.people if person not in self._world.gone]
        return all(self._counted(one) == self._counts(one) for one in living) and all(
            self.get(post.author, f"/api/v1/statuses/{post.id}").json["favourites_count"]
            == questions.favourites_count(self._world, post)
            for post in self._world.posts
            if not post.reblog_of
        )

    def _counted(self, author: str) -> tuple[int, ...]:
        found = self.get(None, f"/api/v1/accounts/{self._ids[author]}").json
        return found["statuses_count"], found["followers_count"], found["following_count"]

    def _counts(self, author: str) -> tuple[int, ...]:
        asked: tuple[Callable[[World, str], int], ...] = (
            questions.posts_count,
            questions.followers_count,
            questions.following_count,
        )
        return tuple(ask(self._world, author) for ask in asked)

    def _timeline(self, viewer: str | None, path: str, posts: list[Post], **query: Any) -> None:
        self._same(viewer, path, posts[:LIMIT], limit=LIMIT, **query)
        self._pages(viewer, path, [post.id for post in posts], **query)

    def _same(self, viewer: str | None, path: str, posts: list[Post], **query: Any) -> None:
        found = self.get(viewer, path, **query)
        assert found.status == 200, (path, found)
        expected = [questions.as_shown(self._world, viewer, post) for post in posts]
        assert [self._shown(viewer, one) for one in found.json] == expected, (viewer, path, query)

    def _pages(self, viewer: str | None, path: str, ids: Sequence[int], **query: Any) -> None:
        """Pages from every cursor: each id of the list, and one beyond either end."""
        for cursor in (*ids, *((ids[0] + 1, ids[-1] - 1) if ids else ())):
            below, above = [id_ for id_ in ids if id_ < cursor], [id_ for id_ in ids if id_ > cursor]
            for name, expected in (
                ("max_id", below[:PAGE]),
                ("since_id", above[:PAGE]),
                ("min_id", above[-PAGE:]),
            ):
                found = self.get(viewer, path, limit=PAGE, **{name: cursor}, **query)
                got = [int(one["id"]) for one in found.json]
                assert got == expected, (viewer, path, query, name, cursor, ids)

    def _walked(self, viewer: str, path: str) -> list[Any]:
        found: list[Any] = []
        query: dict[str, str] | None = {"limit": str(PAGE)}
        while query:
            reply = self.get(viewer, path, **query)
            found += reply.json
            more = re.search(r'[?&]max_id=(\d+)[^>]*>; rel="next"', reply.headers.get("link", ""))
            query = {"limit": str(PAGE), "max_id": more[1]} if more else None
        return found

    def _shown(self, viewer: str | None, status: Any) -> dict[str, object]:
        facts: dict[str, object] = {
            "id": int(status["id"]),
            "author": status["account"]["username"],
            "visibility": status["visibility"],
            "reblog": self._shown(viewer, status["reblog"]) if status["reblog"] else None,
        }
        if not status["reblog"]:
            word = re.search(r"word\d+", status["content"])
            facts |= {
                "word": word[0] if word else "",
                "language": status["language"],
                "answers": int(status["in_reply_to_id"]) if status["in_reply_to_id"] else None,
                "named": sorted(one["username"] for one in status["mentions"]),
                "tags": sorted(one["name"] for one in status["tags"]),
                "edited": status["edited_at"] is not None,
                "counts": (status["replies_count"], status["reblogs_count"], status["favourites_count"]),
            }
        if viewer is not None:
            names = ("favourited", "reblogged", "bookmarked", "muted", "pinned")
            facts["marks"] = {name: status.get(name, False) for name in names}
        return facts


def _post_of(notification: Any) -> int | None:
    status = notification.get("status")
    return int(status["id"]) if status else None
