"""The probe of the cores tells how far apart they are, and nothing where other work held one of them."""

import subprocess
import sys

import pytest

from kmbench.instruments import cross_core, cross_core_ratio
from kmbench.instruments.threads import TaskTime

PROBE = """
import os, sys, subprocess
hogs = []
for core in sorted(os.sched_getaffinity(0))[:1]:
    code = f"import os; os.sched_setaffinity(0, [{core}])\\nwhile True: pass"
    hogs.append(subprocess.Popen([sys.executable, "-c", code]))
os.environ["OPENBLAS_THREAD_TIMEOUT"] = "20"
from kmbench.instruments import cross_core_ratio
try:
    print([cross_core_ratio(2) for _ in range(10)])
finally:
    for hog in hogs:
        hog.kill()
        hog.wait()
"""


def test_threads_that_waited_for_a_core_tell_nothing(monkeypatch):
    waits = iter(range(10**6))
    monkeypatch.setattr(cross_core, "snapshot_tasks", lambda: {1: TaskTime(0, 10**9 * next(waits))})
    assert cross_core_ratio(2) is None


def test_a_chunk_that_did_not_wait_is_enough(monkeypatch):
    def snapshots():
        yield from ({1: TaskTime(0, 10**9 * (at % 4 == 1))} for at in range(10**6))  # every other chunk waits

    taken = snapshots()
    monkeypatch.setattr(cross_core, "snapshot_tasks", lambda: next(taken))
    assert cross_core_ratio(2) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how long threads waited")
def test_a_core_that_another_program_holds_is_not_called_distant():
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    found = [ratio for ratio in eval(done.stdout) if ratio is not None]
    assert all(ratio < 10 for ratio in found), found
