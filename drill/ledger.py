"""What the server has acknowledged, and what must therefore be read from it.

A plain account, kept by those who write while they write: who posted what, who was told of it, what every counter must
show. It knows nothing of the server beyond the answers that came.
"""

import threading
from collections import Counter, defaultdict, deque
from typing import NamedTuple

RECENT_POSTS_MAX = 200


class Deed(NamedTuple):
    """One thing that somebody does. `kind` is post, favourite, reblog, follow or unfollow.

    `target` is the post replied to, favourited or reblogged, or the name of the account followed; `named` is who is
    mentioned in a post. `key` is sent as Idempotency-Key, so that a retry is the same deed.
    """

    kind: str
    writer: str
    key: str = ""
    text: str = ""
    target: str | None = None
    named: str | None = None


class Done(NamedTuple):
    """A deed that was acknowledged with `id`, and whether its first answer had been lost after it was durable."""

    deed: Deed
    id: str
    attempts: int
    answer_was_lost: bool


class Told(NamedTuple):
    """A notification that somebody must have: what, from whom, about which post."""

    kind: str
    sender: str
    post_id: str


class News(NamedTuple):
    """What was acknowledged since the last look."""

    posts: dict[str, str]
    reblogs: set[str]
    touched: set[str]
    told: dict[str, Counter[Told]]


class Ledger:
    """Everything acknowledged. Written by many threads; read while they rest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.author_of: dict[str, str] = {}
        self.texts: dict[str, dict[str, str]] = defaultdict(dict)
        """Of each author: the id and the text of each post."""
        self.reblogs_by: dict[str, set[str]] = defaultdict(set)
        """Of each author: the ids of the reblogs."""
        self.favourites: Counter[str] = Counter()
        self.reblogs: Counter[str] = Counter()
        self.replies: Counter[str] = Counter()
        self.followers: dict[str, set[str]] = defaultdict(set)
        self.told: dict[str, Counter[Told]] = defaultdict(Counter)
        self.recent: deque[str] = deque(maxlen=RECENT_POSTS_MAX)
        self.deeds: Counter[str] = Counter()
        self.retried = self.answers_lost = 0
        self._news = _no_news()

    def add(self, done: Done) -> None:
        """Note what was acknowledged."""
        with self._lock:
            self.deeds[done.deed.kind] += 1
            self.retried += done.attempts > 1
            self.answers_lost += done.answer_was_lost
            getattr(self, f"_note_{done.deed.kind}")(done)

    def take_news(self) -> News:
        """What was acknowledged since this was last asked."""
        with self._lock:
            news, self._news = self._news, _no_news()
        return news

    def counts_of(self, post_id: str) -> tuple[int, int, int]:
        """Replies, reblogs and favourites that a post must show."""
        return self.replies[post_id], self.reblogs[post_id], self.favourites[post_id]

    def _note_post(self, done: Done) -> None:
        deed = done.deed
        self.author_of[done.id] = deed.writer
        self.texts[deed.writer][done.id] = deed.text
        self.recent.append(done.id)
        self._news.posts[done.id] = deed.text
        self._news.touched.add(done.id)
        if deed.target is not None:
            self.replies[deed.target] += 1
            self._news.touched.add(deed.target)
        if deed.named is not None:
            self._tell(deed.named, Told("mention", deed.writer, done.id))

    def _note_favourite(self, done: Done) -> None:
        post_id = str(done.deed.target)
        self.favourites[post_id] += 1
        self._news.touched.add(post_id)
        self._tell(self.author_of[post_id], Told("favourite", done.deed.writer, post_id))

    def _note_reblog(self, done: Done) -> None:
        post_id = str(done.deed.target)
        self.reblogs[post_id] += 1
        self.reblogs_by[done.deed.writer].add(done.id)
        self._news.reblogs.add(done.id)
        self._news.touched.add(post_id)
        self._tell(self.author_of[post_id], Told("reblog", done.deed.writer, post_id))

    def _note_follow(self, done: Done) -> None:
        self.followers[str(done.deed.target)].add(done.deed.writer)

    def _note_unfollow(self, done: Done) -> None:
        self.followers[str(done.deed.target)].discard(done.deed.writer)

    def _tell(self, name: str, told: Told) -> None:
        self.told[name][told] += 1
        self._news.told[name][told] += 1


def _no_news() -> News:
    return News({}, set(), set(), defaultdict(Counter))
