"""How well some queries tell the recall of all: an interval that knows that neighbours of one query go together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["recall_interval"]

Z = 1.959964
"""Of the two-sided 95 % interval."""


def recall_interval(
    mean: NDArray[np.float64], mean_square: NDArray[np.float64], queries: int, k: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 95 % interval of the recall from the recalls of single queries.

    Wilson's score interval with the effective sample size: as many independent trials as would have the variance
    that is seen between queries. Neighbours of one query are found or missed together, so ``queries * k`` trials
    would claim too much; ``queries`` trials, the other extreme, is used where the queries do not differ at all.

    Parameters
    ----------
    mean, mean_square : ndarray of float64
        Over the queries, of the recall of each and of its square.
    queries, k : int

    Returns
    -------
    low, high : ndarray of float64

    Notes
    -----
    E. Korn and B. Graubard, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24 (1998), with Wilson's interval in the place of Clopper and
    Pearson's.
    """
    spread = mean * (1 - mean)
    variance = np.maximum(mean_square - np.square(mean), 0.0) / max(1, queries - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        trials = np.where(variance > 0, spread / variance, float(queries))
    trials = np.clip(trials, queries, queries * k)
    scale = 1 + Z**2 / trials
    middle = (mean + Z**2 / (2 * trials)) / scale
    half = Z * np.sqrt(spread / trials + Z**2 / (4 * trials**2)) / scale
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
