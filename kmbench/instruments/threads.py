"""Threads: how many to ask for, how to ask, and how many then did the work."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kmbench.instruments.cgroup import cpu_quota

__all__ = [
    "TaskTime",
    "count_busy",
    "default_threads",
    "pools",
    "seconds_waited",
    "snapshot_tasks",
    "thread_environment",
]

_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
)


class TaskTime(NamedTuple):
    """What the scheduler has counted for one thread since it started."""

    cpu_ns: int
    wait_ns: int


def thread_environment(threads: int) -> dict[str, str]:
    """Return the variables that make numeric libraries use a number of threads.

    They are read when a library is loaded: put them into the environment of a process before it starts.

    Parameters
    ----------
    threads : int
        At least 1.

    Returns
    -------
    dict of str
        Name and value of each variable.
    """
    if threads < 1:
        raise ValueError(f"threads must be at least 1, got {threads}")
    return dict.fromkeys(_VARIABLES, str(threads))


def default_threads(root: str | Path = "/") -> int:
    """Return how many threads this process can keep busy: at least 1.

    The cores it may run on (``os.sched_getaffinity``; all cores where the system has no affinity), but not more
    than its CPU quota, rounded up.

    Parameters
    ----------
    root : path
        Where ``proc`` and ``sys`` are found.
    """
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota(root)
    if quota is not None:
        threads = min(threads, math.ceil(quota))  # a quota is above zero, so this is at least 1
    return threads


def pools() -> list[dict[str, Any]]:
    """Describe the thread pools of the BLAS and OpenMP libraries that are loaded now.

    Two libraries of one name but another build have pools of their own; the file name tells them apart. The
    architecture is that of the BLAS kernels, which decides a good deal of any comparison.

    Returns
    -------
    list of dict
        ``library`` (file name without its folder), ``user_api``, ``internal_api``, ``version``,
        ``threading_layer``, ``architecture`` and ``num_threads``; None for what a library does not tell.
    """
    import threadpoolctl  # here: it looks at every loaded library, and most users of this module need none

    fields = ("user_api", "internal_api", "version", "threading_layer", "architecture", "num_threads")
    return [
        {"library": Path(pool["filepath"]).name} | {field: pool.get(field) for field in fields}
        for pool in threadpoolctl.threadpool_info()
    ]


def snapshot_tasks(root: str | Path = "/", others: Iterable[int] = ()) -> dict[int, TaskTime] | None:
    """Read what the scheduler has counted for each thread of this process, and of others.

    Parameters
    ----------
    others : iterable of int
        Numbers of further processes.
    root : path
        Where ``proc`` is found.

    Returns
    -------
    dict of TaskTime by thread id, or None
        None where the system does not tell (no ``/proc``, or a kernel without scheduler statistics).
    """
    tasks: dict[int, TaskTime] = {}
    try:
        folders = list(Path(root, "proc/self/task").iterdir())
    except OSError:
        return None
    for pid in others:
        with contextlib.suppress(OSError):  # it has ended
            folders += Path(root, f"proc/{pid}/task").iterdir()
    for folder in folders:
        try:
            cpu_ns, wait_ns, _ = map(int, (folder / "schedstat").read_bytes().split())
        except (OSError, ValueError):
            continue  # the thread has ended, or there are no statistics
        tasks[int(folder.name)] = TaskTime(cpu_ns, wait_ns)
    return tasks if any(map(any, tasks.values())) else None


def count_busy(
    before: Mapping[int, TaskTime] | None, after: Mapping[int, TaskTime] | None, share: float = 0.05
) -> int | None:
    """Count the threads that did a good part of the work between two snapshots.

    Parameters
    ----------
    before, after : snapshots of `snapshot_tasks`
        Threads that ended in between are not seen: pools keep theirs.
    share : float
        A thread is busy if it used more than this share of the CPU time of all threads.

    Returns
    -------
    int or None
        None if a snapshot is None.
    """
    if before is None or after is None:
        return None
    used = [spent.cpu_ns for spent in _spent(before, after)]
    total = sum(used)
    return sum(cpu_ns > share * total for cpu_ns in used)


def seconds_waited(before: Mapping[int, TaskTime] | None, after: Mapping[int, TaskTime] | None) -> float | None:
    """Sum the time that threads could have run between two snapshots but waited for a core.

    The sign of a contended host: wall time of one thread is its CPU time plus this.

    Parameters
    ----------
    before, after : snapshots of `snapshot_tasks`
        Threads that ended in between are not seen.

    Returns
    -------
    float or None
        None if a snapshot is None.
    """
    if before is None or after is None:
        return None
    return sum(spent.wait_ns for spent in _spent(before, after)) / 1e9


def _spent(before: Mapping[int, TaskTime], after: Mapping[int, TaskTime]) -> list[TaskTime]:
    spent = []
    for task, end in after.items():
        start = before.get(task, TaskTime(0, 0))
        if start.cpu_ns > end.cpu_ns:  # a new thread under an old id
            start = TaskTime(0, 0)
        spent.append(TaskTime(end.cpu_ns - start.cpu_ns, end.wait_ns - start.wait_ns))
    return spent
