"""Ratios of times with their intervals, and the verdict that an interval allows."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

__all__ = [
    "CONFIDENCE",
    "MARGIN",
    "SAME_INERTIA",
    "RatioInterval",
    "Verdict",
    "hodges_lehmann",
    "paired_ratio",
    "ratio_by_epoch",
    "same_inertia",
    "unpaired_ratio",
    "verdict_of",
]

CONFIDENCE = 0.95

MARGIN = 0.05
"""Ratios closer to 1 than this are called equal: what no user would change an engine for."""

ROBUST_PAIRS = 10
"""From this many pairs on the Hodges-Lehmann estimate is asked for a second opinion."""

SAME_INERTIA = 1e-3
"""Relative excess of inertia over the reference's up to which an answer counts as the same."""

Epoch = TypeVar("Epoch", int, tuple[int, int])


class Verdict(StrEnum):
    """What an interval of a ratio allows to say."""

    FASTER = "faster"
    SLOWER = "slower"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class RatioInterval:
    """A ratio of times and its interval; the interval is None below two pairs.

    Attributes
    ----------
    ratio : float
        Geometric mean of the pairs' ratios.
    low, high : float or None
        Ends of the 95 % interval.
    pairs : int
    robust : float
        Hodges-Lehmann estimate of the ratio.
    """

    ratio: float
    low: float | None
    high: float | None
    pairs: int
    robust: float

    @property
    def half_width(self) -> float | None:
        """Half the interval, as a share of the ratio: 0.05 for ±5 %."""
        return None if self.high is None else self.high / self.ratio - 1

    @property
    def smallest_effect(self) -> float | None:
        """The smallest difference, as a share, that an interval of this width could have told from the margin."""
        half = self.half_width
        return None if half is None else (1 + half) * (1 + MARGIN) - 1


def paired_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> RatioInterval:
    """Return the geometric mean of paired ratios with Student's t interval on their logarithms.

    Pairs stem from the same epoch, so that drift of the host, which both sides of a pair share, cancels.

    Parameters
    ----------
    numerators, denominators : sequence of float
        Positive, of equal length, at least one.

    References
    ----------
    Kalibera and Jones, Quantifying Performance Changes with Effect Size Confidence Intervals (2020): report an
    interval of the ratio itself. Fleming and Wallace (1986): normalised numbers take the geometric mean.
    """
    if len(numerators) != len(denominators) or not numerators:
        raise ValueError("paired_ratio needs two sequences of the same length, of at least one value")
    logs = [math.log(a / b) for a, b in zip(numerators, denominators, strict=True)]
    mean, robust = statistics.fmean(logs), math.exp(hodges_lehmann(logs))
    if len(logs) < 2:
        return RatioInterval(math.exp(mean), None, None, 1, robust)
    from scipy.stats import t

    half = float(t.ppf((1 + CONFIDENCE) / 2, len(logs) - 1)) * statistics.stdev(logs) / math.sqrt(len(logs))
    return RatioInterval(math.exp(mean), math.exp(mean - half), math.exp(mean + half), len(logs), robust)


def ratio_by_epoch(numerators: Mapping[Epoch, float], denominators: Mapping[Epoch, float]) -> RatioInterval | None:
    """Return the paired ratio over the epochs that both sides have, or None where they share none.

    Parameters
    ----------
    numerators, denominators : mapping of int or (int, int) to float
        Positive figures by epoch, or by session and epoch as `kmbench.comparison.epoch_means` gives them.
    """
    common = sorted(numerators.keys() & denominators.keys())
    if not common:
        return None
    return paired_ratio([numerators[epoch] for epoch in common], [denominators[epoch] for epoch in common])


def unpaired_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> RatioInterval:
    """Return the ratio of two geometric means of unpaired times, with Welch's interval on their logarithms.

    Parameters
    ----------
    numerators, denominators : sequence of float
        Positive, at least one each; the interval is None where one of them has only one.

    References
    ----------
    Welch, The generalization of "Student's" problem (1947).
    """
    a, b = ([math.log(value) for value in values] for values in (numerators, denominators))
    difference = statistics.fmean(a) - statistics.fmean(b)
    pairs, robust = min(len(a), len(b)), math.exp(statistics.median(x - y for x in a for y in b))
    if pairs < 2:
        return RatioInterval(math.exp(difference), None, None, pairs, robust)
    from scipy.stats import t

    parts = [statistics.variance(values) / len(values) for values in (a, b)]
    if not sum(parts):
        return RatioInterval(math.exp(difference), math.exp(difference), math.exp(difference), pairs, robust)
    freedom = sum(parts) ** 2 / sum(part**2 / (len(v) - 1) for part, v in zip(parts, (a, b), strict=True))
    half = float(t.ppf((1 + CONFIDENCE) / 2, freedom)) * math.sqrt(sum(parts))
    return RatioInterval(
        math.exp(difference), math.exp(difference - half), math.exp(difference + half), pairs, robust
    )


def hodges_lehmann(values: Sequence[float]) -> float:
    """Return the median of the means of all pairs of values, each with itself included.

    References
    ----------
    Hodges and Lehmann, Estimates of location based on rank tests (1963).
    """
    count = len(values)
    return statistics.median((values[i] + values[j]) / 2 for i in range(count) for j in range(i, count))


def verdict_of(speedup: RatioInterval, margin: float = MARGIN) -> Verdict:
    """Return what the interval of a speed-up allows to say about the numerator's rival.

    ``faster`` or ``slower`` only where the whole interval lies beyond the margin, ``equivalent`` where it lies
    inside, else ``inconclusive``; also where the robust estimate lies outside the interval.

    Parameters
    ----------
    speedup : RatioInterval
        Baseline's time over that of the backend in question.
    margin : float
        Share by which times must differ to be called different.
    """
    low, high = speedup.low, speedup.high
    if low is None or high is None:
        return Verdict.INCONCLUSIVE
    if speedup.pairs >= ROBUST_PAIRS and not low <= speedup.robust <= high:
        return Verdict.INCONCLUSIVE
    if low > 1 + margin:
        return Verdict.FASTER
    if high < 1 / (1 + margin):
        return Verdict.SLOWER
    if low >= 1 / (1 + margin) and high <= 1 + margin:
        return Verdict.EQUIVALENT
    return Verdict.INCONCLUSIVE


def same_inertia(ratio: float | None) -> bool:
    """Return whether an inertia, as a ratio to the reference's, reaches it; what is not known does not."""
    return ratio is not None and ratio <= 1 + SAME_INERTIA
