"""serve: one line when everything answers, one server a directory, a clean end."""

import json
import signal
import socket
import subprocess

import pytest

from tests.cli.command import serving
from tests.cli.test_surface import whimbrel


def last_words(tmp_path):
    """The last two lines that the supervisor logged, without time and name."""
    lines = [json.loads(line) for line in (tmp_path / "server.log").read_text("utf-8").splitlines()]
    said = [line for line in lines if line["process"] == "supervisor"][-2:]
    return [(line["level"], line["event"], line.get("signal"), line.get("code")) for line in said]


def test_serve_says_where_it_answers_and_ends_with_0(tmp_path):
    with serving(tmp_path / "data") as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.get("/api/v2/instance")[0] == 200
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert last_words(tmp_path) == [("info", "stopping", "SIGTERM", None), ("info", "stopped", None, 0)]


def test_a_second_server_on_the_same_data_is_refused(tmp_path):
    with serving(tmp_path / "data") as server:
        ended = whimbrel("serve", "--data", str(tmp_path / "data"), "--port", "0")
        assert (ended.returncode, ended.stdout) == (75, "")
        assert "already running" in ended.stderr
        assert server.get("/api/v2/instance")[0] == 200


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = whimbrel("serve", "--data", str(tmp_path / "data"), "--port", port)
    assert (ended.returncode, ended.stdout) == (71, "")
    assert port in ended.stderr


def test_options_reach_the_server_from_the_file(tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    file = tmp_path / "data" / "whimbrel.toml"
    file.write_text('title = "Birds"\ndescription = "A place for birds"\ncontact_email = "ada@example.org"\n', "utf-8")
    flags = ("--api-processes", "2", "--post-characters-max", "1234", "--public-url", "https://birds.example.org")
    with serving(tmp_path / "data", *flags) as server:
        _, instance = server.get("/api/v2/instance")
    assert (instance["title"], instance["description"]) == ("Birds", "A place for birds")
    assert instance["contact"]["email"] == "ada@example.org"
    assert instance["domain"] == "birds.example.org"
    assert instance["configuration"]["statuses"]["max_characters"] == 1234


def test_serve_speaks_https_with_a_certificate(tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    make += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*make, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    with serving(tmp_path / "data", "--tls-cert", str(cert), "--tls-key", str(key)) as server:
        assert server.url.startswith("https://127.0.0.1:")
        said = subprocess.run(
            ["curl", "--silent", "--cacert", str(cert), f"{server.url}/livez"], capture_output=True, check=False
        )
        assert said.returncode == 0


def test_an_interrupt_from_the_keyboard_ends_it_too(tmp_path):
    with serving(tmp_path / "data") as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(15) == 0
    assert last_words(tmp_path) == [("info", "stopping", "SIGINT", None), ("info", "stopped", None, 0)]


@pytest.mark.parametrize("name", ["run/head", "run/core.sock", "journal.sqlite", "journal.sqlite-wal"])
def test_a_directory_where_a_file_of_the_server_lies_ends_the_start_with_4_and_one_line(tmp_path, name):
    """Accident: the core was started again and again, without end."""
    (tmp_path / "data" / name).mkdir(parents=True)
    ended = whimbrel("serve", "--data", str(tmp_path / "data"), "--port", "0")
    said = f'whimbrel: data: "{tmp_path / "data" / name}" is a directory; expected a file of the server\n'
    assert (ended.returncode, ended.stdout, ended.stderr) == (4, "", said)


@pytest.mark.parametrize("name", ["run", "snapshots"])
def test_a_file_where_the_server_has_a_directory_ends_the_start_with_4_and_one_line(tmp_path, name):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).touch()
    ended = whimbrel("serve", "--data", str(tmp_path / "data"), "--port", "0")
    said = f'whimbrel: data: "{tmp_path / "data" / name}" is no directory; expected one of the server\n'
    assert (ended.returncode, ended.stdout, ended.stderr) == (4, "", said)
