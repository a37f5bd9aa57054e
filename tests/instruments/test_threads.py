"""Threads asked for are threads had, and threads that worked are counted."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kmbench.instruments import (
    TaskTime,
    count_busy,
    default_threads,
    seconds_waited,
    snapshot_tasks,
    thread_environment,
)


def test_every_library_is_told():
    variables = thread_environment(3)
    assert set(variables.values()) == {"3"}
    assert {
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "BLIS_NUM_THREADS",
    } <= set(variables)


@pytest.mark.parametrize("threads", [0, -1])
def test_no_threads_are_refused(threads):
    with pytest.raises(ValueError, match="threads must be at least 1"):
        thread_environment(threads)


def test_a_process_started_with_it_has_pools_of_that_size():
    code = "import json, numpy, sklearn.cluster\nfrom kmbench.instruments import pools\nprint(json.dumps(pools()))"
    environment = os.environ | thread_environment(1)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    pools = json.loads(done.stdout)
    assert {pool["user_api"] for pool in pools} == {"blas", "openmp"}
    for pool in pools:
        assert list(pool) == [
            "library",
            "user_api",
            "internal_api",
            "version",
            "threading_layer",
            "architecture",
            "num_threads",
        ]
        assert pool["num_threads"] == 1
        assert os.sep not in pool["library"]


def with_quota(text):
    return {
        "proc/self/cgroup": "0::/job\n",
        "proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "sys/fs/cgroup/job/cpu.max": text,
    }


@pytest.mark.parametrize(
    ("files", "threads"),
    [
        pytest.param({}, 8, id="no quota"),
        pytest.param(with_quota("max 100000"), 8, id="unlimited"),
        pytest.param(with_quota("250000 100000"), 3, id="rounded up"),
        pytest.param(with_quota("1000 100000"), 1, id="at least one"),
        pytest.param(with_quota("9900000 100000"), 8, id="more than the cores"),
    ],
)
def test_default_is_the_cores_within_the_quota(tree, monkeypatch, files, threads):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(3, 11)), raising=False)
    assert default_threads(tree(files)) == threads


@pytest.mark.parametrize(("cores", "threads"), [(6, 6), (None, 1)])
def test_default_without_affinity_is_all_cores(tree, monkeypatch, cores, threads):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert default_threads(tree({})) == threads


def test_snapshot_reads_every_thread(tree):
    root = tree(
        {
            "proc/self/task/10/schedstat": "5000000 200 3\n",
            "proc/self/task/11/schedstat": "0 0 0\n",
            "proc/self/task/12/comm": "has ended\n",
        }
    )
    assert snapshot_tasks(root) == {10: TaskTime(5_000_000, 200), 11: TaskTime(0, 0)}


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="no proc"),
        pytest.param({"proc/self/task/10/comm": "python"}, id="no schedstat"),
        pytest.param({"proc/self/task/10/schedstat": "0 0 0\n"}, id="a kernel that does not count"),
    ],
)
def test_no_statistics_are_no_snapshot(tree, files):
    assert snapshot_tasks(tree(files)) is None


def test_a_thread_is_busy_by_its_share_of_the_work():
    before = {1: TaskTime(900, 10), 2: TaskTime(50, 0), 3: TaskTime(7, 0), 4: TaskTime(10**9, 0)}
    after = {
        1: TaskTime(900 + 600, 10 + 2_000_000_000),
        2: TaskTime(50 + 40, 0),  # 4 % of 1000
        3: TaskTime(7, 0),  # idle
        4: TaskTime(300, 500_000_000),  # a new thread under an old id
        5: TaskTime(60, 0),  # new
    }
    assert count_busy(before, after) == 3
    assert count_busy(before, after, share=0.03) == 4
    assert count_busy(before, after, share=0.5) == 1
    assert count_busy(before, before) == 0
    assert seconds_waited(before, after) == pytest.approx(2.5)


def test_nothing_is_counted_without_snapshots():
    assert count_busy(None, {}) is None
    assert count_busy({}, None) is None
    assert seconds_waited(None, None) is None


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc on this system")
def test_threads_that_work_are_told_from_those_that_sleep():
    def work():
        hashlib.pbkdf2_hmac("sha256", b"a", b"b", 100_000)  # releases the GIL

    done, leave = threading.Barrier(2), threading.Event()

    def worker():
        work()
        done.wait()
        leave.wait()

    before = snapshot_tasks()
    threads = [threading.Thread(target=worker), threading.Thread(target=leave.wait)]
    for thread in threads:
        thread.start()
    work()
    done.wait()
    after = snapshot_tasks()
    leave.set()
    for thread in threads:
        thread.join()
    assert count_busy(before, after) == 2
    assert len(after) >= 3
