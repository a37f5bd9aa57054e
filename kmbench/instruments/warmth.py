"""Warm memory: pages that the host has provided before a clock starts, and what a call spent in the kernel.

A virtual machine may give freed pages back to its host. The next process that allocates then waits for the host to
provide and clear them, a tenth of a second or more for each GiB. The engine that copies its input pays, another does
not, and neither wall time nor CPU time says why. System time does.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass

__all__ = ["KernelUsage", "read_usage", "room_to_warm", "warm_for_input", "warm_memory"]

PAGE_BYTES = 4096

WARM_INPUTS = 2.5
"""Memory that is touched before a clock starts, in sizes of the input: a copy, scores and sums. Engines that take
more show it in their system time, and such a fit is measured again, by then on pages that it has warmed itself."""

LEAST_BYTES = 1 << 20
"""Less is not worth a call: an allocator keeps so much by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelUsage:
    """What this process has spent in the kernel so far.

    Attributes
    ----------
    system_seconds : float
        CPU time of all threads in kernel mode.
    page_faults : int
        Those served without the disk and those with it.
    """

    system_seconds: float
    page_faults: int

    def since(self, before: KernelUsage) -> KernelUsage:
        """Return what was spent between two readings."""
        return KernelUsage(
            system_seconds=self.system_seconds - before.system_seconds,
            page_faults=self.page_faults - before.page_faults,
        )


def read_usage() -> KernelUsage:
    """Return what this process has spent in the kernel so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return KernelUsage(system_seconds=usage.ru_stime, page_faults=usage.ru_minflt + usage.ru_majflt)


def room_to_warm(memory_limit: int | None) -> int:
    """Return the most bytes that may be touched: half of what is free, and half of what a limit leaves.

    Parameters
    ----------
    memory_limit : int or None
        Bytes that this process may hold.
    """
    import psutil

    room = psutil.virtual_memory().available // 2
    if memory_limit is not None:
        room = min(room, (memory_limit - psutil.Process().memory_info().rss) // 2)
    return max(0, int(room))


def warm_memory(size: int, room: int) -> int:
    """Allocate memory, touch each of its pages, and free it, so that the next to allocate finds it provided.

    Parameters
    ----------
    size, room : int
        Bytes that are wanted, and the most that may be taken.

    Returns
    -------
    int
        Bytes that were touched; 0 where it is not worth it or there is no room.
    """
    taken = min(size, room)
    if taken < LEAST_BYTES:
        return 0
    import numpy as np

    block = np.empty(taken, dtype=np.uint8)
    block[::PAGE_BYTES] = 1
    del block
    return taken


def warm_for_input(input_bytes: int, memory_limit: int | None = None) -> int:
    """Warm what an engine is likely to ask for when it is given an input of this size; return the bytes touched.

    Parameters
    ----------
    input_bytes : int
        Of the resident input.
    memory_limit : int or None
        Bytes that this process may hold.
    """
    return warm_memory(round(WARM_INPUTS * input_bytes), room_to_warm(memory_limit))
