"""Ratios of times, against a worked example and scipy's own t test."""

import numpy as np
import pytest
from scipy import stats

from kmbench.comparison import RatioInterval, Verdict, hodges_lehmann, paired_ratio, verdict_of


def test_the_interval_is_that_of_a_paired_t_test_on_logs():
    rng = np.random.default_rng(0)
    a, b = rng.lognormal(1.0, 0.1, 12), rng.lognormal(0.5, 0.1, 12)
    found = paired_ratio(list(a), list(b))
    expected = stats.ttest_rel(np.log(a), np.log(b)).confidence_interval(0.95)
    assert found.low == pytest.approx(np.exp(expected.low))
    assert found.high == pytest.approx(np.exp(expected.high))
    assert found.ratio == pytest.approx(stats.gmean(a / b))


def test_drift_that_both_sides_share_cancels():
    drift = [1.0, 2.0, 4.0, 8.0]
    found = paired_ratio([3 * x for x in drift], [2 * x for x in drift])
    assert found.ratio == pytest.approx(1.5)
    assert found.low == pytest.approx(1.5)


def test_one_pair_has_no_interval():
    found = paired_ratio([2.0], [1.0])
    assert (found.ratio, found.low, found.high, found.pairs) == (pytest.approx(2.0), None, None, 1)


@pytest.mark.parametrize("pair", [([], []), ([1.0], [1.0, 2.0])])
def test_unpaired_input_is_refused(pair):
    with pytest.raises(ValueError, match="same length"):
        paired_ratio(*pair)


def interval(ratio, low, high, pairs=10, robust=None):
    return RatioInterval(ratio, low, high, pairs, robust or ratio)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (interval(1.2, 1.06, 1.4), Verdict.FASTER),
        (interval(1.2, 1.04, 1.4), Verdict.INCONCLUSIVE),
        (interval(0.8, 0.7, 0.94), Verdict.SLOWER),
        (interval(0.9, 0.8, 0.96), Verdict.INCONCLUSIVE),
        (interval(1.0, 0.96, 1.04), Verdict.EQUIVALENT),
        (interval(1.03, 1.01, 1.06), Verdict.INCONCLUSIVE),
        (interval(2.0, None, None, 1), Verdict.INCONCLUSIVE),
        (interval(1.2, 1.1, 1.3, robust=1.0), Verdict.INCONCLUSIVE),
        (interval(1.2, 1.1, 1.3, pairs=9, robust=1.0), Verdict.FASTER),
    ],
)
def test_a_verdict_is_only_what_the_interval_allows(found, expected):
    assert verdict_of(found) is expected


def test_a_wider_margin_claims_less():
    assert verdict_of(interval(1.08, 1.06, 1.09), margin=0.10) is Verdict.EQUIVALENT


def test_hodges_lehmann_is_the_median_of_walsh_averages():
    assert hodges_lehmann([1.0, 2.0, 9.0]) == pytest.approx(np.median([1, 1.5, 5, 2, 5.5, 9]))


def test_the_smallest_effect_lies_beyond_margin_and_interval():
    assert interval(1.0, 0.95, 1.05).smallest_effect == pytest.approx(1.05 * 1.05 - 1)
