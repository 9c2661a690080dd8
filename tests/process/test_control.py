"""The control socket of a process: pages by name, also when one fails, on a path of any length."""

import pytest

from whimbrel.engines.sockets import listen
from whimbrel.reliability.control import ControlSocket, Reply, ask


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "a.control.sock"


def test_a_page_is_answered_with_its_status_and_kind(path):
    control = ControlSocket(path, {"/livez": lambda: Reply(503, "text/plain", "stuck: ü\n")})
    assert ask(path, "/livez") == Reply(503, "text/plain", "stuck: ü\n")
    assert ask(path, "/nothing").status == 404
    control.close()


def test_a_page_that_fails_is_said_to_and_the_next_is_answered(path):
    control = ControlSocket(path, {"/bad": lambda: Reply(200, "text/plain", str(1 // 0)), "/good": _good})
    assert ask(path, "/bad").status == 500
    assert ask(path, "/good") == _good()
    control.close()


def test_a_socket_left_by_a_dead_process_is_replaced(path):
    listen(path).close()
    with pytest.raises(ConnectionRefusedError):
        ask(path, "/good")
    control = ControlSocket(path, {"/good": _good})
    assert ask(path, "/good") == _good()
    control.close()
    assert not path.exists()


def test_a_path_longer_than_the_system_takes_works(tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60) / "run" / "a.control.sock"
    control = ControlSocket(deep, {"/good": _good})
    assert ask(deep, "/good") == _good()
    control.close()


def _good():
    return Reply(200, "text/plain", "ok\n")
