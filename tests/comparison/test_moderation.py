"""The moderated t, against the formulas of Smyth (2004) solved by other means, and against what must hold."""

import math

import numpy as np
import pytest
from scipy import optimize, special, stats

from kmbench.comparison import LEAST_PAIRS, MOST_PRIOR_FREEDOM, VariancePrior, paired_ratio, pooled_prior
from kmbench.comparison.moderation import fit_prior, trigamma_inverse

VARIANCES = [0.0121, 0.0004, 0.0529, 0.0256, 0.0016, 0.1225]
FREEDOMS = [2, 4, 2, 9, 2, 5]


def test_the_prior_solves_the_equations_of_the_paper():
    halves = np.array(FREEDOMS) / 2
    e = np.log(VARIANCES) - special.digamma(halves) + np.log(halves)
    excess = e.var(ddof=1) - special.polygamma(1, halves).mean()
    d0 = optimize.brentq(lambda d: special.polygamma(1, d / 2) - excess, 1e-3, 1e3, xtol=1e-13)
    s0 = math.exp(e.mean() + special.digamma(d0 / 2) - math.log(d0 / 2))
    assert fit_prior(VARIANCES, FREEDOMS) == (pytest.approx(d0, rel=1e-8), pytest.approx(s0, rel=1e-8))


def test_the_prior_that_variances_were_drawn_from_is_found():
    rng = np.random.default_rng(0)
    freedoms = rng.integers(2, 10, 20_000)
    true = 0.01 * 3 / rng.chisquare(3, 20_000)  # scaled inverse chi-square, 3 degrees of freedom around 0.01
    freedom, variance = fit_prior(list(true * rng.chisquare(freedoms) / freedoms), list(freedoms))
    assert freedom == pytest.approx(3, rel=0.05)
    assert variance == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize("value", [1e-9, 1e-3, 0.1, 1.0, 40.0, 1e5, 1e9])
def test_the_inverse_of_trigamma(value):
    assert special.polygamma(1, trigamma_inverse(value)) == pytest.approx(value, rel=1e-3 if value < 1e-6 else 1e-6)


def test_a_known_value_of_trigamma():
    assert trigamma_inverse(math.pi**2 / 6) == pytest.approx(1, rel=1e-9)


def test_equal_variances_count_as_much_as_is_allowed():
    prior = pooled_prior([0.01] * 8, [4] * 8)
    assert (prior.freedom, prior.pairs) == (MOST_PRIOR_FREEDOM, 8)
    assert fit_prior([0.01] * 8, [4] * 8)[0] == math.inf
    # The mean of the logarithm of a chi-square's share lies below 0: the common variance is the larger for it.
    assert prior.variance == pytest.approx(0.01 * math.exp(math.log(2) - special.digamma(2)))


def test_a_prior_that_counts_for_nothing_leaves_students_t():
    times = [1.0, 1.3, 0.9, 1.1]
    plain = paired_ratio(times, [1.0] * 4)
    found = paired_ratio(times, [1.0] * 4, VariancePrior(1e-9, 5.0, 8))
    assert (found.low, found.high) == (pytest.approx(plain.low, rel=1e-6), pytest.approx(plain.high, rel=1e-6))


def test_variances_that_have_nothing_in_common_count_for_nearly_nothing():
    prior = pooled_prior([10.0**-p for p in range(0, 60, 6)], [9] * 10, most_freedom=4.0)
    assert prior.freedom < 0.1


def test_the_interval_is_that_of_a_t_with_the_degrees_of_freedom_of_both():
    logs = np.log([1.5, 1.2, 1.4])
    found = paired_ratio([1.5, 1.2, 1.4], [1.0] * 3, VariancePrior(3.2, 0.02, 8))
    variance = (3.2 * 0.02 + 2 * logs.var(ddof=1)) / 5.2
    low, high = stats.t.interval(0.95, 5.2, logs.mean(), math.sqrt(variance / 3))
    assert (found.low, found.high) == (pytest.approx(math.exp(low)), pytest.approx(math.exp(high)))
    assert found.ratio == pytest.approx(math.exp(logs.mean()))


def test_one_epoch_has_no_interval_of_other_pairs():
    assert paired_ratio([2.0], [1.0], VariancePrior(4.0, 0.01, 8)).low is None


def test_too_few_pairs_have_no_prior():
    assert pooled_prior(VARIANCES[: LEAST_PAIRS - 1], FREEDOMS[: LEAST_PAIRS - 1]) is None
    assert pooled_prior(VARIANCES[:LEAST_PAIRS], FREEDOMS[:LEAST_PAIRS]) is not None


def test_pairs_that_do_not_vary_are_no_reason_to_fail():
    assert pooled_prior([0.0] * 6, [2] * 6) is None
    prior = pooled_prior([0.0, *[0.01] * 6], [2] * 7)
    assert prior.variance > 0
    assert prior.freedom > 0
