"""What a tuning takes from the machine it runs on: how its processes start, and which GPU there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kmbench.backends.faiss_build import why_no_gpu
from kmbench.instruments.hardware import describe_gpus
from kmbench.runner.process import Limits, WorkerProcess

__all__ = ["THIS_HOST", "Host", "Spawn", "gpu_name"]

Spawn = Callable[[str, int, Limits, Path], WorkerProcess]
"""Starts a worker process: module, threads, limits, log."""


def gpu_name() -> str | None:
    """Return the name of the GPU, or None where it is not told or there are several kinds."""
    names = {gpu["name"] for gpu in describe_gpus()}
    return names.pop() if len(names) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine, as far as a tuning or a check depends on it.

    Attributes
    ----------
    spawn : callable
        See `Spawn`.
    why_no_gpu : callable
        Returns why FAISS cannot use a GPU here, or None where it can.
    gpu_name : callable
        Returns the name of the GPU, or None where it is not known.
    """

    spawn: Spawn = WorkerProcess
    why_no_gpu: Callable[[], str | None] = why_no_gpu
    gpu_name: Callable[[], str | None] = gpu_name


THIS_HOST = Host()
