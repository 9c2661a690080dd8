"""Receivers that fail, are slow or gone, and programs that end in the middle: nothing is lost, and nothing repeated."""

import asyncio

import apsw
import pytest

from tests.statuspage.page_in_test import HOUR, MINUTE, Receiver, opened_page
from tests.statuspage.receiving import agrees, say, state_of, subscribe, told
from whimbrel.kernel.limits import TELLING_DISABLED_AFTER_SECONDS
from whimbrel.statuspage.telling import rows


@pytest.fixture
def page(tmp_path):
    with opened_page(tmp_path, webhooks_reach="public_or_loopback") as page:
        yield page


def test_a_receiver_that_fails_is_tried_again_later_and_later_and_keeps_its_order(page):
    broken = True
    receiver = Receiver(
        page, lambda request: (503, "") if broken and b"challenge" not in request["body"] else agrees(request)
    )
    subscribe(page, receiver.url)
    page.settle()
    incident = say(page, "First.")
    say(page, "Second.", incident=incident)
    waits = []
    page.turn()
    for _ in range(4):
        tries, before = len(receiver.requests), page.now_ms
        while len(receiver.requests) == tries:
            page.later(1_000)
            page.settle()
        waits.append((page.now_ms - before) // 1_000)
    assert waits == [10, 20, 40, 80]
    assert {one["incident"]["incident_updates"][0]["body"] for one in told(receiver)} == {"First."}
    broken = False
    page.later(HOUR)
    page.settle()
    assert [one["incident"]["incident_updates"][0]["body"] for one in told(receiver)][-2:] == ["First.", "Second."]
    assert page.run(page.telling.waiting()) == 0
    receiver.close()


@pytest.mark.parametrize("status", [301, 404, 500])
def test_anything_but_2xx_is_a_failure(page, status):
    receiver = Receiver(page, lambda request: (status, "") if b"challenge" not in request["body"] else agrees(request))
    subscribe(page, receiver.url)
    page.settle()
    say(page, "First.")
    page.turn()
    assert page.run(page.telling.waiting()) == 1
    receiver.close()


def test_who_says_gone_or_fails_for_days_is_told_nothing_more(page):
    gone = Receiver(page, lambda request: (410, "") if b"challenge" not in request["body"] else agrees(request))
    broken = Receiver(page, lambda request: (500, "") if b"challenge" not in request["body"] else agrees(request))
    for receiver in (gone, broken):
        subscribe(page, receiver.url)
    page.settle()
    say(page, "First.")
    page.turn()
    assert (state_of(page, gone.url), state_of(page, broken.url)) == ("disabled", "active")
    for _ in range(TELLING_DISABLED_AFTER_SECONDS // (4 * 3_600) + 30):
        page.later(4 * HOUR)
        say(page, "Still.")
        page.turn()
    assert state_of(page, broken.url) == "disabled"
    assert page.run(page.telling.waiting()) == 0
    for receiver in (gone, broken):
        receiver.close()


def test_an_answer_without_end_is_an_answer_all_the_same(page):
    async def endless(_reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    receiver = Receiver(page, lambda request: endless if b"challenge" not in request["body"] else agrees(request))
    subscribe(page, receiver.url)
    page.settle()
    say(page, "First.")
    page.turn()
    assert page.run(page.telling.waiting()) == 0
    receiver.close()


def test_one_that_never_answers_keeps_nobody_else_waiting(page):
    receiver, stuck = Receiver(page, agrees), asyncio.Event()

    async def silent(_reader, _writer):
        await stuck.wait()

    mute = Receiver(page, lambda request: silent if b"challenge" not in request["body"] else agrees(request))
    for one in (mute, receiver):
        subscribe(page, one.url)
    page.settle()
    say(page, "First.")

    async def until_heard():
        await page.program.turn()
        while not told(receiver):
            tasks = await page.telling.deliver()
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        under_way = await page.telling.deliver()
        stuck.set()
        return len(under_way)

    assert page.run(until_heard()) == 1, "the other is still being waited for"
    page.settle()
    for one in (mute, receiver):
        one.close()


def test_a_restart_in_the_middle_of_deliveries_loses_nothing_and_repeats_nothing_that_was_acknowledged(tmp_path):
    taken = []
    with opened_page(tmp_path, webhooks_reach="public_or_loopback") as page:
        receivers = [Receiver(page, agrees) for _ in range(3)]
        for receiver in receivers:
            subscribe(page, receiver.url)
        page.settle()
        incident = say(page, "First.")
        say(page, "Second.", incident=incident)

        async def half():
            await page.program.turn()
            await asyncio.gather(*await page.telling.deliver())

        page.run(half())
        taken += [
            (one.url, document["incident"]["incident_updates"][0]["body"])
            for one in receivers
            for document in told(one)
        ]
        assert [body for _, body in taken] == ["First."] * 3
        urls = [one.url for one in receivers]
        for receiver in receivers:
            receiver.close()
    with opened_page(tmp_path, webhooks_reach="public_or_loopback") as page:
        with page.book.look() as look:
            owed = [(row[0], row[1]) for row in look.all("SELECT subscription, subject FROM outbox")]
        assert len(owed) == len(set(owed)) == 3
        page.later(MINUTE)
        page.turn()
        with page.book.look() as look:
            failed = {rows.get(look, one.subscription).address for one in rows.due(look, page.now_ms + HOUR, 10)}
        assert failed == set(urls), "the receivers are gone, and what they are owed is not"


def test_what_was_acknowledged_while_the_disk_refuses_is_not_sent_again(page):
    other = apsw.Connection(str(page.settings.data / "status.sqlite"))

    def answer(request):
        if b"challenge" in request["body"]:
            return agrees(request)
        other.execute("BEGIN IMMEDIATE")  # from here on the book cannot be written
        return 200, ""

    receiver = Receiver(page, answer)
    subscribe(page, receiver.url)
    page.settle()
    say(page, "First.")

    async def delivered():
        await page.program.turn()
        tasks = await page.telling.deliver()
        while not page.book.failing:  # noqa: ASYNC110 - the book tells nobody that it fails
            await asyncio.sleep(0)
        assert await page.telling.deliver() == tasks, "it is still being written down"
        other.execute("ROLLBACK")
        await asyncio.gather(*tasks)

    page.run(delivered())
    page.settle()
    assert len(told(receiver)) == 1
    assert page.run(page.telling.waiting()) == 0
    other.close()
    receiver.close()


class _Surprising:
    """A channel that nobody has foreseen."""

    async def send(self, message):
        raise ZeroDivisionError(message.subject)


def test_a_delivery_that_nobody_foresaw_to_fail_is_tried_again_like_any_other(page, caplog):
    """Accident: it was tried again at once, and at once, and its error was told to nobody."""
    receiver = Receiver(page, agrees)
    subscribe(page, receiver.url)
    page.settle()
    say(page, "First.")
    channel, page.telling.channels = page.telling.channels, {"webhook": _Surprising()}
    page.turn()
    assert "a delivery was surprised" in caplog.text
    assert page.run(page.telling.waiting()) == 1
    page.telling.channels = channel
    page.later(MINUTE)
    page.settle()
    assert [one["incident"]["incident_updates"][0]["body"] for one in told(receiver)] == ["First."]
    receiver.close()
