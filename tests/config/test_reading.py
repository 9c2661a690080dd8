"""The configuration is read once, from four places in one order, and nothing wrong slips through."""

import json
from pathlib import Path

import pytest

from whimbrel.config import FILE_NAME, HANDED_DOWN, decode, encode, read
from whimbrel.kernel.errors import Misconfigured
from whimbrel.option_table import OPTIONS

OTHERS = {
    "host": ("::1", "::1"),
    "port": ("0", 0),
    "streaming_port": ("4000", 4000),
    "status": ("off", False),
    "status_port": ("0", 0),
    "status_url": ("https://Status.Example.org/", "https://status.example.org"),
    "status_every_seconds": ("2", 2),
    "status_calm_seconds": ("3600", 3_600),
    "api_processes": ("3", 3),
    "public_url": ("HTTPS://Birds.Example.org/", "https://birds.example.org"),
    "streaming_url": ("WSS://Streams.Example.org/", "wss://streams.example.org"),
    "trusted_proxies": ("10.0.0.0/8, ::1", ("10.0.0.0/8", "::1/128")),
    "rate_limits": ("off", False),
    "registrations": ("open", "open"),
    "confirm_email": ("false", False),
    "password_grant": ("on", True),
    "title": ("Birds", "Birds"),
    "description": ("A place for birds", "A place for birds"),
    "contact_email": ("ada@example.org", "ada@example.org"),
    "post_characters_max": ("1000", 1000),
    "snapshot_minutes": ("0", 0),
    "journal_days": ("30", 30),
    "log_level": ("debug", "debug"),
}
"""For each option a value that is not its default, as text and as read. The TLS files are tested by themselves."""

MALFORMED = {
    "host": ("birds.example.org", "300.1.1.1", ""),
    "port": ("80a", "-1", "65536", "8_000", "", "٨"),
    "streaming_port": ("-1", "65536", "any"),
    "status": ("perhaps",),
    "status_port": ("-1", "65536", "next"),
    "status_url": ("status.example.org", "http://status.example.org", "https://status.example.org/path"),
    "status_every_seconds": ("1", "31", "often"),
    "status_calm_seconds": ("9", "3601", "a while"),
    "api_processes": ("0", "65", "two"),
    "public_url": (
        "birds.example.org",
        "http://birds.example.org",
        "https://",
        "https://birds.example.org/path",
        "https://ada@birds.example.org",
        "https://birds.example.org:0",
        "ftp://birds.example.org",
    ),
    "streaming_url": ("https://birds.example.org", "ws://birds.example.org", "wss://birds.example.org/path", "wss://"),
    "tls_cert": ("/nowhere/at/all.pem", ""),
    "tls_key": ("/nowhere/at/all.pem",),
    "trusted_proxies": ("10.0.0.1/8", "everybody", "10.0.0.0/33"),
    "rate_limits": ("maybe", "1", ""),
    "registrations": ("sometimes", ""),
    "confirm_email": ("yes",),
    "password_grant": ("2",),
    "title": ("x" * 101, "a\0b"),
    "description": ("x" * 1_001,),
    "contact_email": ("ada", "@example.org", "a b@example.org"),
    "post_characters_max": ("0", "10001"),
    "snapshot_minutes": ("-1", "10081", "hourly"),
    "journal_days": ("-1", "3651", "a week"),
    "log_level": ("loud",),
}


def test_every_option_has_a_case_here():
    names = {option.name for option in OPTIONS}
    assert set(OTHERS) == names - {"tls_cert", "tls_key"}
    assert set(MALFORMED) == names


def test_without_anything_given_every_option_has_its_default(tmp_path):
    configuration = read({}, {}, directory=tmp_path)
    assert {option.name: getattr(configuration.config, option.name) for option in OPTIONS} == {
        option.name: option.default for option in OPTIONS
    }
    assert set(configuration.sources.values()) == {"default"}
    assert configuration.config.data == tmp_path / "data"


@pytest.mark.parametrize(("name", "case"), OTHERS.items())
def test_an_option_is_read_from_a_flag_a_variable_and_the_file_alike(tmp_path, name, case):
    raw, value = case
    variable = "WHIMBREL_" + name.upper()
    (tmp_path / FILE_NAME).write_text(f'{name} = "{raw}"\n', "utf-8")
    data = {"data": str(tmp_path)}
    from_flag = read({name: raw}, {}, directory=tmp_path)
    from_variable = read({}, {variable: raw}, directory=tmp_path)
    from_file = read(data, {}, directory=tmp_path)
    for configuration in (from_flag, from_variable, from_file):
        assert getattr(configuration.config, name) == value
    assert from_flag.sources[name] == f"the flag --{name.replace('_', '-')}"
    assert variable in from_variable.sources[name]
    assert from_file.sources[name] == str(tmp_path / FILE_NAME)


def test_the_file_speaks_toml(tmp_path):
    (tmp_path / FILE_NAME).write_text('port = 8123\nrate_limits = false\ntrusted_proxies = ["10.0.0.0/8"]\n', "utf-8")
    config = read({"data": str(tmp_path)}, {}).config
    assert (config.port, config.rate_limits, config.trusted_proxies) == (8123, False, ("10.0.0.0/8",))


def test_a_flag_wins_over_the_environment_and_the_environment_over_the_file(tmp_path):
    (tmp_path / FILE_NAME).write_text('port = 1\ntitle = "file"\nlog_level = "error"\n', "utf-8")
    flags = {"data": str(tmp_path), "port": "3"}
    config = read(flags, {"WHIMBREL_PORT": "2", "WHIMBREL_TITLE": "environment"}).config
    assert (config.port, config.title, config.log_level) == (3, "environment", "error")


def test_the_data_directory_comes_from_its_flag_before_its_variable(tmp_path):
    environ = {"WHIMBREL_DATA": "elsewhere"}
    assert read({}, environ, directory=tmp_path).config.data == tmp_path / "elsewhere"
    assert read({"data": "here"}, environ, directory=tmp_path).config.data == tmp_path / "here"


@pytest.mark.parametrize(("name", "raw"), [(name, raw) for name, raws in MALFORMED.items() for raw in raws])
def test_a_malformed_value_stops_with_name_value_source_and_expectation(tmp_path, name, raw):
    option = next(option for option in OPTIONS if option.name == name)
    with pytest.raises(Misconfigured) as caught:
        read({}, {option.variable: raw}, directory=tmp_path)
    assert caught.value.public.startswith(f"{name}: ")
    assert option.variable in caught.value.public
    assert caught.value.public.endswith(f"expected {option.kind.expected}")


@pytest.mark.parametrize("line", ["port = 1.5", "port = true", "trusted_proxies = [1]", "title = 3", "host = []"])
def test_a_value_of_the_wrong_toml_type_is_refused(tmp_path, line):
    (tmp_path / FILE_NAME).write_text(line, "utf-8")
    with pytest.raises(Misconfigured, match=line.split()[0]):
        read({"data": str(tmp_path)}, {})


def test_an_unknown_variable_is_refused_with_the_nearest_name(tmp_path):
    with pytest.raises(Misconfigured, match=r'WHIMBREL_PROT: "1" in the environment: .*"WHIMBREL_PORT"'):
        read({}, {"WHIMBREL_PROT": "1"}, directory=tmp_path)


def test_an_unknown_name_in_the_file_is_refused_with_the_nearest_name(tmp_path):
    (tmp_path / FILE_NAME).write_text("raet_limits = true", "utf-8")
    with pytest.raises(Misconfigured, match=r'raet_limits: true in .*whimbrel\.toml: .*"rate_limits"'):
        read({"data": str(tmp_path)}, {})


def test_where_to_look_is_no_option_of_the_file(tmp_path):
    (tmp_path / FILE_NAME).write_text('data = "elsewhere"', "utf-8")
    with pytest.raises(Misconfigured, match="data: "):
        read({"data": str(tmp_path)}, {})


def test_variables_of_others_are_none_of_our_business(tmp_path):
    read({}, {"PATH": "x", "WHIMBRELS": "y", HANDED_DOWN: "{}"}, directory=tmp_path)


def test_a_file_that_was_named_must_be_there(tmp_path):
    with pytest.raises(Misconfigured, match=r"other\.toml.*no such file"):
        read({"config": str(tmp_path / "other.toml")}, {})


def test_a_file_that_was_named_is_read_instead(tmp_path):
    (tmp_path / FILE_NAME).write_text("port = 1", "utf-8")
    (tmp_path / "other.toml").write_text("port = 2", "utf-8")
    flags = {"data": str(tmp_path), "config": str(tmp_path / "other.toml")}
    assert read(flags, {}).config.port == 2


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe", b"port = 1\nport = 2"])
def test_a_file_that_is_no_toml_is_refused_by_name(tmp_path, content):
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(Misconfigured, match=r"whimbrel\.toml"):
        read({"data": str(tmp_path)}, {})


def test_a_path_is_meant_from_where_it_is_written(tmp_path):
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        for name in ("cert.pem", "key.pem"):
            (tmp_path / folder / name).write_text("pem", "utf-8")
    (tmp_path / "there" / FILE_NAME).write_text('tls_cert = "cert.pem"\ntls_key = "key.pem"', "utf-8")
    config = read({"data": str(tmp_path / "there"), "tls_key": "key.pem"}, {}, directory=tmp_path / "here").config
    assert config.tls_cert == tmp_path / "there" / "cert.pem"
    assert config.tls_key == tmp_path / "here" / "key.pem"


@pytest.mark.parametrize("name", ["tls_cert", "tls_key"])
def test_a_certificate_without_its_key_is_refused(tmp_path, name):
    (tmp_path / "one.pem").write_text("pem", "utf-8")
    with pytest.raises(Misconfigured, match=f"{name}: .*beside it"):
        read({name: str(tmp_path / "one.pem")}, {}, directory=tmp_path)


@pytest.mark.parametrize(
    ("flags", "url"),
    [
        ({}, "http://127.0.0.1:4000"),
        ({"host": "0.0.0.0"}, "http://127.0.0.1:4000"),
        ({"host": "::"}, "http://[::1]:4000"),
        ({"host": "localhost"}, "http://localhost:4000"),
        ({"public_url": "https://birds.example.org"}, "https://birds.example.org"),
        ({"public_url": "http://localhost:3000"}, "http://localhost:3000"),
        ({"public_url": "http://birds.localhost"}, "http://birds.localhost"),
        ({"public_url": "http://[::1]:9"}, "http://[::1]:9"),
    ],
)
def test_the_public_address_is_the_given_one_or_made_of_host_and_port(tmp_path, flags, url):
    assert read(flags, {}, directory=tmp_path).config.public_url_at(4000) == url


def test_the_public_address_is_https_with_a_certificate(tmp_path):
    (tmp_path / "one.pem").write_text("pem", "utf-8")
    config = read({"tls_cert": "one.pem", "tls_key": "one.pem"}, {}, directory=tmp_path).config
    assert config.public_url_at(4000) == "https://127.0.0.1:4000"


@pytest.mark.parametrize(
    ("flags", "url"),
    [
        ({}, "http://127.0.0.1:8001"),
        ({"status": "off"}, None),
        ({"public_url": "https://birds.example.org"}, None),
        ({"public_url": "https://birds.example.org", "status_url": "https://s.example.org"}, "https://s.example.org"),
        ({"host": "::1"}, "http://[::1]:8001"),
    ],
)
def test_people_are_told_of_a_status_page_that_can_be_reached(tmp_path, flags, url):
    config = read({"status_port": "8001", **flags}, {}, directory=tmp_path).config
    assert config.status_url_told() == url


@pytest.mark.parametrize(
    ("flags", "url"),
    [
        ({}, "ws://127.0.0.1:5000"),
        ({"host": "localhost"}, "ws://localhost:5000"),
        ({"host": "::1"}, "ws://[::1]:5000"),
        ({"host": "0.0.0.0"}, "ws://127.0.0.1:4000"),
        ({"host": "192.0.2.7"}, "ws://192.0.2.7:4000"),
        ({"public_url": "https://birds.example.org"}, "wss://birds.example.org"),
        ({"public_url": "http://localhost:3000"}, "ws://localhost:3000"),
        ({"tls_cert": "one.pem", "tls_key": "one.pem"}, "wss://127.0.0.1:5000"),
        ({"streaming_port": "0"}, "ws://127.0.0.1:4000"),
        ({"streaming_url": "wss://streams.example.org"}, "wss://streams.example.org"),
        (
            {"streaming_url": "ws://localhost:6000", "public_url": "https://birds.example.org"},
            "ws://localhost:6000",
        ),
    ],
)
def test_apps_are_told_the_streaming_port_only_where_nothing_stands_before_it(tmp_path, flags, url):
    (tmp_path / "one.pem").write_text("pem", "utf-8")
    config = read({"streaming_port": "5000", **flags}, {}, directory=tmp_path).config
    assert config.streaming_url_at(4000) == url


def test_what_is_handed_down_is_what_was_read(tmp_path):
    (tmp_path / "one.pem").write_text("pem", "utf-8")
    flags = {name: raw for name, (raw, _) in OTHERS.items()} | {"tls_cert": "one.pem", "tls_key": "one.pem"}
    for config in (read({}, {}, directory=tmp_path).config, read(flags, {}, directory=tmp_path).config):
        assert decode(encode(config)) == config


def test_a_configuration_cannot_be_changed(tmp_path):
    config = read({}, {}, directory=tmp_path).config
    with pytest.raises(AttributeError):
        config.port = 1  # type: ignore[misc]
    assert isinstance(config.data, Path)


def test_the_tree_of_a_neighbouring_version_is_read_as_far_as_both_know_it(tmp_path):
    config = read({"title": "Birds"}, {}, directory=tmp_path).config
    newer = json.loads(encode(config)) | {"an_option_of_tomorrow": 1}
    older = {name: value for name, value in json.loads(encode(config)).items() if name != "streaming_port"}
    assert decode(json.dumps(newer)) == decode(json.dumps(older)) == config
