"""Near or distant: the two states of a host's cores, told apart by the ratios of the cross-core probe."""

from __future__ import annotations

import itertools
import math
import statistics
from bisect import bisect_left
from collections.abc import Sequence
from enum import StrEnum

__all__ = ["CoreState", "boundary_of", "state_of"]

LEAST_PROBES = 8
"""Fewer tell of no states."""

LEAST_SHARE, LEAST_OF_A_STATE = 0.1, 3
"""A state is one that at least this share of the probes, and so many, were in."""

LEAST_SEPARATION = 6.0
"""Distance of the states' means, in standard deviations of what one probe differs by from the next."""

GREATEST_SPREAD = 0.2
"""Standard deviation within a state, as a share of that distance: probes that other work disturbed are no state."""

GAP_SHARE = 0.1
"""Of the probes, at most this share lie in the middle third between the states: a host that drifts has no states."""


class CoreState(StrEnum):
    """Where the cores were while a fit ran."""

    NEAR = "near"
    DISTANT = "distant"
    MOVED = "moved"


def boundary_of(ratios: Sequence[float]) -> float | None:
    """Return the probe ratio that parts a host's two states, or None where these probes show only one.

    The probes calibrate themselves: what one differs by from the next is their noise, as a host stays in a state for
    seconds to minutes, and two states have to lie far apart beside it, with hardly a probe between them.

    Parameters
    ----------
    ratios : sequence of float
        Of the probes of one thread count on one host, in the order taken.

    References
    ----------
    Otsu, A threshold selection method from gray-level histograms (1979): the split with the greatest variance between
    its classes, here of the logarithms.
    """
    logs = [math.log(ratio) for ratio in ratios]
    count = len(logs)
    if count < LEAST_PROBES:
        return None
    # The median of the absolute difference of two normal values is 0.954 standard deviations.
    noise = statistics.median(abs(b - a) for a, b in itertools.pairwise(logs)) / 0.954
    logs.sort()
    below = _best_split(logs)
    if min(below, count - below) < max(LEAST_OF_A_STATE, LEAST_SHARE * count):
        return None
    near, distant = statistics.fmean(logs[:below]), statistics.fmean(logs[below:])
    apart = distant - near
    between = bisect_left(logs, distant - apart / 3) - bisect_left(logs, near + apart / 3)
    spread = max(statistics.pstdev(logs[:below]), statistics.pstdev(logs[below:]))
    if apart < LEAST_SEPARATION * noise or spread > GREATEST_SPREAD * apart or between > GAP_SHARE * count:
        return None
    return math.exp((logs[below - 1] + logs[below]) / 2)


def _best_split(logs: Sequence[float]) -> int:
    """Return how many of the sorted values belong to the lower of the two classes."""
    total, below, best, best_at = sum(logs), 0.0, -1.0, 1
    for at, value in enumerate(logs[:-1], start=1):
        below += value
        difference = (total - below) / (len(logs) - at) - below / at
        between = at * (len(logs) - at) * difference**2
        if between > best:
            best, best_at = between, at
    return best_at


def state_of(before: float | None, after: float | None, boundary: float | None) -> CoreState | None:
    """Return the state in which a fit ran, from the probes before and after it; None where it is not known."""
    if before is None or after is None or boundary is None:
        return None
    if (before > boundary) != (after > boundary):
        return CoreState.MOVED
    return CoreState.DISTANT if before > boundary else CoreState.NEAR
