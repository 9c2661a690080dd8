"""Finding people by the beginning of their words."""

import pytest

from tests.support.people import PUBLIC_URL
from tests.support.product import Product
from whimbrel.microblog.accounts.requests import ProfileChange
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.search.rules import query_words, words_of

pytestmark = pytest.mark.anyio


async def call(product: Product, reader: Reader, display_name: str) -> None:
    account = await product.accounts.get(reader.account_id)
    await product.accounts.change_profile(account, ProfileChange(display_name=display_name))


async def found(product: Product, text: str, viewer: Reader | None = None, **more: bool | int) -> list[str]:
    choice = {"limit": 10, **more}
    return [account.name for account in await product.search.accounts(viewer, text, **choice)]  # type: ignore[arg-type]


async def test_people_are_found_by_name_and_display_name_whatever_the_case_and_accents(product: Product) -> None:
    ada, *_ = await product.people("ada_love", "zed")
    await call(product, ada, "Zoë Lovelace-Byron")
    for text in ("ada", "ADA_LO", "@ada", "love", "zoe", "Zoë", "byron lov", "lovelace zo ada"):
        assert "ada_love" in await found(product, text), text
    for text in ("da", "ovelace", "zoe smith", "", "@", "%", "zoe_"):
        assert ("ada_love" in await found(product, text)) == (text == "zoe_"), text


async def test_the_exact_name_stands_first_then_the_followed_then_the_popular(product: Product) -> None:
    me, *fans = await product.people("me", "fan1", "fan2")
    _, popular, followed, _ = await product.people("kit_quiet", "kit_popular", "kit_followed", "kit")
    for fan in fans:
        await product.follow(fan, popular)
    await product.follow(me, followed)
    assert await found(product, "kit", me) == ["kit", "kit_followed", "kit_popular", "kit_quiet"]
    assert await found(product, "kit") == ["kit", "kit_popular", "kit_followed", "kit_quiet"]
    assert await found(product, "kit", me, following=True) == ["kit_followed"]
    assert await found(product, "kit", me, limit=2, offset=1) == ["kit_followed", "kit_popular"]


async def test_a_changed_display_name_is_found_and_the_old_one_is_not(product: Product) -> None:
    (ada,) = await product.people("ada")
    await call(product, ada, "Heron")
    await call(product, ada, "Egret")
    assert (await found(product, "heron"), await found(product, "egret"), await found(product, "ada")) == (
        [],
        ["ada"],
        ["ada"],
    )


async def test_who_is_across_a_block_is_found_by_the_exact_name_to_unblock_or_block_them_too(product: Product) -> None:
    me, blocked, blocker = await product.people("me", "bird3", "bird4")
    await product.block(me, blocked)
    await product.block(blocker, me)
    assert await found(product, "@Bird3", me) == ["bird3"]
    assert await found(product, "@Bird4", me) == ["bird4"]
    assert await found(product, "bird", me) == []


async def test_nobody_is_found_who_is_deleted_disabled_or_across_a_block(product: Product) -> None:
    me, gone, off, blocked, blocker = await product.people("me", "bird1", "bird2", "bird3", "bird4")
    await product.block(me, blocked)
    await product.block(blocker, me)
    assert await found(product, "bird", me) == ["bird1", "bird2"]
    await product.accounts.delete(gone.account_id)
    await product.accounts.disable(off.account_id)
    assert await found(product, "bird", me) == []
    assert await found(product, "bird") == ["bird3", "bird4"]
    assert product.stored("SELECT * FROM account_words WHERE account_id = :id", id=gone.account_id) == []


async def test_a_profile_is_found_by_its_address(product: Product) -> None:
    await product.people("ada")
    for url in ("/@ada", "/@ADA/", "/users/ada"):
        account = await product.search.account_by_url(PUBLIC_URL + url)
        assert account is not None
        assert account.name == "ada"
    for url in (PUBLIC_URL + "/@bo", PUBLIC_URL + "/@ada/1", "http://elsewhere.example/@ada", "http://[", "@ada"):
        assert await product.search.account_by_url(url) is None


def test_words_are_folded_runs_of_letters_and_digits() -> None:
    assert words_of("Ada_Love9", "Zoë  LOVE ﬁne") == ["ada", "love9", "zoe", "love", "fine"]
    assert words_of("___") == ["___"]
    assert query_words("a bcd ef ghij") == ["ghij", "bcd", "ef"]
