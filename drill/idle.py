"""`bin/drill idle`: what a server costs that nobody asks: processor time and memory of all its processes together."""

import time
from pathlib import Path
from typing import NamedTuple

from drill import cast
from drill.report import show
from tests.support.serving import Server

CALM_SECONDS = 12.0
"""So long after its last work a server is left alone before it is measured: the memory's tail is let go meanwhile."""
CORE_SHARE_GOAL = 0.01
MEMORY_MB_GOAL = 100


class Cost(NamedTuple):
    """Of one process: seconds of processor time, and proportional share of memory in megabytes."""

    cpu_seconds: float
    memory_mb: float


def run(data: Path, seconds: float) -> dict[str, Cost]:
    """What each process used within that time."""
    server, _ = cast.make(data, writers=4, birds=0)
    try:
        server.settle()
        time.sleep(CALM_SECONDS)
        processes = _processes(server)
        before = {name: _cpu_seconds(pid) for name, pid in processes.items()}
        time.sleep(seconds)
        return {name: Cost(_cpu_seconds(pid) - before[name], _memory_mb(pid)) for name, pid in processes.items()}
    finally:
        server.close()


def report(costs: dict[str, Cost], seconds: float) -> None:
    """Print what was measured beside the goals."""
    share = sum(cost.cpu_seconds for cost in costs.values()) / seconds
    memory = sum(cost.memory_mb for cost in costs.values())
    rows = [
        (name, f"{cost.cpu_seconds / seconds:.2%} of a core   {cost.memory_mb:.0f} MB") for name, cost in costs.items()
    ]
    rows += [
        ("all", f"{share:.2%} of a core   {memory:.0f} MB"),
        ("goal", f"{CORE_SHARE_GOAL:.0%} of a core   {MEMORY_MB_GOAL} MB"),
    ]
    figures = {
        "drill": "idle",
        "seconds": seconds,
        "core_share": round(share, 5),
        "memory_mb": round(memory, 1),
        "processes": {name: cost._asdict() for name, cost in costs.items()},
    }
    show(f"idle for {seconds:.0f} s", rows, figures)


def _processes(server: Server) -> dict[str, int]:
    children = server.children()
    stat = Path(f"/proc/{children['core']}/stat").read_text()
    return {"supervisor": int(stat.rpartition(")")[2].split()[1]), **children}


def _cpu_seconds(pid: int) -> float:
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def _memory_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1_024
    return 0.0
