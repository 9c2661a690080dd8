"""Secrets are made once, for their owner only, and a leaked one is not used."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from whimbrel.kernel.errors import Misconfigured
from whimbrel.secrets_file import KEY_BYTES, open_secrets


def test_a_key_is_made_at_the_first_start_and_found_at_the_second(tmp_path):
    first = open_secrets(tmp_path / "data")
    assert len(first.signing_key) == KEY_BYTES
    assert open_secrets(tmp_path / "data") == first
    assert open_secrets(tmp_path / "other") != first


def test_nobody_else_on_the_machine_can_read_it(tmp_path):
    open_secrets(tmp_path)
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "secrets").iterdir()] == [0o600]


def test_processes_that_start_together_find_one_key(tmp_path):
    with ThreadPoolExecutor(16) as threads:
        found = set(threads.map(lambda _: open_secrets(tmp_path), range(64)))
    assert len(found) == 1


@pytest.mark.parametrize(("path", "mode"), [("secrets", 0o750), ("secrets/signing.key", 0o604)])
def test_a_secret_that_others_can_read_stops_the_start(tmp_path, path, mode):
    open_secrets(tmp_path)
    (tmp_path / path).chmod(mode)
    with pytest.raises(Misconfigured, match=f"{path}.*mode {mode:04o}: expected"):
        open_secrets(tmp_path)


@pytest.mark.parametrize("content", [b"", b"00", b"zz" * 32, b"0" * 66, b"\xff\xfe" * 32])
def test_a_key_file_that_holds_no_key_stops_the_start(tmp_path, content):
    open_secrets(tmp_path)
    (tmp_path / "secrets" / "signing.key").write_bytes(content)
    with pytest.raises(Misconfigured, match="holds no key"):
        open_secrets(tmp_path)


def test_a_key_that_cannot_be_read_stops_the_start(tmp_path):
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets" / "signing.key").mkdir(mode=0o700)
    with pytest.raises(Misconfigured, match=r"signing.key\": Is a directory"):
        open_secrets(tmp_path)
