"""Locks of a dead run are deleted, those of a living one are not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vadflow import locks

HOLD = """
import sys
from pathlib import Path
from vadflow import locks
locks.release_stale(Path(sys.argv[1]))
print("alive", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no locks on open files there")
def test_only_a_dead_runs_locks_go(tmp_path: Path) -> None:
    lock = tmp_path / "locks" / "0.input.lock"
    running = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None and running.stdout.readline() == "alive\n"
    lock.parent.mkdir()
    lock.touch()
    assert not locks.release_stale(tmp_path) and lock.exists()
    locks._HELD.clear()
    running.kill()
    running.wait()
    assert locks.release_stale(tmp_path) and not lock.exists()
    locks._HELD.clear()
