"""What the protocols of a study mean for a backend, and the rungs of ``target``."""

from __future__ import annotations

from typing import Literal

__all__ = ["job_protocol", "rungs_up_to"]


def job_protocol(protocol: str) -> Literal["matched", "native"]:
    """Return what a backend is told: to it every rung of a ``target`` ladder is a matched run."""
    return "native" if protocol == "native" else "matched"


def rungs_up_to(iterations: int) -> list[int]:
    """Return 1, 2, 3, 4, 6, 8, 12, 16, … below `iterations`, and `iterations` itself.

    Powers of two and their halves between: no rung takes more than half again as long as the one before it, once
    there are more than two iterations, so no time to a target is overstated by more than that.
    """
    rungs, power = {iterations}, 1
    while power < iterations:
        rungs |= {rung for rung in (power, power + power // 2) if rung < iterations}
        power *= 2
    return sorted(rungs)
