"""Following, asking, and how each of them ends."""

import pytest

from tests.support.people import Doors
from whimbrel.kernel.errors import Forbidden, Invalid, NotFound
from whimbrel.kernel.events import Refused
from whimbrel.kernel.limits import FOLLOWS_MAX
from whimbrel.microblog.accounts.requests import ProfileChange
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.graph import groups
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.graph.values import FollowSettings, MuteSettings

pytestmark = pytest.mark.anyio

USUAL = FollowSettings()
QUIET = FollowSettings(reblogs=False, notify=True, languages=("de", "fr"))


async def locked(doors: Doors, name: str) -> tuple[Account, Reader]:
    account, reader = await doors.add_reader(name)
    return await doors.accounts.change_profile(account, ProfileChange(locked=True)), reader


def types_since(doors: Doors, count: int) -> list[str]:
    return [event.type for event in doors.appending.events[count:]]


async def counts(doors: Doors, account: Account) -> tuple[int, int]:
    found = await doors.accounts.get(account.id)
    return found.followers, found.following


async def test_a_follow_is_known_at_once_and_counted_once(doors: Doors) -> None:
    (ada, reader), (bo, _) = await doors.add_reader("Ada"), await doors.add_reader("Bo")
    for _ in range(2):
        await doors.graph.follow(reader, bo, settings=QUIET)
    assert reader.follows == {bo.id: QUIET}
    assert (await counts(doors, ada), await counts(doors, bo)) == ((0, 1), (1, 0))
    for _ in range(2):
        await doors.graph.unfollow(reader, bo)
    assert reader.follows == {}
    assert (await counts(doors, ada), await counts(doors, bo)) == ((0, 0), (0, 0))


async def test_following_again_changes_how(doors: Doors) -> None:
    (_, reader), (bo, _) = await doors.add_reader("Ada"), await doors.add_reader("Bo")
    await doors.graph.follow(reader, bo, settings=USUAL)
    version, before = reader.version, len(doors.appending.events)
    await doors.graph.follow(reader, bo, settings=QUIET)
    assert reader.follows[bo.id] == QUIET
    assert reader.version > version
    assert types_since(doors, before) == ["FollowChanged"]


async def test_nobody_follows_themselves(doors: Doors) -> None:
    ada, reader = await doors.add_reader("Ada")
    for refused in (
        doors.graph.follow(reader, ada, settings=USUAL),
        doors.graph.block(reader, ada),
        doors.graph.mute(reader, ada, settings=MuteSettings()),
    ):
        with pytest.raises(Invalid):
            await refused


async def test_a_language_that_is_none_is_refused(doors: Doors) -> None:
    (_, reader), (bo, _) = await doors.add_reader("Ada"), await doors.add_reader("Bo")
    with pytest.raises(Invalid, match="de fr"):
        await doors.graph.follow(reader, bo, settings=FollowSettings(languages=("de fr",)))


async def test_a_locked_account_is_asked(doors: Doors) -> None:
    (ada, reader), (bo, boss) = await doors.add_reader("Ada"), await locked(doors, "Bo")
    for _ in range(2):
        await doors.graph.follow(reader, bo, settings=QUIET)
    assert (reader.follows, reader.requested) == ({}, {bo.id: QUIET})
    await doors.graph.accept(boss, ada.id)
    assert (reader.follows, reader.requested) == ({bo.id: QUIET}, {})
    assert await counts(doors, bo) == (1, 0)
    with pytest.raises(NotFound):
        await doors.graph.accept(boss, ada.id)


async def test_asking_again_changes_how(doors: Doors) -> None:
    (_, reader), (bo, _) = await doors.add_reader("Ada"), await locked(doors, "Bo")
    await doors.graph.follow(reader, bo, settings=USUAL)
    await doors.graph.follow(reader, bo, settings=QUIET)
    assert reader.requested == {bo.id: QUIET}


async def test_a_request_is_rejected_or_withdrawn(doors: Doors) -> None:
    (ada, reader), (bo, boss) = await doors.add_reader("Ada"), await locked(doors, "Bo")
    await doors.graph.follow(reader, bo, settings=USUAL)
    await doors.graph.reject(boss, ada.id)
    assert reader.requested == {}
    with pytest.raises(NotFound):
        await doors.graph.reject(boss, ada.id)
    await doors.graph.follow(reader, bo, settings=USUAL)
    await doors.graph.unfollow(reader, bo)
    assert reader.requested == {}
    with pytest.raises(NotFound):
        await doors.graph.accept(boss, ada.id)


async def test_following_an_account_that_is_no_longer_locked_ends_the_request(doors: Doors) -> None:
    (_, reader), (bo, _) = await doors.add_reader("Ada"), await locked(doors, "Bo")
    await doors.graph.follow(reader, bo, settings=USUAL)
    bo = await doors.accounts.change_profile(bo, ProfileChange(locked=False))
    await doors.graph.follow(reader, bo, settings=USUAL)
    assert (reader.follows, reader.requested) == ({bo.id: USUAL}, {})


async def test_a_follower_is_removed(doors: Doors) -> None:
    (ada, reader), (bo, boss) = await doors.add_reader("Ada"), await doors.add_reader("Bo")
    await doors.graph.follow(reader, bo, settings=USUAL)
    for _ in range(2):
        await doors.graph.remove_follower(boss, ada)
    assert reader.follows == {}
    assert await counts(doors, bo) == (0, 0)


async def test_there_is_a_limit_to_how_many_one_follows(doors: Doors) -> None:
    (_, reader), (bo, _) = await doors.add_reader("Ada"), await doors.add_reader("Bo")
    reader.follows.update(dict.fromkeys(range(FOLLOWS_MAX), USUAL))
    with pytest.raises(Invalid, match="7500"):
        await doors.graph.follow(reader, bo, settings=USUAL)


async def test_nobody_follows_a_deleted_account(doors: Doors) -> None:
    (_, reader), (bo, _) = await doors.add_reader("Ada"), await doors.add_reader("Bo")
    await doors.accounts.delete(bo.id)
    with pytest.raises(NotFound):
        await doors.graph.follow(reader, bo, settings=USUAL)
    with pytest.raises(NotFound):
        await doors.graph.reader(bo.id)


async def test_a_follow_that_raced_another_is_the_same_follow(doors: Doors) -> None:
    # The other process's follow is in the journal, and not yet in this process's memory.
    (ada, reader), (bo, _) = await doors.add_reader("Ada"), await doors.add_reader("Bo")
    await doors.graph.follow(reader, bo, settings=USUAL)
    del reader.follows[bo.id]
    await doors.graph.follow(reader, bo, settings=QUIET)
    assert reader.follows == {bo.id: QUIET}
    assert await counts(doors, ada) == (0, 1)


async def test_a_block_and_a_follow_in_one_batch_never_stand_together(doors: Doors) -> None:
    (ada, reader), (bo, boss) = await doors.add_reader("Ada"), await doors.add_reader("Bo")
    follow, block = groups.follow(ada.id, bo.id, USUAL), groups.block(bo.id, ada.id)
    doors.appending.append_batch((follow, block))
    assert (reader.follows, reader.blocked_by, boss.blocks) == ({}, {bo.id}, {ada.id})
    assert await counts(doors, bo) == (0, 0)
    await doors.graph.unblock(boss, ada)
    _, outcome = doors.appending.append_batch((block, follow))
    assert isinstance(outcome, Refused)
    assert reader.follows == {}


async def test_a_block_severs_every_tie_in_both_directions(doors: Doors) -> None:
    (ada, reader), (bo, boss) = await doors.add_reader("Ada"), await locked(doors, "Bo")
    await doors.graph.follow(boss, ada, settings=USUAL)
    await doors.graph.endorse(boss, ada)
    await doors.graph.follow(reader, bo, settings=USUAL)
    await doors.graph.mute(reader, bo, settings=MuteSettings())
    for _ in range(2):
        await doors.graph.block(reader, bo)
    assert (reader.requested, boss.follows) == ({}, {})
    assert (reader.blocks, boss.blocked_by) == ({bo.id}, {ada.id})
    assert bo.id in reader.mutes
    assert (await counts(doors, ada), await counts(doors, bo)) == ((0, 0), (0, 0))
    (between,) = await doors.graph.relationships(boss, [ada.id])
    assert (between.endorsed, between.blocked_by, between.blocking) == (False, True, False)


async def test_a_block_keeps_both_from_following(doors: Doors) -> None:
    (ada, reader), (bo, boss) = await doors.add_reader("Ada"), await doors.add_reader("Bo")
    await doors.graph.block(boss, ada)
    for follower, target in ((reader, bo), (boss, ada)):
        with pytest.raises(Forbidden) as caught:
            await doors.graph.follow(follower, target, settings=USUAL)
        assert caught.value.public == "This action is not allowed"
    for _ in range(2):
        await doors.graph.unblock(boss, ada)
    await doors.graph.follow(reader, bo, settings=USUAL)
    assert reader.follows == {bo.id: USUAL}


async def test_follow_mute_and_block_work_while_the_store_is_away(doors: Doors) -> None:
    (ada, reader), (bo, boss) = await doors.add_reader("Ada"), await doors.add_reader("Bo")
    await doors.graph.follow(boss, ada, settings=USUAL)
    with doors.appending.take_store_away():
        await doors.graph.follow(reader, bo, settings=USUAL)
        await doors.graph.mute(reader, bo, settings=MuteSettings())
        (between,) = await doors.graph.relationships(reader, [bo.id])
        assert (between.following, between.followed_by, between.muting) == (USUAL, True, MuteSettings())
        await doors.graph.block(reader, bo)
        assert reader.follows == {}
    (between,) = await doors.graph.relationships(reader, [bo.id])
    assert (between.followed_by, between.blocking) == (False, True)
