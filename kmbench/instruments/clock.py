"""The clock: wall and CPU time of one call."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Timing", "loops_for", "timed"]

_MOST_LOOPS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Time of one call, the mean over the calls that were timed together.

    Attributes
    ----------
    wall_seconds : float
        What a user waits.
    cpu_seconds : float
        CPU time of all threads of the process, in user and kernel mode.
    """

    wall_seconds: float
    cpu_seconds: float


def timed(fn: Callable[[], object], synchronize: Callable[[], object], loops: int) -> Timing:
    """Time calls of a function, one after the other, between two readings of the clocks.

    Parameters
    ----------
    fn : callable
        What is timed. What it returns is dropped.
    synchronize : callable
        Waits until the device has done everything asked of it. It is called before the clocks start, so that
        earlier work is not charged to `fn`, and after every call, so that a call ends when its work has ended.
    loops : int
        Number of calls; see `loops_for`.

    Returns
    -------
    Timing
        Wall and CPU time, divided by `loops`.
    """
    if loops < 1:
        raise ValueError(f"loops must be at least 1, got {loops}")
    synchronize()
    cpu_start = time.process_time()
    wall_start = time.perf_counter()
    for _ in range(loops):
        fn()
        synchronize()
    wall_seconds = time.perf_counter() - wall_start
    cpu_seconds = time.process_time() - cpu_start
    return Timing(wall_seconds=wall_seconds / loops, cpu_seconds=cpu_seconds / loops)


def loops_for(seconds: float, minimum: float = 0.1) -> int:
    """Return how many calls have to be timed together so that they take long enough to be read off a clock.

    Parameters
    ----------
    seconds : float
        Time of one call, from a warm-up; 0 if it was too short to see.
    minimum : float
        Least time between two readings of the clock. 0.1 s is pyperf's rule.

    Returns
    -------
    int
        At least 1, at most a million.
    """
    if not seconds >= 0:
        raise ValueError(f"a call cannot take {seconds} seconds")
    if seconds * _MOST_LOOPS <= minimum:
        return _MOST_LOOPS
    return max(1, math.ceil(minimum / seconds))
