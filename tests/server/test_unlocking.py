"""Unlocking an account on a real server lets in everybody who waits, whoever unlocked it, and through a crash."""

import json

from tests.support.serving import SETTLE_SECONDS, eventually, serving

WAITING = 30


def provide(server, *, locked):
    """Have `provision` say whether Bo is locked."""
    file = server.data.parent / "bo.json"
    account = {"name": "u_bo", "email": "u_bo@mail.test", "profile": {"locked": locked}}
    file.write_text(json.dumps({"accounts": [account]}))
    server.command("provision", str(file))


def ask_all(server, tokens):
    """Everybody asks to follow Bo; returns Bo's id."""
    client = server.client()
    id_ = client.get("/api/v1/accounts/lookup", {"acct": "u_bo"}).json["id"]
    client.close()
    for token in tokens:
        asking = server.client(token)
        assert asking.post(f"/api/v1/accounts/{id_}/follow").json["requested"] is True
        asking.close()
    return id_


def await_followers(server, token, id_, count):
    """Wait until so many follow Bo, and nobody asks any more."""
    client = server.client(token)

    def all_in():
        followed = client.get(f"/api/v1/accounts/{id_}").json["followers_count"]
        return followed == count and client.get("/api/v1/follow_requests").json == []

    eventually(all_in, seconds=SETTLE_SECONDS, what=f"{count} follow")
    client.close()


def test_an_app_that_unlocks_is_answered_and_all_are_let_in_also_when_the_server_is_killed(tmp_path):
    with serving(tmp_path / "data") as server:
        tokens = server.provide(["u_bo", *(f"u_{number}" for number in range(WAITING))], locked=["u_bo"])
        bo = tokens.pop("u_bo")
        id_ = ask_all(server, tokens.values())
        client = server.client(bo)
        changed = client.ask("PATCH", "/api/v1/accounts/update_credentials", body={"locked": False})
        assert (changed.status, changed.json["locked"]) == (200, False)
        server.kill()
        server.start()
        await_followers(server, bo, id_, WAITING)
        client.close()


def test_provisioning_that_unlocks_lets_in_all_who_wait_with_the_server_running_and_stopped(tmp_path):
    with serving(tmp_path / "data") as server:
        tokens = server.provide(["u_bo", "u_ada", "u_cy"], locked=["u_bo"])
        bo = tokens.pop("u_bo")
        id_ = ask_all(server, [tokens["u_ada"]])
        provide(server, locked=False)
        await_followers(server, bo, id_, 1)
        provide(server, locked=True)
        ask_all(server, [tokens["u_cy"]])
        assert server.stop() == 0
        provide(server, locked=False)
        server.start()
        await_followers(server, bo, id_, 2)
