"""Backups in an S3 bucket, over the protocol: moto's server, a process of its own on this machine."""

import http.client
import re
import socket
import subprocess
import sys

import pytest

from tests.backup.looking import backed_up, is_same_journal, is_same_store, restored, silent
from whimbrel.engines.backup.place import PlaceUnavailable, open_place
from whimbrel.kernel.errors import Corrupt, Invalid, NotFound
from whimbrel.restoring import backups_at, rehearse

BUCKET = "birds"
SERVER = "from moto.server import main; main(['-H', '127.0.0.1', '-p', '0'])"
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def endpoint():
    """An S3 service with one bucket; ended by its own id."""
    command = [sys.executable, "-W", "ignore", "-c", SERVER]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", said)):
            line = process.stderr.readline()
            assert line, said
            said += line
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=30)
        connection.request("PUT", f"/{BUCKET}")
        assert connection.getresponse().status == 200
        connection.close()
        yield found[0]
        process.terminate()
        process.stderr.read()


@pytest.fixture(autouse=True)
def signed(monkeypatch):
    """The usual variables of the environment."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def test_a_bucket_is_as_good_as_a_directory(town, endpoint, tmp_path):
    place = open_place(f"s3://{BUCKET}/one", endpoint=endpoint)
    first = backed_up(town.data, place)
    town.live(30)
    second = backed_up(town.data, place)
    assert (first.image != "", second.image, second.objects_sent) == (True, "", 1)
    restored(place, tmp_path / "new")
    assert is_same_journal(town.data, tmp_path / "new")
    assert is_same_store(town.data, tmp_path / "new")
    assert rehearse(place, None, silent).findings == ()


def test_the_endpoint_may_come_from_the_environment(town, endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    place = open_place(f"s3://{BUCKET}/two")
    backed_up(town.data, place)
    assert len(backups_at(place)[0]) == 1
    assert backups_at(open_place(f"s3://{BUCKET}/elsewhere"))[0] == []


def test_backups_expire_in_a_bucket_too(town, endpoint):
    place = open_place(f"s3://{BUCKET}/three", endpoint=endpoint)
    for _ in range(3):
        backed_up(town.data, place)
    assert backed_up(town.data, place, keep=2).expired == 2
    assert len(backups_at(place)[0]) == 2


def test_an_object_that_is_missing_from_a_bucket_is_named(town, endpoint):
    place = open_place(f"s3://{BUCKET}/four", endpoint=endpoint)
    backed_up(town.data, place)
    name = place.list("objects")[0].name
    place.delete([name])
    with pytest.raises(NotFound):
        place.get(name)
    with pytest.raises(Corrupt, match=name):
        rehearse(place, None, silent)


def test_a_bucket_that_is_not_there_is_said_so(town, endpoint):
    with pytest.raises(PlaceUnavailable, match=r"s3://nobody/one: .*: 404 Not Found: NoSuchBucket: The"):
        backed_up(town.data, open_place("s3://nobody/one", endpoint=endpoint))


def test_who_does_not_answer_is_told_in_few_words(town):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with pytest.raises(PlaceUnavailable, match=r"^s3://birds/one: backups: Connection refused$"):
        backed_up(town.data, open_place(f"s3://{BUCKET}/one", endpoint=address))


@pytest.mark.parametrize(
    ("place", "endpoint", "named"),
    [
        ("s3://bi rds/one", "http://127.0.0.1:1", "bucket"),
        ("s3://birds/../one", "http://127.0.0.1:1", "slashes"),
        ("s3://birds/one//two", "http://127.0.0.1:1", "slashes"),
        ("s3://birds/one", "127.0.0.1:9000", "endpoint"),
        ("s3://birds/one", "http://", "endpoint"),
        ("s3://birds/one", "http://127.0.0.1:99999", "endpoint"),
        ("s3://birds/one", "http://127.0.0.1:1/ x", "endpoint"),
        ("", None, "place"),
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_asked(place, endpoint, named):
    """Accident: the S3 client ended with a panic and two pages of its own stack."""
    with pytest.raises(Invalid, match=named):
        open_place(place, endpoint=endpoint)


def test_a_key_with_a_lines_end_is_refused_by_its_name(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key\n")
    with pytest.raises(Invalid, match="AWS_ACCESS_KEY_ID in the environment"):
        open_place("s3://birds/one")
