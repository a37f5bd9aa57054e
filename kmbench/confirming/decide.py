"""Whether paired times bear a step out: for it, against it, or neither."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kmbench.analysis.confirmations import Finding
from kmbench.gate.evidence import LEVEL, p_slower

__all__ = ["LOOKS", "decide"]

LOOKS = (8, 16, 32)
"""Pairs after which it is decided; each look has its share of the level."""


def decide(logs: Sequence[float], log_step: float, cells: int) -> Finding:
    """Return whether a step is borne out.

    It is confirmed where the times differ in its direction by more than chance, by at least half of it; refuted where
    they differ by less than all of it, beyond chance, and by less than half.

    Parameters
    ----------
    logs : sequence of float
        Logarithms of the new time over the old one, one for each epoch.
    log_step : float
        Of the step that the history shows; its sign is the direction.
    cells : int
        Cells of the change, any of which may confirm it.
    """
    level = LEVEL / (len(LOOKS) * cells)
    towards = [math.copysign(1.0, log_step) * log for log in logs]
    size = abs(log_step)
    half = sum(towards) / len(towards) >= size / 2
    if half and p_slower(towards, 0.0) <= level:
        return Finding.CONFIRMED
    if not half and p_slower([size - log for log in towards], 0.0) <= level:
        return Finding.REFUTED
    return Finding.UNDECIDED
