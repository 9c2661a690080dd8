"""A follower that does not take its pushes holds nobody up, and is told where to go on."""

import socket
from pathlib import Path

import pytest

from tests.engines.link.running import SECONDS, core_running, linked, said
from whimbrel.engines.journal.wire import TO_CLIENT, Committed, Follow, Following, FrameReader, frame
from whimbrel.engines.sockets import address_of
from whimbrel.kernel.limits import FOLLOWER_BUFFER_BYTES_MAX

pytestmark = pytest.mark.anyio

TEXT = "x" * 100_000
COUNT = 2 * FOLLOWER_BUFFER_BYTES_MAX // len(TEXT)


def following(data: Path) -> socket.socket:
    """A follower that has asked to follow and reads nothing yet."""
    follower = socket.socket(socket.AF_UNIX)
    follower.settimeout(SECONDS)
    follower.connect(address_of(data / "run" / "core.sock"))
    follower.sendall(frame(Follow(0, b"")))
    return follower


async def test_pushes_that_a_slow_follower_cannot_take_become_one_notice_of_the_head(tmp_path):
    with core_running(tmp_path), following(tmp_path) as slow:
        async with linked(tmp_path) as link:
            for _ in range(COUNT):
                await link.append(said(TEXT))
            head = link.head.head
        reader = FrameReader(TO_CLIENT)
        received = []
        while not (received and isinstance(received[-1], Following) and received[-1].head == head):
            received += [one for one in reader.feed(slow.recv(1_000_000)) if isinstance(one, Committed | Following)]
    pushed = [record.sequence for one in received if isinstance(one, Committed) for record in one.records]
    assert pushed == list(range(2, 2 + len(pushed)))
    assert len(pushed) < COUNT
    assert [one for one in received if isinstance(one, Following)] == [Following(1, True), Following(head, True)]


async def test_a_follower_that_never_reads_costs_a_bounded_buffer(tmp_path):
    with core_running(tmp_path) as core, following(tmp_path):
        async with linked(tmp_path) as link:
            for _ in range(COUNT):
                await link.append(said(TEXT))
            buffered = core.server.buffered_bytes
    assert buffered < FOLLOWER_BUFFER_BYTES_MAX + 4 * len(TEXT)
