"""A world to measure in: accounts, a skewed graph and posts, written through the journal's own bulk append.

Who posts and who is followed are both skewed (a few much, most little), as on any real server. The first accounts are
the readers, with the numbers of followed accounts asked for. All names and texts are invented.
"""

import hashlib
import random
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.events import Appended, Claim, Group, draft
from whimbrel.microblog import keys
from whimbrel.microblog.accounts.events import AccountCreated, TokenIssued
from whimbrel.microblog.graph.events import Followed
from whimbrel.microblog.interactions.events import Favourited
from whimbrel.microblog.posts.events import Mention, PostCreated, Tag

BATCH_GROUPS = 2_000
SEED = 20201015
SCOPES = ("read", "write", "follow", "push")
VOCABULARY = """bird storm harbour evening light wind letter mountain coffee train window garden river summer paper
question answer morning island market music bridge signal winter forest story number lantern"""
WORDS = tuple(VOCABULARY.split())


class World(NamedTuple):
    """What was made: account ids in order of creation, the readers' tokens, and how long it took."""

    accounts: list[int]
    tokens: list[str]
    posts: int
    follows: int
    seconds: float


def build(data: Path, *, accounts: int, posts: int, follows: int, reader_follows: Sequence[int]) -> World:
    """Fill an empty data directory. Deterministic but for ids and times; the server applies it at its first start."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    chance = random.Random(SEED)
    started = time.perf_counter()
    journal = SqliteJournal(data / "journal.sqlite", clock=wall_clock_ms)
    try:
        ids = _append(journal, _accounts(accounts))
        tokens = [f"bench-token-{number}-{'x' * 24}" for number in range(len(reader_follows))]
        _append(journal, _tokens(ids, tokens))
        edges = list(_edges(chance, ids, follows, reader_follows))
        _append(journal, iter(edges))
        written = _append(journal, _posts(chance, ids, posts))
        _append(journal, _favourites(chance, ids, written[-2_000:]))
    finally:
        journal.close()
    return World(ids, tokens, posts, len(edges), time.perf_counter() - started)


class Audience(NamedTuple):
    """Somebody with many followers, and a token of each."""

    author: str
    followers: list[str]


def build_audience(data: Path, *, followers: int, posts: int) -> Audience:
    """Fill an empty data directory with one author, its posts, and those who follow it."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    journal = SqliteJournal(data / "journal.sqlite", clock=wall_clock_ms)
    try:
        ids = _append(journal, _accounts(followers + 1))
        tokens = [f"bench-token-{number}-{'x' * 24}" for number in range(len(ids))]
        _append(journal, _tokens(ids, tokens))
        _append(journal, (_follow(reader, ids[0]) for reader in ids[1:]))
        _append(journal, (Group((draft(_post(random.Random(SEED), ids, n), actor=ids[0]),)) for n in range(1, posts)))
    finally:
        journal.close()
    return Audience(tokens[0], tokens[1:])


def _append(journal: SqliteJournal, groups: Iterator[Group]) -> list[int]:
    ids: list[int] = []
    while batch := list(islice(groups, BATCH_GROUPS)):
        outcomes, _ = journal.append(batch)
        for outcome in outcomes:
            if isinstance(outcome, Appended) and outcome.stamps[0] is not None:
                ids.append(outcome.stamps[0].id)
    return ids


def _accounts(count: int) -> Iterator[Group]:
    for number in range(count):
        name, email = f"bird{number}", f"bird{number}@example.test"
        fact = AccountCreated(name=name, email=email, confirmed=True, display_name=f"Bird {number}", origin="bench")
        yield Group((draft(fact, actor=0, claims=(Claim(keys.name(name)), Claim(keys.email(email)))),))


def _tokens(ids: Sequence[int], tokens: Sequence[str]) -> Iterator[Group]:
    for account_id, token in zip(ids, tokens, strict=False):
        hashed = hashlib.sha256(token.encode()).hexdigest()
        fact = TokenIssued(token_hash=hashed, account_id=account_id, app_id=None, scopes=SCOPES)
        yield Group((draft(fact, actor=account_id, claims=(Claim(keys.token(hashed)),)),))


def _edges(chance: random.Random, ids: Sequence[int], follows: int, reader_follows: Sequence[int]) -> Iterator[Group]:
    others = ids[len(reader_follows) :]
    for reader, count in zip(ids, reader_follows, strict=False):
        for target in chance.sample(others, count):
            yield _follow(reader, target)
    seen: set[tuple[int, int]] = set()
    while len(seen) < follows - sum(reader_follows):
        pair = (chance.choice(others), _skewed(chance, ids))
        if pair[0] != pair[1] and pair not in seen:
            seen.add(pair)
            yield _follow(*pair)


def _follow(account: int, target: int) -> Group:
    return Group(
        (draft(Followed(account_id=account), actor=account, id=target, claims=(Claim(keys.follow(account, target)),)),)
    )


def _posts(chance: random.Random, ids: Sequence[int], count: int) -> Iterator[Group]:
    for number in range(count):
        author = _skewed(chance, ids)
        yield Group((draft(_post(chance, ids, number), actor=author),))


def _post(chance: random.Random, ids: Sequence[int], number: int) -> PostCreated:
    text = " ".join(chance.choices(WORDS, k=chance.randint(12, 45))) + f" {number}"
    mentions: tuple[Mention, ...] = ()
    tags: tuple[Tag, ...] = ()
    if number % 10 == 0:
        named = chance.randrange(len(ids))
        text, mentions = f"@bird{named} {text}", (Mention(ids[named], f"bird{named}"),)
    if number % 7 == 0:
        text, tags = f"{text} #birds", (Tag("birds", "birds"),)
    return PostCreated(text=text, html=f"<p>{text}</p>", language="en", mentions=mentions, tags=tags)


def _favourites(chance: random.Random, ids: Sequence[int], posts: Sequence[int]) -> Iterator[Group]:
    # Some notifications for the first reader's page: real people like its posts in posting.py; here posts get counts.
    for post in posts:
        account = _skewed(chance, ids)
        key = keys.favourite(account, post)
        yield Group((draft(Favourited(author_id=ids[0]), actor=account, id=post, claims=(Claim(key),)),))


def _skewed(chance: random.Random, ids: Sequence[int]) -> int:
    # Pareto with the tail of a real follower distribution; the modulo keeps it inside without a hard edge.
    return ids[int(chance.paretovariate(0.9) * 3) % len(ids)]
