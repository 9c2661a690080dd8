"""A server on a real small file system that is filled to the last byte and freed again: `bin/drill disk`, in short."""

import json
import subprocess
import sys

from drill import small_disk
from tests.support.serving import ROOT

DELETIONS = 60
SECONDS_MAX = 240


def drill(*arguments):
    """What `bin/drill disk` prints and ends with."""
    command = [sys.executable, "-m", "drill", "disk", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=SECONDS_MAX, check=False)


def test_on_a_full_disk_it_takes_away_and_reads_and_all_returns_when_there_is_room():
    done = drill("--deletions", str(DELETIONS))
    if small_disk.way_in() is None:
        # What holds without a file system of our own is held by tests/engines/journal/test_crashes.py.
        assert done.returncode == 1
        assert small_disk.NOT_HERE in done.stderr
        return
    assert done.returncode == 0, done.stdout + done.stderr
    counted = json.loads(done.stdout.splitlines()[-1])
    assert counted["deleted_while_full"] > DELETIONS
    assert counted["shut_out_while_full"] == 3
    assert counted["posts_refused"]
    assert counted["posts_kept"]


def test_where_nobody_may_mount_the_drill_says_so_and_fails(monkeypatch):
    monkeypatch.setenv("PATH", "")
    done = drill("--deletions", "1")
    assert done.returncode == 1
    assert small_disk.NOT_HERE in done.stderr
