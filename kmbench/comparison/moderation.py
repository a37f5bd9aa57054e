"""The moderated t: the variance that the pairs of a run have in common, and what it counts beside a pair's own."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["LEAST_PAIRS", "MOST_PRIOR_FREEDOM", "VariancePrior", "fit_prior", "pooled_prior", "trigamma_inverse"]

LEAST_PAIRS = 5
"""With fewer pairs the common variance is not known well enough, and each pair keeps its own."""

MOST_PRIOR_FREEDOM = 1.0
"""The most degrees of freedom that the common variance counts for. Engines differ in how much their times vary, and
from few pairs the estimate can be infinite. With 2 the intervals of three epochs hold the truth in less than 94 % of
the replay's draws (``benchmarks/tools/protocol_rates.py --intervals``)."""

ZERO_SHARE = 1e-5
"""Variances below this share of their median are raised to it, as limma does: zero has no logarithm."""


@dataclass(frozen=True, slots=True)
class VariancePrior:
    """What the pairs of a run say about the variance of one of them.

    Attributes
    ----------
    freedom : float
        Degrees of freedom that it counts for, beside those of a pair's own epochs.
    variance : float
        Of the logarithms of the epochs' ratios.
    pairs : int
        How many it was estimated from.
    """

    freedom: float
    variance: float
    pairs: int

    def moderated(self, variance: float, freedom: float) -> tuple[float, float]:
        """Return the variance of a pair drawn towards the common one, and its degrees of freedom.

        Parameters
        ----------
        variance, freedom : float
            The pair's own: those of its epochs.
        """
        both = self.freedom + freedom
        return (self.freedom * self.variance + freedom * variance) / both, both


def pooled_prior(
    variances: Sequence[float],
    freedoms: Sequence[float],
    *,
    least_pairs: int = LEAST_PAIRS,
    most_freedom: float = MOST_PRIOR_FREEDOM,
) -> VariancePrior | None:
    """Return the prior for pairs of one kind; None with too few of them, or where most do not vary at all.

    Parameters
    ----------
    variances, freedoms : sequence of float
        Of each pair: the variance of the logarithms of its epochs' ratios, and its degrees of freedom, at least 1.
    least_pairs : int
        Fewer give no prior; at least 2.
    most_freedom : float
        The most that the prior's degrees of freedom are set to; its variance is that of the estimate as it was.
    """
    if len(variances) < max(2, least_pairs):
        return None
    middle = statistics.median(variances)
    if middle <= 0:
        return None
    freedom, variance = fit_prior([max(value, ZERO_SHARE * middle) for value in variances], freedoms)
    return VariancePrior(min(freedom, most_freedom), variance, len(variances))


def fit_prior(variances: Sequence[float], freedoms: Sequence[float]) -> tuple[float, float]:
    """Return the degrees of freedom and the variance of the prior that the variances seem to be drawn from.

    Each variance is taken as s0^2 times an F of its own and the prior's degrees of freedom; mean and variance of the
    logarithms are matched. The degrees of freedom are infinite where the variances differ no more than they would by
    chance.

    Parameters
    ----------
    variances, freedoms : sequence of float
        Positive; at least two.

    References
    ----------
    Smyth, Linear models and empirical Bayes methods for assessing differential expression in microarray experiments
    (2004), section 6.2; ``fitFDist`` of limma does the same.
    """
    from scipy.special import digamma, polygamma

    halves = [freedom / 2 for freedom in freedoms]
    logs = [
        math.log(value) - float(digamma(half)) + math.log(half) for value, half in zip(variances, halves, strict=True)
    ]
    mean = statistics.fmean(logs)
    beyond_chance = statistics.variance(logs) - statistics.fmean(float(polygamma(1, half)) for half in halves)
    if beyond_chance <= 0:
        return math.inf, math.exp(mean)
    half = trigamma_inverse(beyond_chance)
    return 2 * half, math.exp(mean + float(digamma(half)) - math.log(half))


def trigamma_inverse(value: float) -> float:
    """Return the positive number whose trigamma is `value`, which is positive.

    References
    ----------
    Smyth (2004), appendix "Inversion of trigamma function": Newton's method on 1 / trigamma, which is nearly
    straight.
    """
    from scipy.special import polygamma

    if value > 1e7:
        return 1 / math.sqrt(value)
    if value < 1e-6:
        return 1 / value
    found = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, found))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, found))
        found += step
        if abs(step) < 1e-10 * found:
            break
    return found
