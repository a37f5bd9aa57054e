"""Three detectors of steps in a noisy series, which err in different ways, and a filter for outliers.

All take the logarithms of a figure over the commits, so that a step is a factor. An index says where the new level
begins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DETECTORS",
    "LEAST_COMMITS",
    "LEAST_SEGMENT",
    "Series",
    "e_divisive",
    "hampel",
    "kernel_partition",
    "mann_whitney_scan",
    "noise_of",
]

Series = NDArray[np.float64]

LEAST_COMMITS = 6
"""Shorter series are not judged: three values on each side tell a level from chance at best."""

LEAST_SEGMENT = 2
"""Values on each side of a step."""

HAMPEL_WINDOW, HAMPEL_SIGMAS = 5, 4.0

KERNEL_WIDTH = 2.0
"""Width of the kernel in standard deviations of the noise."""

E_DIVISIVE_LEVEL, MANN_WHITNEY_LEVEL = 0.001, 0.01

MANN_WHITNEY_DRAWS = 4000

MAD_TO_SIGMA = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""


def noise_of(values: Series) -> float:
    """Return the standard deviation of the noise around the levels, robust to steps and outliers.

    The median absolute deviation of the differences of neighbours, over sqrt(2): a step spoils one difference.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    """
    if len(values) < 2:
        return 0.0
    return MAD_TO_SIGMA * float(np.median(np.abs(np.diff(values)))) / math.sqrt(2)


def hampel(values: Series, window: int = HAMPEL_WINDOW, sigmas: float = HAMPEL_SIGMAS) -> Series:
    """Return the series with outliers replaced by the median of their neighbourhood.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    window : int
        Neighbours on each side.
    sigmas : float
        Distance from the median, in standard deviations by the median absolute deviation, that makes an outlier.

    References
    ----------
    Pearson, Neuvo, Astola and Gabbouj, Generalized Hampel filters (2016).
    """
    out = values.copy()
    for i in range(len(values)):
        around = values[max(0, i - window) : i + window + 1]
        middle = float(np.median(around))
        spread = MAD_TO_SIGMA * float(np.median(np.abs(around - middle)))
        if abs(values[i] - middle) > sigmas * spread:
            out[i] = middle
    return out


def kernel_partition(values: Series) -> list[int]:
    """Return the steps of the partition that is best under a Gaussian kernel, with a penalty of ln n for each.

    The cost of a segment is the scatter of its values in the kernel's feature space. The best partition is exact:
    it is found by dynamic programming over all segments, whose costs come from cumulative sums of the Gram matrix.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)

    References
    ----------
    Arlot, Celisse and Harchaoui, A kernel multiple change-point algorithm via model selection (2019).
    """
    n = len(values)
    width = KERNEL_WIDTH * noise_of(values) or np.finfo(float).tiny
    gram = np.exp(-np.square(np.subtract.outer(values, values) / width) / 2)
    sums = np.zeros((n + 1, n + 1))
    sums[1:, 1:] = gram.cumsum(axis=0).cumsum(axis=1)
    diagonal = np.diag(sums)
    penalty = math.log(n)
    best, last = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=np.int64)
    best[0] = -penalty
    for stop in range(LEAST_SEGMENT, n + 1):
        starts = np.arange(stop - LEAST_SEGMENT + 1)
        length = stop - starts
        inside = diagonal[stop] + diagonal[starts] - 2 * sums[stop, starts]
        total = best[starts] + (length - inside / length) + penalty
        last[stop] = int(np.argmin(total))
        best[stop] = total[last[stop]]
    found, stop = [], n
    while last[stop] > 0:
        stop = int(last[stop])
        found.append(stop)
    return found[::-1]


def e_divisive(values: Series) -> list[int]:
    """Return the steps that divide the series by its energy statistic, where a t-test confirms the two levels.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)

    References
    ----------
    Matteson and James, A nonparametric approach for multiple change point analysis (2014); Daly et al., The use of
    change point detection to identify software performance regressions in a continuous integration system (2020). The
    t-test in place of permutations is that of Fleming et al., Hunter (2023).
    """
    n = len(values)
    distances = np.abs(np.subtract.outer(values, values))
    sums = np.zeros((n + 1, n + 1))
    sums[1:, 1:] = distances.cumsum(axis=0).cumsum(axis=1)

    def split(start: int, stop: int) -> int | None:
        cuts = np.arange(start + LEAST_SEGMENT, stop - LEAST_SEGMENT + 1)
        if not len(cuts):
            return None
        a, b = cuts - start, stop - cuts
        left = sums[cuts, cuts] - 2 * sums[start, cuts] + sums[start, start]
        right = sums[stop, stop] - 2 * sums[cuts, stop] + sums[cuts, cuts]
        between = sums[cuts, stop] - sums[start, stop] - sums[cuts, cuts] + sums[start, cuts]
        energy = a * b / (a + b) * (2 * between / (a * b) - left / (a * (a - 1)) - right / (b * (b - 1)))
        at = int(cuts[np.argmax(energy)])
        return at if _levels_differ(values[start:at], values[at:stop]) else None

    return _bisected(n, split)


def _levels_differ(before: Series, after: Series) -> bool:
    """Tell whether Student's t puts two levels apart at `E_DIVISIVE_LEVEL`."""
    from scipy.stats import t

    a, b = len(before), len(after)
    pooled = (np.square(before - before.mean()).sum() + np.square(after - after.mean()).sum()) / (a + b - 2)
    difference = abs(float(before.mean() - after.mean()))
    if pooled == 0.0:
        return difference > 0.0
    statistic = difference / math.sqrt(pooled * (1 / a + 1 / b))
    return bool(2 * t.sf(statistic, a + b - 2) < E_DIVISIVE_LEVEL)


def mann_whitney_scan(values: Series) -> list[int]:
    """Return the steps where ranks before and after differ most, beyond what chance does anywhere in the series.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)

    References
    ----------
    Pettitt, A non-parametric approach to the change-point problem (1979). The statistic is standardised at each
    cut, so that steps near an end are found too; its critical values are simulated.
    """
    from scipy.stats import rankdata

    def split(start: int, stop: int) -> int | None:
        length = stop - start
        if length < LEAST_COMMITS:
            return None
        scores = _rank_scores(rankdata(values[start:stop])[None])[0]
        place = int(np.argmax(scores))
        return start + LEAST_SEGMENT + place if scores[place] > _critical_score(length) else None

    return _bisected(len(values), split)


def _rank_scores(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standardised rank sums of all cuts, shape (series, cuts)."""
    n = ranks.shape[1]
    a = np.arange(LEAST_SEGMENT, n - LEAST_SEGMENT + 1)
    sums = ranks.cumsum(axis=1)[:, a - 1]
    scores: NDArray[np.float64] = np.abs(sums - a * (n + 1) / 2) / np.sqrt(a * (n - a) * (n + 1) / 12)
    return scores


@cache
def _critical_score(n: int) -> float:
    """Return what the largest score of a series without a step exceeds with a chance of `MANN_WHITNEY_LEVEL`."""
    rng = np.random.default_rng(n)
    ranks = rng.permuted(np.tile(np.arange(1.0, n + 1), (MANN_WHITNEY_DRAWS, 1)), axis=1)
    return float(np.quantile(_rank_scores(ranks).max(axis=1), 1 - MANN_WHITNEY_LEVEL))


def _bisected(n: int, split: Callable[[int, int], int | None]) -> list[int]:
    """Divide a series, then its parts, until no part is divided any more."""
    found, parts = [], [(0, n)]
    while parts:
        start, stop = parts.pop()
        at = split(start, stop)
        if at is not None:
            found.append(at)
            parts += [(start, at), (at, stop)]
    return sorted(found)


DETECTORS: Mapping[str, Callable[[Series], list[int]]] = {
    "kernel": kernel_partition,
    "e-divisive": e_divisive,
    "mann-whitney": mann_whitney_scan,
}
