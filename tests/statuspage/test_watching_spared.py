"""The canaries are spared by rate limits, which nobody else is; without that they would measure the limits."""

import json

from tests.support.serving import serving
from whimbrel.api.spared import Spared
from whimbrel.kernel.limits import SPARED_LOOK_MS
from whimbrel.secrets_file import CANARIES, DIRECTORY

DELETIONS_MAX = 30


def keep(folder, poster, reader):
    """The file with the pair's names."""
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / CANARIES).write_text(json.dumps({"poster": {"name": poster}, "reader": {"name": reader}}))


def deletions(client):
    """The statuses of one deletion more than people may do."""
    codes = []
    for number in range(DELETIONS_MAX + 1):
        post = client.post("/api/v1/statuses", {"status": f"Egg {number}", "visibility": "private"}).json
        codes.append(client.ask("DELETE", f"/api/v1/statuses/{post['id']}").status)
    return codes


def test_the_canaries_may_delete_all_day_and_people_with_such_names_may_not(tmp_path):
    with serving(tmp_path / "data", options={"WHIMBREL_RATE_LIMITS": "on"}) as server:
        tokens = server.provide(["status_one", "status_other"])
        keep(server.data / DIRECTORY, "status_one", "status_two")
        canary, person = server.client(tokens["status_one"]), server.client(tokens["status_other"])
        assert deletions(canary) == [200] * (DELETIONS_MAX + 1)
        assert deletions(person) == [200] * DELETIONS_MAX + [429]
        canary.close()
        person.close()


def test_the_file_is_looked_for_now_and_then_until_it_is_there(tmp_path):
    now_ms = [0]
    spared = Spared(tmp_path / CANARIES, clock=lambda: now_ms[0])
    assert not spared("status_one")
    keep(tmp_path, "status_one", "status_two")
    assert not spared("status_one")
    now_ms[0] = SPARED_LOOK_MS
    assert spared("status_one")
    assert spared("status_two")
    assert not spared("status_three")
    assert not spared("ann")


def test_a_file_that_is_none_spares_nobody(tmp_path):
    for text in ("", "[]", '{"poster": 3}', "\xff", '{"poster": {"name": "status_one"}}'):
        (tmp_path / CANARIES).write_text(text)
        assert not Spared(tmp_path / CANARIES, clock=lambda: 0)("status_one")
