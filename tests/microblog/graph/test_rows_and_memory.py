"""What the store says and what memory says are the same, after any sequence of events and wherever loads fall between.

Each event is told twice (apply.py and memory.py): this is the test that holds the two together, for both rooms.
"""

import asyncio
from collections.abc import Callable
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from tests.support.appending import Appending
from tests.support.people import Doors, doors_of
from whimbrel.kernel.events import Draft, Group, draft
from whimbrel.microblog import keys
from whimbrel.microblog.accounts import rows as account_rows
from whimbrel.microblog.accounts.events import (
    AccountApproved,
    AccountConfirmed,
    AccountDeleted,
    AccountDisabled,
    AccountEnabled,
    ProfileChanged,
    RoleChanged,
)
from whimbrel.microblog.accounts.passwords import Passwords
from whimbrel.microblog.accounts.rules import state_of
from whimbrel.microblog.graph import groups
from whimbrel.microblog.graph import rows as graph_rows
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.graph.values import FollowSettings, MuteSettings
from whimbrel.microblog.posts.events import PostCreated

PEOPLE = 3
SETTINGS = (FollowSettings(), FollowSettings(reblogs=False), FollowSettings(notify=True, languages=("de", "pt-BR")))


def alone(data: Draft) -> Group:
    return Group((data,))


def about(event: Callable[[], Struct]) -> Callable[[int, int, int], Group]:
    return lambda one, _other, _way: alone(draft(event(), actor=one, id=one))


VERBS: tuple[Callable[[int, int, int], Group], ...] = (
    lambda one, other, way: groups.follow(one, other, SETTINGS[way]),
    lambda one, other, way: groups.change_follow(one, other, SETTINGS[way]),
    lambda one, other, way: groups.request(one, other, SETTINGS[way]),
    lambda one, other, way: groups.change_request(one, other, SETTINGS[way]),
    lambda one, other, way: groups.accept(one, other, SETTINGS[way]),
    lambda one, other, _: groups.reject(one, other),
    lambda one, other, _: groups.unfollow(one, other),
    lambda one, other, _: groups.remove_follower(one, other),
    lambda one, other, _: groups.block(one, other),
    lambda one, other, _: groups.unblock(one, other),
    lambda one, other, way: groups.mute(one, other, MuteSettings(way > 0, 10**12 * way or None)),
    lambda one, other, _: groups.unmute(one, other),
    lambda one, other, _: groups.endorse(one, other),
    lambda one, other, _: groups.unendorse(one, other),
    lambda one, _, way: groups.follow_tag(one, f"tag{way}", f"Tag{way}"),
    lambda one, _, way: groups.unfollow_tag(one, f"tag{way}"),
    about(AccountConfirmed),
    about(AccountApproved),
    about(AccountDisabled),
    lambda one, _, way: alone(draft((AccountEnabled, AccountEnabled, AccountDeleted)[way](), actor=0, id=one)),
    about(lambda: RoleChanged("moderator")),
    about(lambda: ProfileChanged(note="n", note_html="<p>n</p>", locked=True, default_language="de")),
    about(lambda: ProfileChanged(display_name="D", default_language=None)),
    lambda one, _, way: alone(draft(PostCreated("t", "t", visibility=("public", "private", "direct")[way]), actor=one)),
)

COMMANDS = st.tuples(
    st.sampled_from(VERBS), st.integers(0, PEOPLE - 1), st.integers(1, PEOPLE - 1), st.integers(0, 2), st.booleans()
)
BATCHES = st.lists(COMMANDS, max_size=30)


@settings(max_examples=60, deadline=None)
@given(BATCHES, BATCHES, BATCHES, st.sets(st.integers(0, PEOPLE - 1)))
def test_rows_and_memory_agree_after_any_events(before, held_back, after, forgotten) -> None:
    with TemporaryDirectory() as folder:
        appending = Appending(Path(folder))
        passwords = Passwords()
        try:
            asyncio.run(play(doors_of(appending, passwords), before, held_back, after, forgotten))
        finally:
            passwords.close()
            appending.close()


def test_rows_and_memory_agree_after_every_pair_of_verbs(appending: Appending, passwords: Passwords) -> None:
    doors = doors_of(appending, passwords)
    for number, (first, second, ways) in enumerate(product(VERBS, VERBS, ((0, 1), (1, 2), (2, 2)))):
        ids = [doors.add_account(f"person{number}_{which}").id for which in range(2)]
        asyncio.run(load(doors, ids))
        with appending.hold_store():
            for verb, way in zip((first, second), ways, strict=True):
                appending.append_batch([verb(*ids, way)])
        for id_ in ids:
            check_account(doors, id_)
            check_reader(doors, id_)


async def play(doors: Doors, before, held_back, after, forgotten) -> None:
    ids = [doors.add_account(f"person{number}").id for number in range(PEOPLE)]
    await load(doors, ids)
    run(doors, ids, before)
    with doors.appending.hold_store():
        run(doors, ids, held_back)
        for number in forgotten:
            doors.in_memory.accounts.drop(ids[number])
            doors.graph_in_memory.readers.drop(ids[number])
        await load(doors, ids)  # some are in memory, some come from a store that is behind
        run(doors, ids, after)
    for id_ in ids:
        check_account(doors, id_)
        check_reader(doors, id_)


async def load(doors: Doors, ids: list[int]) -> None:
    await doors.in_memory.accounts.many(ids)
    await doors.graph_in_memory.readers.many(ids)


def run(doors: Doors, ids: list[int], commands) -> None:
    for verb, one, step, way, twice in commands:
        group = verb(ids[one], ids[(one + step) % PEOPLE], way)
        doors.appending.append_batch([group, group] if twice else [group])


def check_account(doors: Doors, id_: int) -> None:
    stored = doors.appending.look(lambda look: account_rows.accounts(look, [id_]))[id_]
    assert doors.in_memory.accounts.held(id_) == stored
    flags = {"disabled": stored.disabled, "approved": stored.approved, "confirmed": stored.confirmed}
    deleted = any(event.type == "AccountDeleted" and event.id == id_ for event in doors.appending.events)
    assert stored.state == state_of(deleted=deleted, **flags)


def check_reader(doors: Doors, id_: int) -> None:
    stored = doors.appending.look(lambda look: graph_rows.readers(look, [id_])).get(id_)
    held = doors.graph_in_memory.readers.held(id_)
    deleted = any(event.type == "AccountDeleted" and event.id == id_ for event in doors.appending.events)
    assert (stored is None, held is None) == (deleted, deleted)
    if stored is not None and held is not None:
        assert facts(held) == facts(stored)
        edges = [keys.follow(id_, target) for target in stored.follows] + [
            keys.block(id_, one) for one in stored.blocks
        ]
        assert set(doors.appending.journal.find(edges)) == set(edges)


def facts(reader: Reader) -> tuple[object, ...]:
    return (reader.follows, reader.requested, reader.blocks, reader.blocked_by, reader.mutes, reader.tags)
