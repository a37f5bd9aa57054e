"""Steps that were planted are found where they are, and none is found where none is."""

import math

import numpy as np
import pytest

from kmbench.analysis.change_points import commits_until_seen, smallest_step, vote
from kmbench.analysis.detectors import DETECTORS, hampel, kernel_partition, mann_whitney_scan, noise_of


def series(seed, n=50, noise=0.03, step=0.0, at=None):
    logs = np.random.default_rng(seed).normal(0, noise, n)
    if at is not None:
        logs[at:] += math.log1p(step)
    return np.exp(logs)


@pytest.mark.parametrize("detector", DETECTORS)
def test_each_detector_finds_a_clear_step_at_its_place(detector):
    for seed in range(10):
        found = DETECTORS[detector](np.log(series(seed, step=0.25, at=20)))
        assert min(abs(place - 20) for place in found) <= 1
        assert len(found) <= 2


def test_the_vote_finds_a_quarter_in_noise_of_eight_percent_and_nothing_without():
    hits = sum(
        any(abs(s.at - 25) <= 1 for s in vote(series(seed, noise=0.08, step=0.25, at=25))) for seed in range(60)
    )
    assert hits >= 54
    assert sum(len(vote(series(seed, noise=0.08))) for seed in range(60)) <= 3


def test_a_step_tells_its_size_its_levels_and_who_found_it():
    (step,) = vote(series(1, step=-0.2, at=30))
    assert (step.start, step.at, step.stop) == (0, 30, 50)
    assert step.ratio == pytest.approx(0.8, rel=0.03)
    assert set(step.votes) == set(DETECTORS)


def test_two_steps_and_a_way_back_are_told_apart():
    logs = np.random.default_rng(3).normal(0, 0.02, 60)
    logs[20:40] += math.log(1.3)
    assert [abs(step.at - at) <= 1 for step, at in zip(vote(np.exp(logs)), (20, 40), strict=True)] == [True, True]


def test_one_detector_alone_is_not_enough():
    def alone(values):
        return [10]

    def silent(values):
        return []

    assert vote(series(0), {"a": alone, "b": silent, "c": silent}) == []
    (found,) = vote(series(0, step=0.3, at=10), {"a": alone, "b": lambda values: [11], "c": silent})
    assert found.votes == ("a", "b")


def test_a_step_below_three_percent_is_not_reported():
    def sure(values):
        return [25]

    assert vote(series(0, noise=0.001, step=0.02, at=25), {"a": sure, "b": sure, "c": sure}) == []
    assert len(vote(series(0, noise=0.001, step=0.05, at=25), {"a": sure, "b": sure, "c": sure})) == 1


def test_outliers_are_pulled_in_and_steps_are_not():
    values = np.log(series(4, step=0.3, at=25))
    spoiled = values.copy()
    spoiled[[7, 33]] += 0.8
    cleaned = hampel(spoiled)
    assert np.abs(cleaned - values).max() < 0.15
    assert np.allclose(hampel(values), values, atol=0.1)
    (step,) = vote(np.exp(spoiled))
    assert step.at == 25


def test_the_noise_is_that_around_the_levels():
    assert noise_of(np.log(series(0, n=4000, noise=0.05, step=0.5, at=2000))) == pytest.approx(0.05, rel=0.06)
    assert noise_of(np.zeros(1)) == 0.0


def test_the_best_partition_is_that_of_a_search_over_all():
    """Brute force over every partition into at most three segments, with the cost written out by hand."""
    rng = np.random.default_rng(5)
    values = rng.normal(0, 1, 40)
    values[15:25] += 8
    width = 2.0 * noise_of(values)

    def cost(start, stop):
        part = values[start:stop]
        gram = np.exp(-((part[:, None] - part[None]) ** 2) / (2 * width**2))
        return len(part) - gram.sum() / len(part)

    n = len(values)
    candidates = [[], *([a] for a in range(2, n - 1))]
    candidates += [[a, b] for a in range(2, n - 3) for b in range(a + 2, n - 1)]

    def total(cuts):
        return sum(cost(a, b) for a, b in zip([0, *cuts], [*cuts, n], strict=True)) + math.log(n) * len(cuts)

    assert kernel_partition(values) == min(candidates, key=total) == [15, 25]


def test_short_series_and_constant_ones_have_no_step():
    assert vote([1.0, 1.0, 9.0, 9.0]) == []
    assert vote([2.0] * 30) == []
    assert mann_whitney_scan(np.zeros(4)) == []


def test_values_that_are_no_times_are_refused():
    with pytest.raises(ValueError, match="positive"):
        vote([1.0] * 9 + [0.0])


def test_what_a_line_can_show_follows_from_its_noise():
    # Ten commits on each side, noise of 5 %: exp(4.8 * 0.05 * sqrt(2 / 10)) - 1.
    assert smallest_step(0.05, 10, 10) == pytest.approx(0.1133, abs=1e-4)
    assert smallest_step(0.05, 10, 0) == math.inf
    after = commits_until_seen(0.03, 40, 0.10)
    assert smallest_step(0.03, 40, after) <= 0.10 < smallest_step(0.03, 40, after - 1)
    assert commits_until_seen(0.2, 40, 0.10) is None
