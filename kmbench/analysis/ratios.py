"""Ratios of times with their intervals."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CONFIDENCE", "RatioInterval", "paired_ratio"]

CONFIDENCE = 0.95


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
    """

    ratio: float
    low: float | None
    high: float | None
    pairs: int


def paired_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> RatioInterval:
    """Return the geometric mean of paired ratios with Student's t interval on their logarithms.

    Pairs stem from the same round, so that drift of the host, which both sides of a pair share, cancels.

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
    mean = statistics.fmean(logs)
    if len(logs) < 2:
        return RatioInterval(math.exp(mean), None, None, 1)
    from scipy.stats import t

    half = float(t.ppf((1 + CONFIDENCE) / 2, len(logs) - 1)) * statistics.stdev(logs) / math.sqrt(len(logs))
    return RatioInterval(math.exp(mean), math.exp(mean - half), math.exp(mean + half), len(logs))
