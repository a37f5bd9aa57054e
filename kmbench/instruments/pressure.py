"""How contended the whole host was between two moments: time stolen by the hypervisor, and CPU pressure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import monotonic

__all__ = ["Pressure", "pressure_between", "read_pressure"]


@dataclass(frozen=True, slots=True)
class Pressure:
    """Counters of the host; None for what the system does not tell.

    Attributes
    ----------
    at_seconds : float
        Of a monotonic clock.
    busy_ticks, steal_ticks : int or None
        Of all cores since boot, as the kernel counts them (10 ms each, in all but rare kernels).
    cpu_waited_us : int or None
        Time since boot in which some task waited for a core (pressure stall information).
    """

    at_seconds: float
    busy_ticks: int | None
    steal_ticks: int | None
    cpu_waited_us: int | None


def read_pressure(root: str | Path = "/") -> Pressure:
    """Read the counters.

    Parameters
    ----------
    root : path
        Where ``proc`` is found.
    """
    busy = steal = waited = None
    try:
        ticks = [int(part) for part in Path(root, "proc/stat").read_text().splitlines()[0].split()[1:9]]
        busy, steal = sum(ticks), ticks[7]
    except (OSError, ValueError, IndexError):
        pass
    try:
        some = Path(root, "proc/pressure/cpu").read_text().splitlines()[0]
        waited = int(some.rpartition("total=")[2])
    except (OSError, ValueError, IndexError):
        pass
    return Pressure(monotonic(), busy, steal, waited)


def pressure_between(before: Pressure, after: Pressure) -> dict[str, float | None]:
    """Return shares between two readings: ``steal_share`` of all cores' time, ``cpu_pressure_share`` of the time."""
    steal = pressure = None
    if None not in (before.busy_ticks, after.busy_ticks, before.steal_ticks, after.steal_ticks):
        assert before.busy_ticks is not None
        assert after.busy_ticks is not None
        assert before.steal_ticks is not None
        assert after.steal_ticks is not None
        ticks = after.busy_ticks - before.busy_ticks
        steal = (after.steal_ticks - before.steal_ticks) / ticks if ticks > 0 else None
    seconds = after.at_seconds - before.at_seconds
    if before.cpu_waited_us is not None and after.cpu_waited_us is not None and seconds > 0:
        pressure = (after.cpu_waited_us - before.cpu_waited_us) / 1e6 / seconds
    return {"seconds": seconds, "steal_share": steal, "cpu_pressure_share": pressure}
