"""Deleted means gone (rule 12): after the server has stopped, no byte of its data directory tells."""

import pytest

from tests.server.conftest import Person
from tests.support.serving import Server, serving

POST = ("zwielicht", "warnhinweis", "zwielichttag", "urfassung")
KEPT_BESIDE = "nachbarschaft"
PERSON = ("morgenstern", "lebenslauf", "feldname", "feldwert", "briefkasten", "tagebuch", "suchwort", "anmerkung")


@pytest.fixture
def own_server(tmp_path):
    with serving(tmp_path / "data") as running:
        yield running


@pytest.fixture
def folks(own_server):
    """An author who deletes a post, and somebody whose account is deleted."""
    names = ("e_author", "e_leaving", "e_reader")
    tokens = own_server.provide(names)
    people = [Person(name, own_server.client(tokens[name])) for name in names]
    yield people
    for person in people:
        person.client.close()


def test_a_deleted_post_leaves_no_word_in_the_data_directory(own_server: Server, folks):
    author, _, reader = folks
    reader.follows(author)
    id_ = author.post("urfassung #zwielichttag", spoiler_text="warnhinweis")
    author.client.ask("PUT", f"/api/v1/statuses/{id_}", body={"status": "zwielicht", "spoiler_text": "warnhinweis"})
    author.post(KEPT_BESIDE)
    reader.does(f"statuses/{id_}/reblog")
    assert "zwielicht" in str(reader.client.get("/api/v1/timelines/home").json)
    assert author.client.ask("DELETE", f"/api/v1/statuses/{id_}").status == 200
    assert stopped_and_searched(own_server, (*POST, KEPT_BESIDE)) == {KEPT_BESIDE}


def test_a_deleted_account_leaves_no_word_in_the_data_directory(own_server: Server, folks):
    author, leaving, reader = folks
    own_server.command("account", "create", "e_mailing", "--email", "briefkasten@mail.test", "--no-password")
    changed = leaving.client.ask(
        "PATCH",
        "/api/v1/accounts/update_credentials",
        body={
            "display_name": "morgenstern",
            "note": "lebenslauf",
            "fields_attributes": [{"name": "feldname", "value": "feldwert"}],
        },
    )
    assert changed.status == 200
    leaving.post("tagebuch #suchwort")
    leaving.post(f"tagebuch @{author.name}", visibility="direct")
    leaving.does(f"accounts/{author.id}/note", comment="anmerkung")
    reader.follows(leaving)
    author.post(KEPT_BESIDE)
    assert "morgenstern" in str(reader.client.get("/api/v1/timelines/home").json)
    for name in (leaving.name, "e_mailing"):
        own_server.command("account", "delete", name, "--yes")
    assert reader.client.get(f"/api/v1/accounts/{leaving.id}").status in (404, 410)
    assert stopped_and_searched(own_server, (*PERSON, KEPT_BESIDE)) == {KEPT_BESIDE}


def stopped_and_searched(server: Server, words: tuple[str, ...]) -> set[str]:
    """Which of the words stand anywhere below the data directory once the server has stopped."""
    server.settle()
    assert server.stop() == 0
    files = [path for path in server.data.rglob("*") if path.is_file()]
    assert any(path.name == "journal.sqlite" for path in files)
    return {word for word in words for path in files if word.encode() in path.read_bytes()}
