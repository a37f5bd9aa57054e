"""The recommendation: the fastest that does what is asked; else the nearest, and what stands in its way."""

import numpy as np
import pytest
from known_settings import MODEL, all_settings, curve

from kmbench.tuning.choice.choose import best_at, choose, neighbours
from kmbench.tuning.choice.settings import tabulate
from kmbench.tuning.problem.constraints import Constraints


def test_fastest_setting_whose_whole_interval_reaches_the_target():
    found = choose(all_settings(), Constraints(recall=0.95, at=10))
    assert found.met
    # At nprobe 6 the recall is below; 3 of 100 lists hold 3,000 vectors, 7 of 1,000 hold 700.
    assert (found.option.nlist, found.option.nprobe) == (1000, 7)
    assert found.option.mean_seconds == pytest.approx(10e-6 + 10e-6 + 14e-6 + 700 * 20e-9)


def test_build_time_can_rule_the_fastest_out():
    found = choose(all_settings(), Constraints(recall=0.95, at=10, max_build_seconds=5))
    assert found.met
    assert (found.option.nlist, found.option.nprobe) == (100, 3)


def test_latency_out_of_reach_names_the_constraint_and_what_it_keeps():
    found = choose(all_settings(), Constraints(recall=0.95, at=10, max_latency_seconds=30e-6))
    assert not found.met
    assert found.broken == ("latency",)
    assert found.option.recall_low >= 0.95
    assert found.within is not None
    assert found.within.p95_seconds <= 30e-6
    assert found.within.recall < 0.95


def test_codes_that_saturate_name_the_recall():
    found = choose(all_settings(), Constraints(recall=0.95, at=10, max_memory_bytes=10_000_000))
    assert found.broken == ("memory",)
    only_codes = tabulate(
        [curve(1000, [0.3, 0.5, 0.5], index="pq8")], 10, {"pq8": MODEL}, {"pq8": MODEL}, {("pq8", 1000): 1.0},
        {("pq8", 1000): 1.0},
    )  # fmt: skip
    found = choose(only_codes, Constraints(recall=0.95, at=10))
    assert found.broken == ("recall",)
    assert (found.option.nprobe, found.option.recall) == (2, 0.5)


def test_frontier_is_beaten_by_nothing():
    settings = all_settings()
    front = settings.frontier()
    for place in front:
        assert not ((settings.mean < settings.mean[place]) & (settings.recall >= settings.recall[place])).any()
    assert (np.diff(settings.mean[front]) > 0).all()
    assert (np.diff(settings.recall[front]) > 0).all()


def test_next_recall_and_neighbours():
    settings, asked = all_settings(), Constraints(recall=0.95, at=10)
    assert best_at(settings, 0.98).nprobe == 9
    assert best_at(settings, 0.9999) is None
    beside = neighbours(settings, choose(settings, asked).option, asked)
    assert {(one.nlist, one.nprobe) for one in beside} == {(1000, 4), (1000, 10), (100, 3)}
