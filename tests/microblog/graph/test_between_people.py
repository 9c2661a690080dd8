"""What lies between two people, and the lists in which people stand."""

import pytest

from tests.support.people import Doors
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.pages import Page
from whimbrel.microblog.accounts.requests import ProfileChange
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.graph import rows
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.graph.values import FollowSettings, MuteSettings

pytestmark = pytest.mark.anyio

USUAL = FollowSettings()
PAGE = Page(limit=40)


async def people(doors: Doors, *names: str) -> list[tuple[Account, Reader]]:
    return [await doors.add_reader(name) for name in names]


async def names(doors: Doors, viewer: Reader | None, account: Account, page: Page = PAGE) -> list[str]:
    fresh = await doors.accounts.get(account.id)
    return [one.name for one in (await doors.graph.followers(viewer, fresh, page)).items]


async def test_a_relationship_says_all_that_lies_between(doors: Doors) -> None:
    (ada, reader), (bo, boss), (cy, _) = await people(doors, "Ada", "Bo", "Cy")
    await doors.graph.follow(reader, bo, settings=USUAL)
    await doors.graph.follow(boss, ada, settings=USUAL)
    await doors.graph.endorse(reader, bo)
    await doors.graph.write_note(reader, bo, "met at the harbour")
    await doors.graph.mute(reader, cy, settings=MuteSettings(notifications=False))
    of_cy, of_bo = await doors.graph.relationships(reader, [cy.id, 999, bo.id])
    assert (of_bo.following, of_bo.followed_by, of_bo.endorsed) == (USUAL, True, True)
    assert of_bo.note == "met at the harbour"
    assert (of_cy.account_id, of_cy.muting) == (cy.id, MuteSettings(notifications=False))
    ada = await doors.accounts.change_profile(ada, ProfileChange(locked=True))
    await doors.graph.unfollow(boss, ada)
    await doors.graph.follow(boss, ada, settings=USUAL)
    (of_bo,) = await doors.graph.relationships(reader, [bo.id])
    assert (of_bo.followed_by, of_bo.requested_by) == (False, True)


async def test_a_note_is_replaced_and_removed(doors: Doors) -> None:
    (_, reader), (bo, _) = await people(doors, "Ada", "Bo")
    for comment in ("first", "second", ""):
        await doors.graph.write_note(reader, bo, comment)
        (between,) = await doors.graph.relationships(reader, [bo.id])
        assert between.note == comment
    with pytest.raises(Invalid):
        await doors.graph.write_note(reader, bo, "n" * 2_001)


async def test_only_people_whom_one_follows_are_endorsed(doors: Doors) -> None:
    (ada, reader), (bo, _) = await people(doors, "Ada", "Bo")
    with pytest.raises(Invalid, match="already following"):
        await doors.graph.endorse(reader, bo)
    await doors.graph.follow(reader, bo, settings=USUAL)
    for _ in range(2):
        await doors.graph.endorse(reader, bo)
    assert [one.name for one in (await doors.graph.endorsements(ada, PAGE)).items] == ["Bo"]
    for _ in range(2):
        await doors.graph.unendorse(reader, bo)
    assert (await doors.graph.endorsements(ada, PAGE)).items == ()
    await doors.graph.endorse(reader, bo)
    await doors.graph.unfollow(reader, bo)
    assert (await doors.graph.endorsements(ada, PAGE)).items == ()


async def test_a_mute_ends_by_itself(doors: Doors) -> None:
    (_, reader), (bo, _) = await people(doors, "Ada", "Bo")
    clock = doors.appending.clock
    until = MuteSettings(expires_ms=clock.now_ms + 60_000)
    await doors.graph.mute(reader, bo, settings=until)
    assert [(one.name, how) for one, how in (await doors.graph.mutes(reader, PAGE)).items] == [("Bo", until)]
    clock.now_ms += 60_000
    assert (await doors.graph.mutes(reader, PAGE)).items == ()
    (between,) = await doors.graph.relationships(reader, [bo.id])
    assert between.muting is None
    await doors.graph.mute(reader, bo, settings=MuteSettings())
    assert len((await doors.graph.mutes(reader, PAGE)).items) == 1
    for _ in range(2):
        await doors.graph.unmute(reader, bo)
    assert (await doors.graph.mutes(reader, PAGE)).items == ()


async def test_followers_are_paged_by_their_edges_in_both_directions(doors: Doors) -> None:
    (ada, _), *others = await people(doors, "Ada", *(f"P{number}" for number in range(5)))
    for _, reader in others:
        await doors.graph.follow(reader, ada, settings=USUAL)
    found = []
    page: Page | None = Page(limit=2)
    while page is not None:
        answer = await doors.graph.followers(None, ada, page)
        found.append(answer)
        page = Page(limit=2, max_id=answer.next_max_id) if answer.next_max_id else None
    assert [one.name for answer in found for one in answer.items] == ["P4", "P3", "P2", "P1", "P0"]
    assert await names(doors, None, ada, Page(limit=2, min_id=found[-1].prev_min_id)) == ["P2", "P1"]
    assert await names(doors, None, ada, Page(limit=2, since_id=found[-1].prev_min_id)) == ["P4", "P3"]
    assert await names(doors, None, ada, Page(limit=2, min_id=found[0].prev_min_id)) == []


async def test_followers_leave_out_the_disabled_the_deleted_and_whom_a_block_severs(doors: Doors) -> None:
    (ada, _), (bo, boss), (cy, cyan), (dee, deer), (_, eve) = await people(doors, "Ada", "Bo", "Cy", "Dee", "Eve")
    for reader in (boss, cyan, deer, eve):
        await doors.graph.follow(reader, ada, settings=USUAL)
    await doors.graph.block(eve, bo)
    assert await names(doors, None, ada) == ["Eve", "Dee", "Cy", "Bo"]
    assert await names(doors, boss, ada) == ["Dee", "Cy", "Bo"]
    assert await names(doors, eve, ada) == ["Eve", "Dee", "Cy"]
    await doors.accounts.disable(cy.id)
    await doors.accounts.delete(dee.id)
    assert await names(doors, None, ada) == ["Eve", "Bo"]


async def test_an_account_that_hides_its_lists_shows_them_to_itself_alone(doors: Doors) -> None:
    (ada, reader), (_, boss) = await people(doors, "Ada", "Bo")
    await doors.graph.follow(boss, ada, settings=USUAL)
    ada = await doors.accounts.change_profile(ada, ProfileChange(hide_collections=True))
    assert await names(doors, boss, ada) == []
    assert await names(doors, None, ada) == []
    assert await names(doors, reader, ada) == ["Bo"]


async def test_who_was_blocked_sees_neither_followers_nor_followed(doors: Doors) -> None:
    (ada, reader), (bo, boss), (cy, cyan) = await people(doors, "Ada", "Bo", "Cy")
    await doors.graph.follow(cyan, ada, settings=USUAL)
    await doors.graph.follow(reader, cy, settings=USUAL)
    await doors.graph.block(reader, bo)
    assert await names(doors, boss, ada) == []
    assert (await doors.graph.following(boss, ada, PAGE)).items == ()
    assert [one.name for one in (await doors.graph.following(cyan, ada, PAGE)).items] == ["Cy"]


async def test_blocks_and_requests_are_listed(doors: Doors) -> None:
    (ada, reader), (bo, boss), (cy, _) = await people(doors, "Ada", "Bo", "Cy")
    await doors.graph.block(reader, cy)
    assert [one.name for one in (await doors.graph.blocks(reader, PAGE)).items] == ["Cy"]
    ada = await doors.accounts.change_profile(ada, ProfileChange(locked=True))
    await doors.graph.follow(boss, ada, settings=USUAL)
    assert [one.id for one in (await doors.graph.requests(reader, PAGE)).items] == [bo.id]


async def test_familiar_followers_are_those_whom_one_follows_too(doors: Doors) -> None:
    (_, reader), (bo, boss), (cy, cyan), (dee, deer) = await people(doors, "Ada", "Bo", "Cy", "Dee")
    for follower, target in ((reader, bo), (reader, cy), (boss, dee), (cyan, dee), (deer, bo)):
        await doors.graph.follow(follower, target, settings=USUAL)
    found = await doors.graph.familiar_followers(reader, [dee.id, bo.id])
    assert {id_: [one.name for one in some] for id_, some in found.items()} == {dee.id: ["Cy", "Bo"], bo.id: []}
    await doors.accounts.change_profile(cy, ProfileChange(hide_collections=True))
    assert [one.name for one in (await doors.graph.familiar_followers(reader, [dee.id]))[dee.id]] == ["Bo"]


async def test_a_hashtag_is_followed_however_it_is_written(doors: Doors) -> None:
    ((_, reader),) = await people(doors, "Ada")
    for shown in ("#Birds", "birds", "Ｂirds", "Rain"):
        await doors.graph.follow_tag(reader, shown)
    assert reader.tags == {"birds": "Birds", "rain": "Rain"}
    page = await doors.graph.followed_tags(reader, Page(limit=1))
    assert page.items == (("rain", "Rain"),)
    older = await doors.graph.followed_tags(reader, Page(limit=1, max_id=page.next_max_id))
    assert older.items == (("birds", "Birds"),)
    for _ in range(2):
        await doors.graph.unfollow_tag(reader, "BIRDS")
    assert reader.tags == {"rain": "Rain"}
    for nothing in ("#", " ", "t" * 101):
        with pytest.raises(Invalid):
            await doors.graph.follow_tag(reader, nothing)


async def test_the_clean_up_after_a_deletion_finds_every_follow_and_request(doors: Doors) -> None:
    (ada, reader), (bo, boss), (cy, cyan) = await people(doors, "Ada", "Bo", "Cy")
    await doors.graph.follow(reader, bo, settings=USUAL)
    await doors.graph.follow(cyan, ada, settings=USUAL)
    ada = await doors.accounts.change_profile(ada, ProfileChange(locked=True))
    await doors.graph.follow(boss, ada, settings=USUAL)
    follows = doors.appending.look(lambda look: rows.follows_between(look, ada.id, limit=10))
    requests = doors.appending.look(lambda look: rows.requests_between(look, ada.id, limit=10))
    assert set(follows) == {(ada.id, bo.id), (cy.id, ada.id)}
    assert requests == [(bo.id, ada.id)]
    assert len(doors.appending.look(lambda look: rows.follows_between(look, ada.id, limit=1))) == 1
