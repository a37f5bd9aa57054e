"""Probe the cores between fits, and tell the two states of a host apart by what the run's probes found so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kmbench.comparison import boundary_of
from kmbench.runner.process import Limits, WorkerFailure, WorkerProcess

__all__ = ["CoreProbe"]

PROBER = "kmbench.runner.prober"

TIMEOUT_SECONDS = 30.0

Unit = tuple[int, tuple[int, ...] | None]
"""Threads, and the cores that they are bound to."""


class CoreProbe:
    """The probes of a run, by thread count and the cores that its threads are bound to.

    Parameters
    ----------
    scratch : Path
        Folder for what the processes print.
    limits : Limits
        Of the run's workers; the probe's processes choose the same BLAS kernels.
    spawn : callable
        Starts a process, as `WorkerProcess` does.
    """

    def __init__(self, scratch: Path, limits: Limits, spawn: Callable[..., WorkerProcess] = WorkerProcess) -> None:
        self._scratch = scratch
        self._limits = replace(limits, timeout_seconds=TIMEOUT_SECONDS, memory_bytes=None)
        self._spawn = spawn
        self._processes: dict[Unit, WorkerProcess | None] = {}
        self._ratios: dict[Unit, list[float]] = {}

    def ratio(self, threads: int, cores: tuple[int, ...] | None = None) -> float | None:
        """Return the cross-core ratio at this moment; None with one thread, or where it cannot be probed."""
        if threads < 2:
            return None
        unit = (threads, cores)
        if unit not in self._processes:
            log = self._scratch / f"probe-{len(self._processes)}.log"
            self._processes[unit] = self._spawn(PROBER, threads, replace(self._limits, cores=cores), log)
        process = self._processes[unit]
        if process is None:
            return None
        try:
            found = process.request("probe", threads=threads)["cross_core_ratio"]
        except WorkerFailure:
            process.close()
            self._processes[unit] = None  # records without a ratio say that there was none
            return None
        if found is None:
            return None
        self._ratios.setdefault(unit, []).append(found)
        return float(found)

    def boundary(self, threads: int, cores: tuple[int, ...] | None = None) -> float | None:
        """Return the ratio that parts the two states, as far as the probes until now tell; None for one state."""
        return boundary_of(self._ratios.get((threads, cores), []))

    def close(self) -> None:
        """End the processes."""
        for process in self._processes.values():
            if process is not None:
                process.close()
        self._processes.clear()
