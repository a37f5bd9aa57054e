"""How far apart the cores are at the moment: a small product with several BLAS threads and with one.

A virtual machine's host may place its cores within one cache or across two, and move them. Engines whose threads
share data in small pieces then run at two speeds, for seconds to minutes each. Neither CPU time nor waiting shows it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

from kmbench.instruments.threads import seconds_waited, snapshot_tasks

__all__ = ["cross_core_ratio"]

SIZE = 160
"""Rows and columns of the product: small enough to lie in a core's own cache, so that only handing it out differs."""

CHUNKS, PRODUCTS = 6, 20
"""The fastest of so many chunks of so many products counts: other work that comes between only makes one longer."""

WAITED_SHARE = 0.05
"""A chunk whose threads waited longer for a core, as a share of its time, tells of other work and not of distance."""


def cross_core_ratio(threads: int) -> float | None:
    """Return the time of a small product with several threads over that with one; it takes some 20 ms.

    Below 1 the threads help each other. How far above it the ratio lies, where the cores are far apart, differs from
    host to host.

    Parameters
    ----------
    threads : int
        BLAS threads to measure with.

    Returns
    -------
    float or None
        None with one thread, where NumPy's BLAS does not let its threads be set, and where other work held a core
        all the while.
    """
    blas = _numpy_blas() if threads > 1 else None
    if blas is None:
        return None
    import numpy as np

    matrix = np.full((SIZE, SIZE), 1 / SIZE, dtype=np.float32)
    out = np.empty_like(matrix)
    before = blas.num_threads
    try:
        seconds = []
        for count in (threads, 1):
            blas.set_num_threads(count)
            least = _least_seconds(lambda: np.dot(matrix, matrix, out=out))
            if blas.get_num_threads() != count or least is None:
                return None
            seconds.append(least)
    finally:
        blas.set_num_threads(before)
    return seconds[0] / seconds[1]


@cache
def _numpy_blas() -> Any:
    """Return the controller of the BLAS that NumPy calls, or None.

    It is the first that is loaded where NumPy is imported before any other library with a BLAS of its own.
    """
    import numpy  # noqa: F401 - loads the library that is looked for
    import threadpoolctl

    found = threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
    return found[0] if found else None


def _least_seconds(call: Callable[[], object]) -> float | None:
    """Return the least time of one call, over chunks of calls that did not wait for a core; None if all did."""
    least = None
    call()
    for _ in range(CHUNKS):
        before, started = snapshot_tasks(), time.perf_counter()
        for _ in range(PRODUCTS):
            call()
        seconds = time.perf_counter() - started
        waited = seconds_waited(before, snapshot_tasks())
        if waited is not None and waited > WAITED_SHARE * seconds:
            continue
        least = seconds if least is None else min(least, seconds)
    return None if least is None else least / PRODUCTS
