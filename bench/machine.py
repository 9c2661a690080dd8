"""What the figures were measured on: processor, load, kernel of the file system's sync, versions."""

import os
import platform
import statistics
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import apsw

SYNCS = 200
SYNC_BYTES = 4_096


def description(directory: Path) -> dict[str, Any]:
    """Processor, cores, load before the run, sync latency in the directory of the data, versions of what matters."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_before": [round(one, 2) for one in os.getloadavg()],
        "fsync_ms": fsync_ms(directory),
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "granian": version("granian"),
        "msgspec": version("msgspec"),
        "numpy": version("numpy"),
    }


def fsync_ms(directory: Path) -> dict[str, float]:
    """Milliseconds that syncing 4 KiB into a preallocated file takes: median and 99th percentile of 200."""
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(b"\0" * SYNC_BYTES * SYNCS)
        file.flush()
        os.fsync(file.fileno())
        taken = sorted(_one_sync(file.fileno(), at) for at in range(SYNCS))
    return {"p50": round(statistics.median(taken), 3), "p99": round(taken[int(SYNCS * 0.99)], 3)}


def _one_sync(descriptor: int, at: int) -> float:
    os.pwrite(descriptor, b"\1" * SYNC_BYTES, at * SYNC_BYTES)
    started = time.perf_counter()
    os.fdatasync(descriptor)
    return (time.perf_counter() - started) * 1_000


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
