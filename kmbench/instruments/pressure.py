"""How contended the whole host was between two moments: by other programs, by the hypervisor, and CPU pressure."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

__all__ = ["Pressure", "pressure_between", "read_pressure"]

IDLE, IO_WAIT, STEAL, KINDS = 3, 4, 7, 8
"""Columns of the first line of ``/proc/stat`` (proc_stat(5)), and how many of them add up to all time."""


@dataclass(frozen=True, slots=True)
class Pressure:
    """Counters of the host; None for what the system does not tell.

    Attributes
    ----------
    at_seconds : float
        Of a monotonic clock.
    total_seconds, used_seconds, stolen_seconds : float or None
        Of all cores since boot: all time, time in which they worked for us or others, time the hypervisor took.
    own_seconds : float
        CPU time of this process and of its descendants that have ended.
    waited_seconds : float or None
        Time since boot in which some task waited for a core (pressure stall information).
    """

    at_seconds: float
    total_seconds: float | None
    used_seconds: float | None
    stolen_seconds: float | None
    own_seconds: float
    waited_seconds: float | None


def read_pressure(root: str | Path = "/", unwaited_seconds: float = 0.0) -> Pressure:
    """Read the counters.

    Parameters
    ----------
    root : path
        Where ``proc`` is found.
    unwaited_seconds : float
        CPU time of descendants that have ended without being waited for: the system tells it to nobody afterwards.
    """
    total = used = stolen = waited = None
    try:
        line = Path(root, "proc/stat").read_text().splitlines()[0].split()[1 : 1 + KINDS]
        ticks = [int(part) / os.sysconf("SC_CLK_TCK") for part in line]
        stolen = ticks[STEAL]
        total, used = sum(ticks), sum(ticks) - ticks[IDLE] - ticks[IO_WAIT] - stolen
    except (OSError, ValueError, IndexError):
        pass
    try:
        some = Path(root, "proc/pressure/cpu").read_text().splitlines()[0]
        waited = int(some.rpartition("total=")[2]) / 1e6
    except (OSError, ValueError, IndexError):
        pass
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own = unwaited_seconds + sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return Pressure(monotonic(), total, used, stolen, own, waited)


def pressure_between(before: Pressure, after: Pressure) -> dict[str, float | None]:
    """Return what lay between two readings.

    Returns
    -------
    dict
        ``seconds``; of all cores' time ``others_share``, in which programs that are not ours worked, and
        ``steal_share``; of the time ``cpu_pressure_share``, in which some task, ours included, waited for a core.
    """
    seconds = after.at_seconds - before.at_seconds
    total = _difference(before.total_seconds, after.total_seconds)
    used = _difference(before.used_seconds, after.used_seconds)
    stolen = _difference(before.stolen_seconds, after.stolen_seconds)
    waited = _difference(before.waited_seconds, after.waited_seconds)
    own = after.own_seconds - before.own_seconds
    return {
        "seconds": seconds,
        "others_share": max(0.0, used - own) / total if used is not None and total else None,
        "steal_share": stolen / total if stolen is not None and total else None,
        "cpu_pressure_share": waited / seconds if waited is not None and seconds > 0 else None,
    }


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
