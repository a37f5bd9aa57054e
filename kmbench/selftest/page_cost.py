"""What this host takes to provide memory: pages touched a while after they were freed, and right after."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from kmbench.instruments import read_usage, warm_memory
from kmbench.runner.channel import serve
from kmbench.runner.process import Limits, WorkerProcess

__all__ = ["PageCost", "measure_page_cost"]

TOUCHED_BYTES = 2**30

GIVEN_BACK_SECONDS = 4.0
"""Free pages are reported to the host about two seconds after they were freed."""


@dataclass(frozen=True, slots=True)
class PageCost:
    """System time for each GiB of memory, in seconds: asked for a while after it was freed, and at once."""

    cold_seconds_per_gib: float
    warm_seconds_per_gib: float


def measure_page_cost(log: Path) -> PageCost:
    """Measure in a process of its own.

    Parameters
    ----------
    log : Path
        File that takes what the process prints.

    Raises
    ------
    WorkerFailure
        If the process ended early.
    """
    size = min(TOUCHED_BYTES, psutil.virtual_memory().available // 4)
    with WorkerProcess("kmbench.selftest.page_cost", 1, Limits(60.0, None), log) as process:
        process.request("touch", size=size)
        time.sleep(GIVEN_BACK_SECONDS)
        cold, warm = (process.request("touch", size=size)["system_seconds"] for _ in range(2))
    gib = size / 2**30
    return PageCost(cold / gib, warm / gib)


def touch(size: int) -> dict[str, Any]:
    """Allocate, touch and free, and tell what the kernel took for it."""
    before = read_usage()
    warm_memory(size, size)
    return {"system_seconds": read_usage().since(before).system_seconds}


if __name__ == "__main__":
    serve({"touch": touch})
