"""Power laws are what scipy and a plain solver find, and foretell no more than their intervals allow."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from kmbench.analysis.powerlaw import fit_power_law

X = [1e3, 3e3, 1e4, 3e4, 1e5]


@pytest.fixture
def noisy():
    noise = [1.05, 0.97, 1.02, 0.95, 1.03]
    return [2e-6 * x**1.1 * factor for x, factor in zip(X, noise, strict=True)]


def test_an_exact_law_is_found():
    law = fit_power_law([10, 100, 1000], [3.0, 30.0, 300.0])
    assert law.exponent == pytest.approx(1)
    assert law.scale == pytest.approx(0.3)
    assert (law.low, law.high) == pytest.approx((1, 1))
    assert law.at(1e5) == pytest.approx(3e4)
    assert law.reach(3e4) == pytest.approx(1e5)
    assert (law.smallest, law.largest, law.points) == (10, 1000, 3)


def test_exponent_and_interval_are_those_of_scipy(noisy):
    law = fit_power_law(X, noisy)
    found = stats.linregress(np.log(X), np.log(noisy))
    half = stats.t.ppf(0.975, len(X) - 2) * found.stderr
    assert law.exponent == pytest.approx(found.slope)
    assert (law.low, law.high) == pytest.approx((found.slope - half, found.slope + half))
    assert math.log(law.scale) == pytest.approx(found.intercept)


def test_the_reach_is_where_the_band_crosses_the_time(noisy):
    law = fit_power_law(X, noisy)
    low, high = law.reach_band(60.0)
    assert low < law.reach(60.0) < high
    ends = [
        math.exp(brentq(lambda v, side=side: math.log(law.band(math.exp(v))[side] / 60.0), 0, 40)) for side in (1, 0)
    ]
    assert (low, high) == pytest.approx(tuple(ends))


def test_two_points_have_no_interval_and_one_has_no_law():
    law = fit_power_law([10, 100], [1.0, 2.0])
    assert (law.low, law.high, law.band(50), law.reach_band(5)) == (None, None, None, None)
    assert fit_power_law([10, 10], [1.0, 2.0]) is None
    assert fit_power_law([], []) is None


def test_what_does_not_grow_reaches_nothing():
    law = fit_power_law([10, 100, 1000], [3.0, 2.0, 1.0])
    assert law.reach(60) is None
    assert law.reach_band(60) is None
    flat = fit_power_law([10, 100, 1000], [1.0, 1.001, 1.0001])
    assert flat.reach(3600) is None


def test_a_law_too_vague_has_an_open_end():
    law = fit_power_law([10, 100, 1000], [1.0, 9.0, 2.0])
    assert law.low < 0 < law.high
    assert law.reach_band(60) is None
