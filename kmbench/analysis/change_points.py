"""Where a noisy series steps: three detectors that err in different ways, and what two of them agree on.

All take the logarithms of a figure over the commits, so that a step is a factor. An index says where the new level
begins. Outliers are pulled in beforehand by `hampel`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DETECTORS",
    "LEAST_COMMITS",
    "Step",
    "commits_until_seen",
    "e_divisive",
    "hampel",
    "kernel_partition",
    "mann_whitney_scan",
    "noise_of",
    "smallest_step",
    "vote",
]

Series = NDArray[np.float64]

LEAST_COMMITS = 6
"""Shorter series are not judged: three values on each side tell a level from chance at best."""

LEAST_SEGMENT = 2
"""Values on each side of a step."""

VOTES = 2
"""Of the three detectors, how many must find a step."""

TOLERANCE = 1
"""Commits by which two detectors may differ and still mean the same step."""

LEAST_STEP = 0.03
"""Smaller steps, as a share, are not reported: nobody changes an engine for them."""

HAMPEL_WINDOW, HAMPEL_SIGMAS = 5, 4.0

KERNEL_WIDTH = 2.0
"""Width of the kernel in standard deviations of the noise."""

E_DIVISIVE_LEVEL, MANN_WHITNEY_LEVEL = 0.001, 0.01

MANN_WHITNEY_DRAWS = 4000

MAD_TO_SIGMA = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""

SEEN_FACTOR = 4.8
"""Smallest step over the noise that is found in four of five series, times sqrt(1/a + 1/b)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step on which detectors agree.

    Attributes
    ----------
    at : int
        Index of the first value of the new level.
    start, stop : int
        The levels on both sides reach from `start` to `at` and from `at` to `stop`.
    ratio : float
        New level over old one: ratio of the geometric means.
    votes : tuple of str
        Names of the detectors that found it.
    """

    at: int
    start: int
    stop: int
    ratio: float
    votes: tuple[str, ...]


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


def vote(values: Sequence[float], detectors: Mapping[str, Callable[[Series], list[int]]] = DETECTORS) -> list[Step]:
    """Return the steps of a figure on which two of three detectors agree.

    Parameters
    ----------
    values : sequence of float
        The figure, positive, one for each commit.
    detectors : mapping of str to callable
        From the logarithms to the indexes of steps.

    Returns
    -------
    list of Step
        In the order of the commits; steps of less than `LEAST_STEP` are left out.

    Raises
    ------
    ValueError
        If a value is not positive and finite.
    """
    given = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(given).all() and (given > 0).all()):
        raise ValueError("vote needs positive, finite values")
    logs = np.log(given)
    if len(logs) < LEAST_COMMITS:
        return []
    smooth = hampel(logs)
    found = {name: detect(smooth) for name, detect in detectors.items()}
    agreed = _agreed(found)
    while True:
        bounds = [0, *(at for at, _ in agreed), len(logs)]
        steps = [_step(smooth, bounds[i], bounds[i + 1], bounds[i + 2], votes) for i, (_, votes) in enumerate(agreed)]
        small = [i for i, step in enumerate(steps) if abs(math.log(step.ratio)) < math.log1p(LEAST_STEP)]
        if not small:
            return steps
        least = min(small, key=lambda i: abs(math.log(steps[i].ratio)))
        del agreed[least]  # one at a time: the levels beside it grow together


def _step(logs: Series, start: int, at: int, stop: int, votes: tuple[str, ...]) -> Step:
    ratio = math.exp(float(logs[at:stop].mean() - logs[start:at].mean()))
    return Step(at=at, start=start, stop=stop, ratio=ratio, votes=votes)


def _agreed(found: Mapping[str, Sequence[int]]) -> list[tuple[int, tuple[str, ...]]]:
    """Return the places that enough detectors name, within `TOLERANCE`, with their names; each place is used once."""
    left = {name: list(places) for name, places in found.items()}
    agreed: list[tuple[int, tuple[str, ...]]] = []
    while True:
        places = sorted({at for own in left.values() for at in own})
        groups = [
            {name: min(own, key=lambda p: abs(p - at)) for name, own in left.items() if _near(own, at)}
            for at in places
        ]
        groups = [group for group in groups if len(group) >= VOTES]
        if not groups:
            return sorted(agreed)
        best = max(groups, key=lambda group: (len(group), -np.ptp(list(group.values()))))
        agreed.append((int(np.median(list(best.values()))), tuple(best)))
        for name, at in best.items():
            left[name].remove(at)


def _near(places: Sequence[int], at: int) -> bool:
    return any(abs(place - at) <= TOLERANCE for place in places)


def smallest_step(noise: float, before: int, after: int) -> float:
    """Return the smallest step, as a share, that so many commits on both sides show in four of five series.

    Parameters
    ----------
    noise : float
        Standard deviation of the logarithms, as `noise_of` finds it.
    before, after : int
        Commits on the two sides.
    """
    if min(before, after) < 1:
        return math.inf
    return math.expm1(SEEN_FACTOR * noise * math.sqrt(1 / before + 1 / after))


def commits_until_seen(noise: float, before: int, step: float) -> int | None:
    """Return after how many commits a step at the end of a line shows; None if it never will.

    Parameters
    ----------
    noise : float
        Standard deviation of the logarithms.
    before : int
        Commits before the step.
    step : float
        Its size as a share.
    """
    room = (math.log1p(step) / SEEN_FACTOR) ** 2 - noise**2 / before if before else -1.0
    if room <= 0.0:
        return None
    return max(LEAST_SEGMENT, math.ceil(noise**2 / room))
