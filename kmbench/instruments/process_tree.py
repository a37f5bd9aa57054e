"""A process with all that it has started: engines that run on clusters work in processes of their own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from kmbench.instruments.memory import peak_since, reset_peak

__all__ = ["cpu_seconds_of", "descendants", "peaks_since", "reset_peaks", "resident_bytes"]


def descendants(pid: int, root: str | Path = "/") -> list[int]:
    """Return the processes that a process has started, and those that these have; without the process itself.

    Parameters
    ----------
    pid : int
    root : path
        Where ``proc`` is found.
    """
    found: list[int] = []
    waiting = [pid]
    while waiting:
        for task in _listed(Path(root, f"proc/{waiting.pop()}/task")):
            with contextlib.suppress(OSError, ValueError):  # the thread has ended
                children = [int(child) for child in (task / "children").read_text().split()]
                found += children
                waiting += children
    return found


def resident_bytes(pids: Iterable[int], root: str | Path = "/") -> int:
    """Return the resident memory of processes, added up; pages that they share count once for each."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += int(Path(root, f"proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


def cpu_seconds_of(pids: Iterable[int], root: str | Path = "/") -> dict[int, float]:
    """Return the CPU time of each process so far, in steps of a hundredth of a second."""
    ticks = os.sysconf("SC_CLK_TCK")
    spent: dict[int, float] = {}
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = Path(root, f"proc/{pid}/stat").read_text().rpartition(")")[2].split()
            spent[pid] = (int(fields[11]) + int(fields[12])) / ticks
    return spent


def reset_peaks(pids: Iterable[int], root: str | Path = "/") -> dict[int, int | None]:
    """Reset the peak of resident memory of each process, and return what each holds now."""
    return {pid: reset_peak(root, pid) for pid in pids}


def peaks_since(resident: Mapping[int, int | None], pids: Iterable[int], root: str | Path = "/") -> dict[int, int]:
    """Return for each process the most bytes beyond what `reset_peaks` returned; all of them for a newer process."""
    peaks = {pid: peak_since(resident.get(pid, 0), root, pid) for pid in pids}
    return {pid: peak for pid, peak in peaks.items() if peak is not None}


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
