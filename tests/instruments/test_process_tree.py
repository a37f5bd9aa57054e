"""Memory and CPU time of the processes that a process has started."""

import os
import subprocess
import sys

from kmbench.instruments import cpu_seconds_of, descendants, peaks_since, reset_peaks, resident_bytes

GRANDCHILD = """
import sys
block = bytearray(64 * 2**20)
total = sum(range(3_000_000))
print("ready", flush=True)
sys.stdin.readline()
block = bytearray(192 * 2**20)
del block
print("done", flush=True)
sys.stdin.readline()
"""

CHILD = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {GRANDCHILD!r}])
"""


def test_children_of_children_count():
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"ready\n"
        found = descendants(os.getpid())
        assert child.pid in found
        grandchild = next(pid for pid in found if pid in descendants(child.pid))
        assert resident_bytes([grandchild]) > 64 * 2**20
        assert cpu_seconds_of([grandchild])[grandchild] > 0
        before = reset_peaks([grandchild])
        child.stdin.write(b"\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"done\n"
        peak = peaks_since(before, [grandchild])[grandchild]
        assert 120 * 2**20 < peak < 300 * 2**20
        child.stdin.write(b"\n")
        child.stdin.flush()
    assert child.pid not in descendants(os.getpid())


def test_processes_that_are_gone_count_nothing():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert resident_bytes([child.pid]) == 0
    assert cpu_seconds_of([child.pid]) == {}
    assert peaks_since({child.pid: 5}, [child.pid]) == {}
