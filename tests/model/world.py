"""What a microblog is, written down as plainly as possible: lists of facts, and verbs that change them.

Written from Mastodon's rules, not from the server, and it shares no code with it.
Every verb returns the HTTP status that a server must answer with. Nothing is kept that could be worked out again:
questions.py recomputes every answer from these lists.
"""

from dataclasses import dataclass, field

OK, FORBIDDEN, MISSING, INVALID = 200, 403, 404, 422
PINS_MAX = 5
OPEN = ("public", "unlisted")


@dataclass
class Post:
    """A post or a reblog. `named` and `language` of a reblog are those that the post had when it was reblogged."""

    id: int
    author: str
    visibility: str
    word: str = ""
    named: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    language: str = ""
    answers: "Post | None" = None
    reblog_of: "Post | None" = None
    thread: int = 0
    edited: bool = False


@dataclass(frozen=True)
class Follow:
    """How somebody follows, or asks to."""

    reblogs: bool = True
    notify: bool = False
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """One notification; `post` is the id of what it is about."""

    kind: str
    sender: str
    post: int | None = None


@dataclass
class World:
    """Every fact there is. Pairs are (who, whom) or (who, post id), oldest first."""

    people: list[str]
    locked: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    posts: list[Post] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    follows: dict[tuple[str, str], Follow] = field(default_factory=dict)
    requests: dict[tuple[str, str], Follow] = field(default_factory=dict)
    blocks: set[tuple[str, str]] = field(default_factory=set)
    mutes: dict[tuple[str, str], bool] = field(default_factory=dict)
    quiet: set[tuple[str, int]] = field(default_factory=set)
    tags: set[tuple[str, str]] = field(default_factory=set)
    favourites: list[tuple[str, int]] = field(default_factory=list)
    bookmarks: list[tuple[str, int]] = field(default_factory=list)
    pins: list[tuple[str, int]] = field(default_factory=list)
    told: dict[str, list[Told]] = field(default_factory=dict)

    # What is the case

    def post(self, id_: int) -> Post | None:
        """The post or reblog of this id that was not deleted."""
        return next((post for post in self.posts if post.id == id_), None)

    def severed(self, one: str, other: str) -> bool:
        """Whether a block stands between two people."""
        return (one, other) in self.blocks or (other, one) in self.blocks

    def mutes_or_blocks(self, viewer: str | None, other: str) -> bool:
        """Whether a viewer (None: anybody) wants or gets nothing of somebody: a mute, or a block either way."""
        return viewer is not None and (self.severed(viewer, other) or (viewer, other) in self.mutes)

    def sees(self, viewer: str | None, post: Post) -> bool:
        """Whether somebody (None: anybody) may know of a post; of a reblog, only if of what it shows as well."""
        if post.reblog_of is not None and not self.sees(viewer, post.reblog_of):
            return False
        if viewer is None:
            return post.visibility in OPEN
        if viewer == post.author:
            return True
        if self.severed(viewer, post.author):
            return False
        if post.visibility in OPEN:
            return True
        if post.reblog_of is None and viewer in post.named:
            return True
        return post.visibility == "private" and (viewer, post.author) in self.follows

    def reblog_by(self, who: str, post: Post) -> Post | None:
        """Somebody's reblog of a post."""
        return next((one for one in self.posts if one.author == who and one.reblog_of is post), None)

    # Posts

    def can_publish(self, author: str, answered: Post | None) -> int:
        """Whether somebody may answer a post (None: write a new one)."""
        return OK if answered is None or self.sees(author, answered) else MISSING

    def publish(self, post: Post, answered: Post | None) -> None:
        """A new post is there, under the id that the server gave it."""
        post.answers = subject(answered) if answered else None
        post.thread = post.answers.thread if post.answers else post.id
        self.posts.append(post)
        for person in dict.fromkeys(post.named):
            self._tell(person, Told("mention", post.author, post.id), thread=post.thread)
        if post.visibility != "direct" and (post.answers is None or post.answers.author == post.author):
            self._tell_watchers(post)

    def can_edit(self, who: str, post: Post) -> int:
        """Only one's own post, and no reblog."""
        return OK if post.author == who and post.reblog_of is None else MISSING

    def edit(self, post: Post, *, word: str, named: tuple[str, ...], tags: tuple[str, ...], language: str) -> None:
        """A post says something else: the newly named are told, and those who reblogged it."""
        new = [person for person in dict.fromkeys(named) if person not in post.named]
        post.word, post.named, post.tags, post.language, post.edited = word, named, tags, language, True
        for person in new:
            self._tell(person, Told("mention", post.author, post.id), thread=post.thread)
        for reblog in self.posts:
            if reblog.reblog_of is post and reblog.author not in new:
                self._tell(reblog.author, Told("update", post.author, post.id))

    def delete(self, who: str, post: Post) -> int:
        """A post goes with everything that hung on it, except its answers."""
        if post.author != who:
            return MISSING
        self._remove(post)
        return OK

    def can_reblog(self, who: str, post: Post) -> int:
        """What is open to all, and one's own for followers."""
        shown = subject(post)
        if not self.sees(who, post):
            return MISSING
        return OK if shown.visibility in OPEN or (shown.visibility, shown.author) == ("private", who) else FORBIDDEN

    def reblog(self, who: str, post: Post, *, id_: int, visibility: str) -> None:
        """Somebody shows a post to their followers; a second time changes nothing."""
        shown = subject(post)
        if self.reblog_by(who, shown) is not None:
            return
        wanted = visibility if shown.visibility in OPEN else shown.visibility
        self.posts.append(
            Post(id_, who, wanted, named=shown.named, language=shown.language, reblog_of=shown, thread=id_)
        )
        self._tell(shown.author, Told("reblog", who, shown.id), thread=shown.thread)

    def unreblog(self, who: str, post: Post) -> int:
        """Somebody takes it back."""
        if not self.sees(who, post):
            return MISSING
        reblog = self.reblog_by(who, subject(post))
        if reblog is not None:
            self._remove(reblog)
        return OK

    def pin(self, who: str, post: Post) -> int:
        """On top of one's profile: one's own, nothing direct, no reblogs, at most five."""
        if post.author != who:
            return MISSING
        if post.reblog_of is not None or post.visibility == "direct":
            return INVALID
        if (who, post.id) not in self.pins:
            if len([1 for owner, _ in self.pins if owner == who]) >= PINS_MAX:
                return INVALID
            self.pins.append((who, post.id))
        return OK

    def unpin(self, who: str, post: Post) -> int:
        """No longer."""
        if post.author != who:
            return MISSING
        if (who, post.id) in self.pins:
            self.pins.remove((who, post.id))
        return OK

    # What people do with posts

    def favourite(self, who: str, post: Post) -> int:
        """Like; the author is told."""
        shown = subject(post)
        if not self.sees(who, post):
            return MISSING
        if (who, shown.id) not in self.favourites:
            self.favourites.append((who, shown.id))
            self._tell(shown.author, Told("favourite", who, shown.id), thread=shown.thread)
        return OK

    def unfavourite(self, who: str, post: Post) -> int:
        """Like no longer; what the author was told is taken back."""
        shown = subject(post)
        if not self.sees(who, post):
            return MISSING
        if (who, shown.id) in self.favourites:
            self.favourites.remove((who, shown.id))
            self._untell(Told("favourite", who, shown.id))
        return OK

    def bookmark(self, who: str, post: Post, *, keep: bool) -> int:
        """Keep, or keep no longer; nobody is told."""
        pair = (who, subject(post).id)
        if not self.sees(who, post):
            return MISSING
        if keep and pair not in self.bookmarks:
            self.bookmarks.append(pair)
        elif not keep and pair in self.bookmarks:
            self.bookmarks.remove(pair)
        return OK

    def mute_thread(self, who: str, post: Post, *, quiet: bool) -> int:
        """Hear nothing more of a conversation, or hear of it again."""
        if not self.sees(who, post):
            return MISSING
        (self.quiet.add if quiet else self.quiet.discard)((who, subject(post).thread))
        return OK

    # People

    def follow(self, who: str, whom: str, settings: Follow) -> int:
        """Follow, ask, or change how one follows or asks."""
        if who == whom:
            return INVALID
        pair = (who, whom)
        if pair in self.follows:
            self.follows[pair] = settings
        elif self.severed(who, whom):
            return FORBIDDEN
        elif whom not in self.locked:
            self._end_request(who, whom)
            self._begin(who, whom, settings)
        elif self.requests.get(pair) != settings:
            self._end_request(who, whom)
            self.requests[pair] = settings
            self._tell(whom, Told("follow_request", who))
        return OK

    def unfollow(self, who: str, whom: str) -> int:
        """Follow no longer, and ask no longer."""
        if self.follows.pop((who, whom), None):
            self._untell(Told("follow", who), only=whom)
        self._end_request(who, whom)
        return OK

    def lock(self, who: str) -> None:
        """Be asked before one is followed."""
        self.locked.add(who)

    def unlock(self, who: str) -> None:
        """Be followed by whoever wants to; those who wait follow, the longest waiting first."""
        if who in self.locked:
            self.locked.discard(who)
            for asking in [one for one, whom in self.requests if whom == who]:
                self.accept(who, asking)

    def accept(self, who: str, asking: str) -> int:
        """Let somebody follow who has asked."""
        settings = self.requests.get((asking, who))
        if settings is None:
            return MISSING
        self._end_request(asking, who)
        self._begin(asking, who, settings)
        return OK

    def reject(self, who: str, asking: str) -> int:
        """Do not."""
        if (asking, who) not in self.requests:
            return MISSING
        self._end_request(asking, who)
        return OK

    def block(self, who: str, whom: str) -> int:
        """Every tie between the two ends, and the blocker forgets what it was told of the other."""
        if who == whom:
            return INVALID
        if (who, whom) not in self.blocks:
            self.blocks.add((who, whom))
            self.unfollow(who, whom)
            self.unfollow(whom, who)
            self.told[who] = [told for told in self.told.get(who, []) if told.sender != whom]
        return OK

    def unblock(self, who: str, whom: str) -> int:
        """The block ends; nothing comes back by itself."""
        self.blocks.discard((who, whom))
        return OK

    def mute(self, who: str, whom: str, *, notifications: bool) -> int:
        """Out of one's timelines, and out of one's notifications if wanted."""
        if who == whom:
            return INVALID
        self.mutes[(who, whom)] = notifications
        return OK

    def unmute(self, who: str, whom: str) -> int:
        """Back into them."""
        self.mutes.pop((who, whom), None)
        return OK

    def vanish(self, who: str) -> None:
        """An account is deleted, and everything that it did."""
        self.gone.add(who)
        for post in [post for post in self.posts if post.author == who]:
            self._remove(post)
        self.follows = {pair: how for pair, how in self.follows.items() if who not in pair}
        self.requests = {pair: how for pair, how in self.requests.items() if who not in pair}
        self.favourites = [pair for pair in self.favourites if pair[0] != who]
        self.told = {
            person: [told for told in every if told.sender != who]
            for person, every in self.told.items()
            if person != who
        }

    # What follows from it

    def _begin(self, who: str, whom: str, settings: Follow) -> None:
        self.follows[(who, whom)] = settings
        self._tell(whom, Told("follow", who))

    def _end_request(self, who: str, whom: str) -> None:
        if self.requests.pop((who, whom), None):
            self._untell(Told("follow_request", who), only=whom)

    def _tell(self, person: str, told: Told, *, thread: int | None = None) -> None:
        sender = told.sender
        hushed = thread is not None and (person, thread) in self.quiet
        if person == sender or person in self.gone or self.severed(person, sender) or hushed:
            return
        if not self.mutes.get((person, sender), False):
            self.told.setdefault(person, []).append(told)

    def _tell_watchers(self, post: Post) -> None:
        for (who, whom), how in self.follows.items():
            heard = not how.languages or post.language in how.languages
            if whom == post.author and how.notify and heard and who not in post.named:
                self._tell(who, Told("status", post.author, post.id))

    def _untell(self, told: Told, only: str | None = None) -> None:
        for person, every in self.told.items():
            if only in (None, person):
                self.told[person] = [one for one in every if one != told]

    def _remove(self, post: Post) -> None:
        if post not in self.posts:
            return
        self.posts = [one for one in self.posts if one is not post]
        self.deleted.append(post.id)
        self.favourites = [pair for pair in self.favourites if pair[1] != post.id]
        self.bookmarks = [pair for pair in self.bookmarks if pair[1] != post.id]
        self.pins = [pair for pair in self.pins if pair[1] != post.id]
        for person, every in self.told.items():
            self.told[person] = [told for told in every if told.post != post.id]
        if post.reblog_of is not None:
            self._untell(Told("reblog", post.author, post.reblog_of.id))
        for reblog in [one for one in self.posts if one.reblog_of is post]:
            self._remove(reblog)


def subject(post: Post) -> Post:
    """What a verb on a post or on a reblog acts on."""
    return post.reblog_of or post
