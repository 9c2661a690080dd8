"""Work that nobody waits for gets the processor when nobody else wants it; the rest of the program does not."""

import os
import subprocess
import sys
import threading

from whimbrel.kernel.giving_way import give_way

ASK = "import os; print(os.sched_getscheduler(0) == os.SCHED_IDLE)"


def test_a_thread_that_gives_way_takes_along_what_it_starts_and_nobody_else():
    found = {}

    def work():
        found["before"] = os.sched_getscheduler(0)
        give_way()
        found["after"] = os.sched_getscheduler(0)
        inner = threading.Thread(target=lambda: found.update(thread=os.sched_getscheduler(0)))
        inner.start()
        inner.join()
        found["child"] = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True).stdout

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == {"before": os.SCHED_OTHER, "after": os.SCHED_IDLE, "thread": os.SCHED_IDLE, "child": "True\n"}
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
