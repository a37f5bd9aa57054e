"""What paired times can prove: the chance of a false alarm, and the smallest slowdown that would have been found."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

__all__ = ["LEVEL", "MARGIN", "finds_from", "hidden_by_noise", "holm", "noise_limit", "p_slower", "pairs_needed"]

MARGIN = 0.10
"""Share by which a time must be longer to count: shared hosts differ by several percent from hour to hour."""

LEVEL = 0.01
"""Chance that a gate over equal commits calls any time slower, before the failing cells are measured again."""

MISSED = 0.20
"""Chance that a slowdown of the size given as "finds from" is missed."""


def p_slower(logs: Sequence[float], margin: float) -> float:
    """Return the chance of such ratios if head were slower by the margin at most: Student's t, one-sided.

    Parameters
    ----------
    logs : sequence of float
        Logarithms of head's time over base's, one for each epoch, at least two.
    margin : float
    """
    from scipy.stats import t

    distance = statistics.fmean(logs) - math.log1p(margin)
    error = statistics.stdev(logs) / math.sqrt(len(logs))
    if error == 0.0:
        return 0.0 if distance > 0 else 1.0
    return float(t.sf(distance / error, len(logs) - 1))


def holm(chances: Sequence[float], level: float) -> list[bool]:
    """Return which hypotheses are rejected so that the chance of any false rejection is at most `level`.

    References
    ----------
    Holm, A simple sequentially rejective multiple test procedure (1979).
    """
    rejected = [False] * len(chances)
    for rank, position in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        if chances[position] > level / (len(chances) - rank):
            break
        rejected[position] = True
    return rejected


def hidden_by_noise(deviation: float, pairs: int, cells: int) -> float:
    """Return how far beyond the margin, as a share, a slowdown must lie to be found in four of five runs.

    Parameters
    ----------
    deviation : float
        Standard deviation of the logarithms of the ratios.
    pairs : int
        At least 2.
    cells : int
        Among how many cells Holm's rule shares the level; a single slow one meets the strictest.
    """
    from scipy.stats import t

    reach = t.isf(LEVEL / cells, pairs - 1) + t.isf(MISSED, pairs - 1)
    return math.expm1(float(reach) * deviation / math.sqrt(pairs))


def finds_from(logs: Sequence[float], margin: float, cells: int) -> float | None:
    """Return the smallest slowdown, as a share, that such times would have shown in four of five runs.

    Parameters
    ----------
    logs : sequence of float
        Logarithms of head's time over base's, one for each epoch; with less than two nothing is found.
    margin : float
    cells : int
        Cells that are judged together.
    """
    if len(logs) < 2:
        return None
    return (1 + margin) * (1 + hidden_by_noise(statistics.stdev(logs), len(logs), cells)) - 1


def noise_limit(margin: float) -> float:
    """Return what the noise of a cell may hide before the cell is blind: a slowdown of the margin, told from none.

    Without a margin it is that of a gate which is given none.
    """
    return margin or MARGIN


def pairs_needed(logs: Sequence[float], margin: float, cells: int, most: int) -> int:
    """Return how many pairs of such noise would show a slowdown of the margin, at most `most`."""
    deviation = statistics.stdev(logs) if len(logs) > 1 else math.inf
    for pairs in range(max(2, len(logs)), most):
        if hidden_by_noise(deviation, pairs, cells) <= noise_limit(margin):
            return pairs
    return most
