"""A small world in a data directory that no server uses: people, posts, edges, tokens, deletions, from a seed.

It writes the journal through the engine, as the core does, and lets the store follow by the applier's own machinery.
"""

import hashlib
import random
from pathlib import Path

from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.engines.store.applying import Applying
from whimbrel.engines.store.numbered import store_in
from whimbrel.engines.store.writer import StoreWriter
from whimbrel.follow_ups import CONTENT
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.events import Appended, Claim, Group, draft
from whimbrel.microblog import keys
from whimbrel.microblog.accounts.events import AccountCreated, AccountDeleted, TokenIssued, TokenRevoked
from whimbrel.microblog.graph.events import Followed, Unfollowed
from whimbrel.microblog.interactions.events import Favourited, Unfavourited
from whimbrel.microblog.posts.events import PostCreated, PostDeleted
from whimbrel.rooms import follows

PAGE = 500


class Town:
    """People who do things. `posts` and `people` are those that are left; `gone` is what was deleted, by id."""

    def __init__(self, data: Path, seed: int = 1) -> None:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.data = data
        self.chance = random.Random(seed)
        self.people: dict[int, str] = {}
        self.posts: dict[int, int] = {}
        self.tokens: dict[int, str] = {}
        self.gone: dict[int, int] = {}
        self._edges: list[tuple[int, int]] = []
        self._journal: SqliteJournal | None = None

    def __enter__(self) -> "Town":
        return self

    def __exit__(self, *_: object) -> None:
        self.rest()

    @property
    def journal(self) -> SqliteJournal:
        """The journal, open until `rest`."""
        if self._journal is None:
            self._journal = SqliteJournal(self.data / "journal.sqlite", clock=wall_clock_ms)
        return self._journal

    @property
    def head(self) -> int:
        """The newest record."""
        return self.journal.head()[0]

    def rest(self) -> None:
        """Let go of the journal, as a server does that stops."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def live(self, deeds: int, *, erasing: bool = True) -> None:
        """Do so many things, most of them posts; afterwards the store knows them, and what was deleted is erased."""
        for _ in range(deeds):
            self._deed()
        self.catch_up()
        if erasing:
            self.erase()

    def join(self, name: str) -> int:
        """Somebody new."""
        email = f"{name}@mail.test"
        fact = AccountCreated(name=name, email=email, confirmed=True, display_name=name, origin="test")
        id_ = self._append(draft(fact, actor=0, claims=(Claim(keys.name(name)), Claim(keys.email(email)))))
        self.people[id_] = email
        return id_

    def post(self, author: int, text: str) -> int:
        """A new post, with an Idempotency-Key that is used."""
        key = keys.idempotency(author, text)
        claims = (Claim(key, b"digest", wall_clock_ms() + 86_400_000),)
        id_ = self._append(draft(PostCreated(text=text, html=f"<p>{text}</p>"), actor=author, claims=claims))
        self.posts[id_] = author
        return id_

    def delete(self, post: int) -> None:
        """A post is deleted by its author."""
        author = self.posts.pop(post)
        fact = PostDeleted(account_id=author)
        self._append(draft(fact, actor=author, id=post, claims=(Claim(keys.deleted(post)),)))
        self.gone[post] = self.head

    def leave(self, person: int) -> None:
        """Somebody deletes the account; the posts go by events of their own, as cascades do it."""
        email = self.people.pop(person)
        claims, releases = (Claim(keys.account_gone(person)),), (keys.email(email),)
        self._append(draft(AccountDeleted(), actor=person, id=person, claims=claims, releases=releases))
        self.gone[person] = self.head
        for post in [one for one, author in self.posts.items() if author == person]:
            self.delete(post)
        for edge in [one for one in self._edges if person in one]:
            self._unfollow(edge)

    def sign_in(self, person: int) -> int:
        """A new token; returns its id."""
        hashed = hashlib.sha256(f"token-{person}-{self.chance.random()}".encode()).hexdigest()
        fact = TokenIssued(token_hash=hashed, account_id=person, app_id=None, scopes=("read",))
        id_ = self._append(draft(fact, actor=person, claims=(Claim(keys.token(hashed)),)))
        self.tokens[id_] = hashed
        return id_

    def sign_out(self, token: int) -> None:
        """A token is revoked."""
        hashed = self.tokens.pop(token)
        self._append(draft(TokenRevoked(hashed), actor=0, id=token, releases=(keys.token(hashed),)))
        self.gone[token] = self.head

    def erase(self) -> None:
        """Blank what was deleted, as the core does a minute later."""
        while self.journal.blank(list(self.gone), types=CONTENT):
            continue

    def trim(self, up_to: int) -> None:
        """Forget the oldest records."""
        while self.journal.trim(up_to=up_to):
            continue

    def catch_up(self) -> None:
        """Let the store take in everything."""
        schemas, decode, apply, subjects, *_ = follows()
        writer = StoreWriter(store_in(self.data), schemas)
        reader = JournalReader(self.data / "journal.sqlite")
        try:
            applying = Applying(writer, decode, apply, subjects=subjects)
            while records := reader.read(after=writer.standing().sequence, limit=PAGE):
                applying.apply_batch(records)
        finally:
            writer.close()
            reader.close()

    def _deed(self) -> None:
        chance, number = self.chance, self.chance.random()
        people, posts = list(self.people), list(self.posts)
        if len(people) < 4 or number < 0.05:
            self.join(f"bird{self.head}")
        elif number < 0.55 or not posts:
            self.post(chance.choice(people), f"Post {self.head} of {chance.randint(1, 9)} birds in the morning")
        elif number < 0.65:
            self._follow(*chance.sample(people, 2))
        elif number < 0.72 and self._edges:
            self._unfollow(chance.choice(self._edges))
        elif number < 0.82:
            self._favour(chance.choice(people), chance.choice(posts))
        elif number < 0.88:
            self.sign_in(chance.choice(people))
        elif number < 0.92 and self.tokens:
            self.sign_out(chance.choice(list(self.tokens)))
        elif number < 0.98:
            self.delete(chance.choice(posts))
        elif len(people) > 6:
            self.leave(chance.choice(people))

    def _follow(self, one: int, other: int) -> None:
        if (one, other) not in self._edges:
            self._edges.append((one, other))
            self._append(draft(Followed(account_id=one), actor=one, id=other, claims=(Claim(keys.follow(one, other)),)))

    def _unfollow(self, edge: tuple[int, int]) -> None:
        self._edges.remove(edge)
        one, other = edge
        self._append(draft(Unfollowed(account_id=one), actor=one, id=other, releases=(keys.follow(one, other),)))

    def _favour(self, person: int, post: int) -> None:
        key, author = keys.favourite(person, post), self.posts[post]
        if self.journal.find([key]):
            self._append(draft(Unfavourited(author_id=author), actor=person, id=post, releases=(key,)))
        else:
            self._append(draft(Favourited(author_id=author), actor=person, id=post, claims=(Claim(key),)))

    def _append(self, one) -> int:
        (outcome,), _ = self.journal.append([Group((one,))])
        assert isinstance(outcome, Appended), outcome
        assert outcome.stamps[0] is not None
        return outcome.stamps[0].id
