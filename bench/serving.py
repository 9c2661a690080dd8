"""The server under measurement: the real `whimbrel serve`, all its processes pinned to one core."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

START_SECONDS_MAX = 600.0
STOP_SECONDS_MAX = 15.0


class Serving(NamedTuple):
    """A running server: where, the process that was started, and how long it took to answer its first 200."""

    host: str
    port: int
    process: "subprocess.Popen[str]"
    first_answer_seconds: float

    @property
    def pids(self) -> list[int]:
        """The supervisor and everything below it."""
        return _family(self.process.pid)


@contextmanager
def serving(data: Path, *, core: int | None) -> Iterator[Serving]:
    """Start the server on a free port, wait for its ready line and its first 200, and end it afterwards."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WHIMBREL_")},
        "WHIMBREL_RATE_LIMITS": "off",
        "WHIMBREL_STATUS": "off",
        "WHIMBREL_LOG_LEVEL": "warning",
    }
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    command = [*pinned, sys.executable, "-m", "whimbrel", "serve", "--data", str(data), "--port", "0"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            url = _ready(process)
            _first_answer(url)
            seconds = time.perf_counter() - started
            host, port = url.removeprefix("http://").rsplit(":", 1)
            yield Serving(host, int(port), process, seconds)
        finally:
            _stop(process)


class Process(NamedTuple):
    """One process of a running server."""

    pid: int

    def memory_mb(self) -> float:
        """Its proportional set size."""
        return _pss_kb(self.pid) / 1_024

    def cpu_seconds(self) -> float:
        """Processor time that it has used."""
        return _cpu_seconds(self.pid)


def process_of(server: Serving, module: str) -> Process:
    """The process of the server that runs a module. Raises LookupError when there is none."""
    for pid in server.pids:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except FileNotFoundError:
            continue
        if module.encode() in words:
            return Process(pid)
    raise LookupError(f"no process of the server runs {module}")


def wait_for_store(data: Path, server: Serving) -> None:
    """Wait until the store has taken in the whole journal, so that no figure is taken while it still applies."""
    deadline = time.perf_counter() + START_SECONDS_MAX
    while time.perf_counter() < deadline:
        if server.process.poll() is not None:
            raise RuntimeError(f"the server of {data} ended with {server.process.returncode}")
        if _lag(server) == 0:
            return
        time.sleep(0.2)
    raise RuntimeError(f"the store of {data} had not caught up within {START_SECONDS_MAX:.0f} s")


def memory_mb(server: Serving) -> dict[str, float]:
    """Proportional set size of all processes together and the largest single one, in megabytes."""
    sizes = [_pss_kb(pid) / 1_024 for pid in server.pids]
    return {"all_mb": round(sum(sizes), 1), "largest_mb": round(max(sizes), 1), "processes": len(sizes)}


def cpu_seconds(server: Serving) -> float:
    """Processor time that all processes of the server have used since they started."""
    return sum(map(_cpu_seconds, server.pids))


def _ready(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("ready: "):
        raise RuntimeError(f"the server did not start: {line!r}")
    return line.split()[1]


def _first_answer(url: str) -> None:
    with urllib.request.urlopen(f"{url}/api/v2/instance", timeout=30) as answer:
        if answer.status != 200:
            raise RuntimeError(f"the first answer was {answer.status}")


def _lag(server: Serving) -> int:
    address = f"http://{server.host}:{server.port}/readyz"
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            text = answer.read().decode()
    except urllib.error.HTTPError as error:
        text = error.read().decode()
    return _store_lag(text)


def _store_lag(text: str) -> int:
    processes = json.loads(text).get("processes", {})
    lags = [view["lag_events"] for one in processes.values() for view in one.get("views", {}).values()]
    return max(lags, default=-1)


def _stop(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            for pid in reversed(_family(process.pid)):
                os.kill(pid, signal.SIGKILL)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
