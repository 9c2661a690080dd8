"""Who waits to follow an account follows it once it is unlocked: found in the store, a bounded piece at a time."""

import pytest

from tests.support.people import Doors
from tests.support.product import Product
from whimbrel.kernel.events import Appended, Group, Refused
from whimbrel.kernel.limits import CASCADE_GROUPS_MAX
from whimbrel.microblog import cascades
from whimbrel.microblog.accounts.requests import ProfileChange
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.graph.values import FollowSettings

pytestmark = pytest.mark.anyio

QUIET = FollowSettings(reblogs=False, notify=True, languages=("de", "fr"))


async def locked(doors: Doors, name: str) -> tuple[Account, Reader]:
    account, reader = await doors.add_reader(name)
    return await doors.accounts.change_profile(account, ProfileChange(locked=True)), reader


async def asking(doors: Doors, asked: Account, name: str) -> Reader:
    _, reader = await doors.add_reader(name)
    await doors.graph.follow(reader, asked, settings=QUIET)
    return reader


def due(doors: Doors, account: Account) -> list[Group]:
    return doors.appending.look(lambda look: cascades.due(look, {"ProfileChanged": {account.id}}))


async def test_nobody_is_let_in_while_the_account_is_locked(doors: Doors) -> None:
    bo, _ = await locked(doors, "Bo")
    await asking(doors, bo, "Ada")
    await doors.accounts.change_profile(bo, ProfileChange(display_name="Bo B."))
    assert due(doors, bo) == []


async def test_all_who_wait_are_let_in_the_longest_waiting_first_with_their_settings(doors: Doors) -> None:
    bo, _ = await locked(doors, "Bo")
    waiting = [await asking(doors, bo, f"A{number}") for number in range(5)]
    await doors.accounts.change_profile(bo, ProfileChange(locked=False))
    before = len(doors.appending.events)
    doors.appending.append_batch(due(doors, bo))
    told = [(event.type, event.data.account_id) for event in doors.appending.events[before:]]
    assert told == [(kind, one.account_id) for one in waiting for kind in ("FollowRequestEnded", "Followed")]
    assert all((one.follows, one.requested) == ({bo.id: QUIET}, {}) for one in waiting)
    assert due(doors, bo) == []


async def test_a_thousand_who_wait_are_let_in_piece_by_piece(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cascades, "CASCADE_GROUPS_MAX", 3)
    assert CASCADE_GROUPS_MAX > 3
    bo, _ = await locked(doors, "Bo")
    for number in range(7):
        await asking(doors, bo, f"A{number}")
    await doors.accounts.change_profile(bo, ProfileChange(locked=False))
    sizes = []
    while groups := due(doors, bo):
        sizes.append(len(groups))
        doors.appending.append_batch(groups)
    assert sizes == [3, 3, 1]
    assert (await doors.accounts.get(bo.id)).followers == 7


async def test_who_withdrew_or_was_blocked_since_the_store_was_asked_is_not_let_in(doors: Doors) -> None:
    bo, boss = await locked(doors, "Bo")
    ada, cy, di = [await asking(doors, bo, name) for name in ("Ada", "Cy", "Di")]
    await doors.accounts.change_profile(bo, ProfileChange(locked=False))
    groups = due(doors, bo)
    await doors.graph.unfollow(ada, bo)
    await doors.graph.block(boss, await doors.accounts.get(cy.account_id))
    outcomes = doors.appending.append_batch(groups)
    assert [type(outcome) for outcome in outcomes] == [Refused, Refused, Appended]
    assert (ada.follows, cy.follows, di.follows) == ({}, {}, {bo.id: QUIET})


async def test_who_may_not_sign_in_waits_on(doors: Doors) -> None:
    bo, _ = await locked(doors, "Bo")
    ada = await asking(doors, bo, "Ada")
    await doors.accounts.disable(ada.account_id, reason="")
    await doors.accounts.change_profile(bo, ProfileChange(locked=False))
    assert due(doors, bo) == []


async def test_what_is_owed_is_found_again_after_a_crash(product: Product) -> None:
    doors = product.doors
    (bo, _), (cy, _) = await locked(doors, "Bo"), await locked(doors, "Cy")
    for asked in (bo, cy):
        await asking(doors, asked, f"For{asked.name}")
    await doors.accounts.change_profile(bo, ProfileChange(locked=False))
    assert product.look(cascades.unfinished)["ProfileChanged"] == {bo.id}
