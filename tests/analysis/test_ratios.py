"""Ratios of times, against a worked example and scipy's own t test."""

import numpy as np
import pytest
from scipy import stats

from kmbench.analysis import paired_ratio


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
