"""Choose cores by the caches they share, where the kernel tells which do."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Literal, get_args

__all__ = ["PLACEMENTS", "Placement", "choose_cores"]

Placement = Literal["same-l3", "spread"]
PLACEMENTS: tuple[str, ...] = get_args(Placement)


def choose_cores(
    threads: int, placement: Placement, allowed: Collection[int] | None = None, root: str | Path = "/"
) -> list[int]:
    """Return the numbers of cores for a process of so many threads, one thread on each.

    Parameters
    ----------
    threads : int
        At least 1.
    placement : {"same-l3", "spread"}
        ``same-l3``: all share one L3 cache. ``spread``: they are dealt out over the L3 caches in turn. Both take a
        second hardware thread of a core only once every core has one.
    allowed : collection of int, optional
        Cores to choose from; default: those that this process may run on.
    root : path
        Where ``sys`` is found.

    Raises
    ------
    ValueError
        If the kernel does not tell the caches, or they do not allow it; the message says which.
    """
    if allowed is None:
        allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cpus = Path(root, "sys/devices/system/cpu")
    groups: dict[str, list[tuple[int, int]]] = {}
    for core in sorted(allowed):
        shared = _read(cpus / f"cpu{core}/cache/index3/shared_cpu_list")
        if shared is None:
            raise ValueError(f"this system does not tell which L3 cache core {core} has")
        groups.setdefault(shared, []).append((_place_among_siblings(cpus, core), core))
    ordered = [[core for _, core in sorted(group)] for group in groups.values()]
    ordered.sort(key=len, reverse=True)  # stable: of equal groups the first
    if placement == "same-l3":
        if len(ordered[0]) < threads:
            raise ValueError(f"no L3 cache is shared by {threads} cores here; the largest has {len(ordered[0])}")
        return sorted(ordered[0][:threads])
    if len(ordered) < 2:
        raise ValueError("there is only one L3 cache here to spread over")
    if sum(map(len, ordered)) < threads:
        raise ValueError(f"{threads} threads need as many cores; there are {sum(map(len, ordered))}")
    turns = [core for turn in range(len(ordered[0])) for group in ordered for core in group[turn : turn + 1]]
    return sorted(turns[:threads])


def _place_among_siblings(cpus: Path, core: int) -> int:
    """Return 0 for the first hardware thread of a core, 1 for the second, and so on."""
    told = _read(cpus / f"cpu{core}/topology/thread_siblings_list")
    return 0 if told is None else sum(other < core for other in _numbers(told))


def _numbers(text: str) -> list[int]:
    """Read a list of the kernel's, such as ``0-3,8``."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return found


def _read(file: Path) -> str | None:
    try:
        return file.read_text().strip() or None
    except OSError:
        return None
