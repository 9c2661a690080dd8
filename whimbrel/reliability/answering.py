"""How a server of several processes answers as one: every child's page, asked for at the same time and merged.

Standard library only, as all that the supervisor is made of.
"""

import json
import threading
import time
from collections.abc import Sequence

from whimbrel.reliability.children import Child
from whimbrel.reliability.control import Reply
from whimbrel.reliability.metrics import Family, Sample, counter, exposition, gauge, merge


def readiness(children: Sequence[Child]) -> Reply:
    """/readyz: ready when all are, with what each says."""
    replies = _asked(children, "/readyz")
    processes = {
        name: json.loads(reply.text) if reply.kind == "application/json" else {"ready": False, "why": reply.text}
        for name, reply in replies.items()
    }
    ready = all(reply.status == 200 for reply in replies.values())
    document = {"ready": ready, "processes": {"supervisor": {"ready": True}, **processes}}
    return Reply(200 if ready else 503, "application/json", json.dumps(document))


def metrics(children: Sequence[Child], *, began: float, restarting: bool, restarts: int) -> Reply:
    """/metrics: everybody's, and the supervisor's own. `began` (time.monotonic): when the server was started.

    `restarting`: whether children are being replaced; `restarts`: how often that has been begun.
    """
    texts = {name: reply.text for name, reply in _asked(children, "/metrics").items() if reply.status == 200}
    changing = [
        gauge("whimbrel_restarting", "Whether processes are being replaced, one after the other.", int(restarting)),
        counter("whimbrel_restarts_total", "How often this supervisor has begun to.", restarts),
    ]
    own = exposition([*_families(children, time.monotonic() - began), *changing])
    return Reply(200, "text/plain; version=0.0.4", merge({"supervisor": own, **texts}))


def _asked(children: Sequence[Child], page: str) -> dict[str, Reply]:
    """Every child's answer; asked together, so that one which hangs does not delay the others."""
    replies: dict[str, Reply] = {}

    def ask(child: Child) -> None:
        replies[child.name] = child.ask(page)

    threads = [threading.Thread(target=ask, args=(child,)) for child in children]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {child.name: replies[child.name] for child in children}


def _families(children: Sequence[Child], up_seconds: float) -> list[Family]:
    starts = [Sample(child.starts, {"child": child.name}) for child in children]
    ready = [Sample(int(child.ready), {"child": child.name}) for child in children]
    return [
        Family("whimbrel_child_starts_total", "counter", "How often a process was started.", starts),
        Family("whimbrel_child_ready", "gauge", "Whether a process runs and was ready.", ready),
        Family("whimbrel_uptime_seconds", "gauge", "Since the supervisor began.", [Sample(up_seconds, {})]),
    ]
