"""The rungs of the protocol ``target``: after how many iterations each backend is stopped and judged."""

from __future__ import annotations

__all__ = ["rungs_up_to"]


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
