"""Reads the server as its people do, and holds what is read to the ledger: nothing missing, nothing twice.

`news` looks at what is new since it was last called (after every kill, in a second); `everything` at all of it. Both
are called while the writers rest, so that what must be there is known to the last post.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from drill.cast import READER, Cast
from drill.ledger import Ledger, Told
from drill.report import hold
from tests.support.serving import Server

PAGE = 40
NOTIFICATIONS_PAGE = 80
_NOT_FOLLOWS = ["mention", "favourite", "reblog"]


class Audit:
    """Compares a server with a ledger. Every method raises Violation at the first difference."""

    def __init__(self, server: Server, cast: Cast, ledger: Ledger) -> None:
        self._server, self._cast, self._ledger = server, cast, ledger
        self._clients = {name: server.client(token) for name, token in cast.tokens.items()}
        self._home_floor = "1"
        self._told_floor = dict.fromkeys(cast.writers, "1")

    def news(self) -> int:
        """Hold what is new since the last call; returns how many posts that were."""
        self._server.settle()
        news = self._ledger.take_news()
        self._new_home(news.posts, news.reblogs)
        for name in self._cast.writers:
            self._new_notifications(name, news.told[name])
        self._counters_of_posts(sorted(news.touched))
        self._counters_of_accounts()
        return len(news.posts)

    def everything(self) -> None:
        """Hold all that was ever acknowledged: homes, profiles, notifications, counters, and the files themselves."""
        self._server.settle()
        for name in self._cast.writers:
            self._profile(name)
            self._notifications(name)
        for name in (READER, self._cast.writers[0]):
            self._home(name)
        for bird in self._cast.birds:
            self._followers(bird)
        self._counters_of_posts(sorted(self._ledger.author_of))
        self._counters_of_accounts()
        self._server.command("verify")

    def close(self) -> None:
        """Let go of the connections."""
        for client in self._clients.values():
            client.close()

    def _get(self, name: str, path: str, query: dict[str, Any]) -> Any:
        reply = self._clients[name].get(path, query)
        hold(reply.status == 200, f"{path} answered {name} {reply.status}: {str(reply.json)[:300]}")
        return reply.json

    def _upwards(self, name: str, path: str, query: dict[str, Any], floor: str) -> Iterator[Any]:
        while page := self._get(name, path, {**query, "min_id": floor}):
            yield from reversed(page)
            floor = page[0]["id"]

    def _downwards(self, name: str, path: str, query: dict[str, Any]) -> Iterator[Any]:
        place: dict[str, str] = {}
        while page := self._get(name, path, {**query, **place}):
            yield from page
            place = {"max_id": page[-1]["id"]}

    def _new_home(self, posts: dict[str, str], reblogs: set[str]) -> None:
        entries = list(self._upwards(READER, "/api/v1/timelines/home", {"limit": PAGE}, self._home_floor))
        if entries:
            self._home_floor = entries[-1]["id"]
        _same_posts("the reader's home", [entry for entry in entries if not entry["reblog"]], posts)
        _nothing_unknown("the reader's home", [entry["id"] for entry in entries if entry["reblog"]], reblogs)

    def _home(self, name: str) -> None:
        entries = list(self._downwards(name, "/api/v1/timelines/home", {"limit": PAGE}))
        posts = {id_: text for texts in self._ledger.texts.values() for id_, text in texts.items()}
        reblogs = {id_ for ids in self._ledger.reblogs_by.values() for id_ in ids}
        _same_posts(f"the home of {name}", [entry for entry in entries if not entry["reblog"]], posts)
        _nothing_unknown(f"the home of {name}", [entry["id"] for entry in entries if entry["reblog"]], reblogs)

    def _profile(self, name: str) -> None:
        path = f"/api/v1/accounts/{self._cast.ids[name]}/statuses"
        entries = list(self._downwards(READER, path, {"limit": PAGE}))
        _same_posts(
            f"the profile of {name}", [entry for entry in entries if not entry["reblog"]], self._ledger.texts[name]
        )
        shown = sorted(entry["id"] for entry in entries if entry["reblog"])
        hold(shown == sorted(self._ledger.reblogs_by[name]), f"the profile of {name}: its reblogs are {shown}")

    def _new_notifications(self, name: str, expected: Counter[Told]) -> None:
        query = {"limit": NOTIFICATIONS_PAGE, "types[]": _NOT_FOLLOWS}
        entries = list(self._upwards(name, "/api/v1/notifications", query, self._told_floor[name]))
        if entries:
            self._told_floor[name] = entries[-1]["id"]
        _same_told(name, entries, expected)

    def _notifications(self, name: str) -> None:
        query = {"limit": NOTIFICATIONS_PAGE, "types[]": _NOT_FOLLOWS}
        entries = list(self._downwards(name, "/api/v1/notifications", query))
        _same_told(name, entries, self._ledger.told[name])

    def _followers(self, bird: str) -> None:
        expected = sorted(self._ledger.followers[bird])
        listed = self._get(bird, f"/api/v1/accounts/{self._cast.ids[bird]}/followers", {"limit": NOTIFICATIONS_PAGE})
        told = self._get(bird, "/api/v1/notifications", {"types[]": "follow", "limit": NOTIFICATIONS_PAGE})
        hold(sorted(one["username"] for one in listed) == expected, f"the followers of {bird} are not {expected}")
        senders = sorted(one["account"]["username"] for one in told)
        hold(senders == expected, f"{bird} was told of follows by {senders}, is followed by {expected}")

    def _counters_of_posts(self, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), PAGE):
            piece = ids[start : start + PAGE]
            found = self._get(READER, "/api/v1/statuses", {"id[]": list(piece)})
            shown = {one["id"]: (one["replies_count"], one["reblogs_count"], one["favourites_count"]) for one in found}
            for id_ in piece:
                wanted = self._ledger.counts_of(id_)
                hold(shown.get(id_) == wanted, f"post {id_} counts {shown.get(id_)}, acknowledged were {wanted}")

    def _counters_of_accounts(self) -> None:
        names = (*self._cast.writers, *self._cast.birds)
        for name in names:
            found = self._get(READER, f"/api/v1/accounts/{self._cast.ids[name]}", {})
            posts = len(self._ledger.texts[name]) + len(self._ledger.reblogs_by[name])
            followers = len(self._ledger.followers[name]) if name in self._cast.birds else len(self._cast.writers)
            shown = (found["statuses_count"], found["followers_count"])
            hold(shown == (posts, followers), f"{name} counts {shown}, acknowledged were {(posts, followers)}")


def _same_posts(where: str, entries: Sequence[Any], expected: dict[str, str]) -> None:
    shown = [entry["id"] for entry in entries]
    missing = sorted(set(expected) - set(shown))
    hold(not missing, f"{where} lacks {len(missing)} acknowledged posts, first {missing[:1]} of {len(expected)}")
    twice = [id_ for id_, count in Counter(shown).items() if count > 1]
    hold(not twice, f"{where} shows posts twice: {twice[:3]}")
    strange = sorted(set(shown) - set(expected))
    texts = [entry["content"] for entry in entries if entry["id"] in strange]
    hold(not strange, f"{where} shows posts that nobody was told of: {strange[:3]} {texts[:3]}")


def _nothing_unknown(where: str, shown: Sequence[str], known: set[str]) -> None:
    # A reblog may be hidden near another showing of the same post, so not every one is to be seen.
    strange = sorted(set(shown) - known)
    hold(not strange, f"{where} shows reblogs that nobody was told of: {strange[:3]}")
    hold(len(shown) == len(set(shown)), f"{where} shows a reblog twice")


def _same_told(name: str, entries: Sequence[Any], expected: Counter[Told]) -> None:
    shown = Counter(Told(one["type"], one["account"]["username"], one["status"]["id"]) for one in entries)
    missing, extra = expected - shown, shown - expected
    hold(not missing, f"{name} lacks {missing.total()} notifications of {expected.total()}: {next(iter(missing), '')}")
    hold(not extra, f"{name} has {extra.total()} notifications too many: {next(iter(extra), '')}")
