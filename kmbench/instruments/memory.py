"""Peak memory of one call, over what was resident before it.

On Linux the kernel keeps the peak itself (``VmHWM``) and resets it on request, so nothing has to sample: exact to
0.1 MB, whatever holds the GIL. Other means mislead. ``ru_maxrss`` starts at the parent's size; a sampling thread
sees nothing while native code holds the GIL; tracemalloc sees no native memory.

The figure means something in a fresh process, in a pass of its own beside timing, with the input already resident:
pages of a memory-mapped file that are read for the first time count as extra.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from kmbench.instruments.cgroup import memory_limit

__all__ = ["SAMPLER", "VMHWM", "MemoryReading", "measure_peak", "peak_since", "reset_peak", "room_for_a_process"]

VMHWM = "vmhwm"
"""Method: the kernel's own peak of resident memory, reset before the call."""

SAMPLER = "sampler, a lower bound"
"""Method: another process reads the resident memory every 5 ms, and misses shorter peaks."""

_SETTLED_BYTES = 1 << 20
"""A peak that stands further above the resident memory after the reset was not reset (some sandboxes ignore it)."""

_SAMPLER_CODE = """
import select, sys, psutil
process = psutil.Process(int(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
base = peak = process.memory_info().rss
print(base, flush=True)
while not select.select([sys.stdin], [], [], 0.005)[0]:
    peak = max(peak, process.memory_info().rss)
last = process.memory_info().rss
print(max(peak, last), last, flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryReading:
    """Resident memory of one call.

    Attributes
    ----------
    peak_extra_bytes : int
        Peak during the call, over what was resident before it.
    retained_bytes : int
        What is still there after it, its return value included, once unused heap is given back; negative if
        the call freed memory.
    method : str
        `VMHWM` or `SAMPLER`.
    """

    peak_extra_bytes: int
    retained_bytes: int
    method: str


def reset_peak(root: str | Path = "/", pid: int | None = None) -> int | None:
    """Reset the kernel's peak of a process to its resident memory and return that, in bytes; None where it cannot.

    It takes microseconds and may stand right before a clock. Without `pid` it is that of this process.
    """
    try:
        return _reset_peak(Path(root, f"proc/{pid or 'self'}"))
    except OSError:
        return None


def peak_since(resident: int | None, root: str | Path = "/", pid: int | None = None) -> int | None:
    """Return the most bytes that were held beyond what `reset_peak` returned; None where that is None."""
    if resident is None:
        return None
    try:
        return max(0, _status_bytes(Path(root, f"proc/{pid or 'self'}"), "VmHWM") - resident)
    except OSError:
        return None


FREE_SHARE = 0.8
"""Share of the memory that is free which a process may take, where no limit is given."""


def room_for_a_process(limit_bytes: int | None) -> int:
    """Return how many bytes a process may hold: the limit, or four fifths of what is free on this host."""
    if limit_bytes is not None:
        return limit_bytes
    import psutil

    free, group = psutil.virtual_memory().available, memory_limit()
    return int(FREE_SHARE * (free if group is None else min(free, group)))


class _NoPeakError(OSError):
    """The kernel's peak cannot be read or reset here."""


def measure_peak(
    fn: Callable[[], object],
    *,
    method: Literal["auto", "vmhwm", "sampler"] = "auto",
    root: str | Path = "/",
) -> MemoryReading:
    """Call a function once and read the memory it takes.

    Parameters
    ----------
    fn : callable
        What is measured. Warm up whatever starts thread pools or fills caches before.
    method : {"auto", "vmhwm", "sampler"}
        ``vmhwm``: the kernel's peak (Linux). ``sampler``: a process that samples. ``auto``: the first that works.
    root : path
        Where ``proc`` is found.

    Returns
    -------
    MemoryReading
        The figures and the method they come from.

    Raises
    ------
    OSError
        If the method asked for does not work here.
    """
    if method == "sampler":
        return _by_sampler(fn)
    own = Path(root, "proc/self")
    _give_back_unused()
    try:
        before = _reset_peak(own)
    except OSError:
        if method == "vmhwm":
            raise
        return _by_sampler(fn)
    result = fn()
    peak = _status_bytes(own, "VmHWM")
    _give_back_unused()
    after = _status_bytes(own, "VmRSS")
    del result  # held until here: it belongs to what the call keeps
    return MemoryReading(peak_extra_bytes=max(0, peak - before), retained_bytes=after - before, method=VMHWM)


def _reset_peak(own: Path) -> int:
    """Reset the peak to the resident memory, and return that."""
    old_peak = _status_bytes(own, "VmHWM")
    descriptor = os.open(own / "clear_refs", os.O_WRONLY)  # it cannot be read, and must not be made
    try:
        os.write(descriptor, b"5")
    finally:
        os.close(descriptor)
    peak, resident = _status_bytes(own, "VmHWM"), _status_bytes(own, "VmRSS")
    if peak >= old_peak and peak - resident > _SETTLED_BYTES:
        raise _NoPeakError("the peak of resident memory (VmHWM) cannot be reset here")
    return resident


def _status_bytes(own: Path, name: str) -> int:
    for line in (own / "status").read_bytes().splitlines():
        if line.startswith(name.encode() + b":"):
            return int(line.split()[1]) * 1024
    raise _NoPeakError(f"{own / 'status'} does not tell {name}")


def _give_back_unused() -> None:
    """Collect garbage and have glibc return free heap: a block it kept would hide the next peak of that size."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another libc
        ctypes.CDLL(None).malloc_trim(0)


def _by_sampler(fn: Callable[[], object]) -> MemoryReading:
    command = [sys.executable, "-P", "-c", _SAMPLER_CODE, str(os.getpid())]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as sampler:
        assert sampler.stdin is not None
        assert sampler.stdout is not None
        _answer(sampler.stdout)
        _give_back_unused()
        sampler.stdin.write("begin\n")
        sampler.stdin.flush()
        base = int(_answer(sampler.stdout))
        result = fn()
        _give_back_unused()
        sampler.stdin.close()  # the end mark: it comes by itself if this process dies
        peak, last = map(int, _answer(sampler.stdout).split())
        del result
    return MemoryReading(peak_extra_bytes=peak - base, retained_bytes=last - base, method=SAMPLER)


def _answer(stream: IO[str]) -> str:
    line = stream.readline()
    if not line:
        raise OSError("the process that samples memory ended early; it needs psutil")
    return line
