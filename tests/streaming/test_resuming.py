"""Whoever comes back with the newest id that it has seen misses nothing and gets nothing twice, whatever was killed."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.streaming.beside import streaming_beside
from tests.support.serving import eventually


def written(reader):
    return [one.payload["id"] for one in reader.heard if one.event == "update"]


def test_what_was_missed_is_told_and_then_it_is_live(streaming, ada_bob_cleo):
    ada, bob, _ = ada_bob_cleo
    ada.follow(bob)
    reader = streaming.event_source("user", ada.token)
    first = bob.post("One")
    reader.await_heard("update")
    reader.close()
    missed = [bob.post(f"@{ada.name} {number}")["id"] for number in range(5)]
    again = streaming.event_source("user", ada.token, last_id=reader.last_id)
    live = bob.post("Live")["id"]
    again.await_heard("update", lambda payload: payload["id"] == live)
    assert written(again) == [*missed, live]
    assert [one.payload["status"]["id"] for one in again.heard if one.event == "notification"] == missed
    assert first["id"] not in written(again)
    again.close()


def test_between_the_two_messages_of_one_event_only_the_second_is_told_again(streaming, ada_bob_cleo):
    ada, bob, _ = ada_bob_cleo
    ada.follow(bob)
    reader = streaming.event_source("user", ada.token)
    bob.post(f"@{ada.name} look")
    update = reader.await_heard("update")
    notification = reader.await_heard("notification")
    reader.close()
    again = streaming.event_source("user", ada.token, last_id=update.id)
    again.await_heard("notification")
    assert [one.id for one in again.heard] == [notification.id]
    again.close()


def test_a_websocket_resumes_each_of_its_streams(streaming, ada_bob_cleo):
    ada, bob, cleo = ada_bob_cleo
    ada.follow(bob)
    socket = streaming.web_socket(ada.token)
    socket.subscribe("user")
    socket.subscribe("hashtag", tag="Ebb")
    since = socket.positions[-1]
    socket.close()
    followed, tagged = bob.post("Followed")["id"], cleo.post("The #ebb comes")["id"]
    again = streaming.web_socket(ada.token)
    again.subscribe("user", since=since)
    again.subscribe("hashtag", tag="Ebb", since=since)
    again.await_heard("update", times=2)
    heard = {(tuple(one.stream), one.payload["id"]) for one in again.heard}
    assert heard == {(("user",), followed), (("hashtag", "Ebb"), tagged)}
    again.close()


def test_who_has_missed_too_much_is_told_to_load_afresh_and_is_live(streaming, ada_bob_cleo):
    ada, bob, _ = ada_bob_cleo
    ada.follow(bob)
    reader = streaming.event_source("user", ada.token, last_id="9000000000000000000-0")
    assert reader.await_heard("reset").payload["reason"]
    post = bob.post("After that")["id"]
    reader.await_heard("update", lambda payload: payload["id"] == post)
    reader.close()


@pytest.mark.parametrize("given", ["x", "12-9", "-1", "1-2-3"])
def test_an_id_that_this_server_never_gave_is_refused(streaming, ada_bob_cleo, given):
    ada, *_ = ada_bob_cleo
    reader = streaming.event_source("user", ada.token, last_id=given)
    assert reader.status == 400
    reader.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_no_event_is_missed_or_doubled_whatever_is_killed_and_when(server, ada_bob_cleo, seed):
    ada, bob, cleo = ada_bob_cleo
    ada.follow(bob)
    ada.follow(cleo)
    chance = random.Random(seed)
    wanted, heard = [], []
    with streaming_beside(server, name=f"streaming-killed-{seed}") as streaming:
        reader = streaming.event_source("user", ada.token, since="now")
        wait_for_position(reader)
        for step in range(16):
            deed = chance.choice(["post"] * 6 + ["leave", "kill", "stop"])
            if deed == "post":
                wanted.append(chance.choice([bob, cleo]).post(f"@{ada.name} {step}")["id"])
                continue
            if deed == "leave":
                reader.close()
            else:
                streaming.kill() if deed == "kill" else streaming.stop()
                reader.ended.wait(10)
                reader.close()
                wanted.append(bob.post(f"@{ada.name} while nobody listens {step}")["id"])
                streaming.start()
            heard += [(one.event, one.id) for one in reader.heard]
            reader = streaming.event_source("user", ada.token, last_id=reader.last_id)
        wanted.append(bob.post(f"@{ada.name} the end")["id"])
        reader.await_heard("notification", lambda payload: payload["status"]["id"] == wanted[-1])
        reader.close()
    heard += [(one.event, one.id) for one in reader.heard]
    assert heard == [pair for id_ in wanted for pair in (("update", f"{id_}-0"), ("notification", f"{id_}-1"))], (
        f"seed {seed}"
    )


def wait_for_position(reader):
    """A stream that will be resumed says where it begins."""
    eventually(lambda: reader.last_id, seconds=10, what="the stream says where it begins")


def test_under_load_a_reader_that_comes_and_goes_hears_every_post_once_in_order(server, ada_bob_cleo):
    ada, bob, _ = ada_bob_cleo
    ada.follow(bob)
    wanted, heard = [], []
    with streaming_beside(server, name="streaming-loaded") as streaming, ThreadPoolExecutor(1) as writing:
        reader = streaming.event_source("user", ada.token, since="now")
        wait_for_position(reader)
        done = writing.submit(lambda: wanted.extend(bob.post(f"Wave {number}")["id"] for number in range(150)))
        while not done.done():
            seen = len(reader.heard)
            eventually(lambda r=reader, n=seen: len(r.heard) > n + 10 or done.done(), seconds=15, what="it hears")
            if len(heard) > 50 and streaming.starts == 1:
                streaming.kill()
                streaming.start()
            reader.close()
            heard += written(reader)
            reader = streaming.event_source("user", ada.token, last_id=reader.last_id)
        wanted.append(bob.post("The last wave")["id"])
        reader.await_heard("update", lambda payload: payload["id"] == wanted[-1])
        reader.close()
    assert [*heard, *written(reader)] == wanted
