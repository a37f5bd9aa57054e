"""The cost models are found again from a handful of settings whose times they made."""

import dataclasses

import numpy as np
import pytest
from known_settings import MODEL, curve, measured

from kmbench.tuning.index.kinds import parse_kinds
from kmbench.tuning.timing.calibrate import Calibration, calibrate, held_to
from kmbench.tuning.timing.cost import TimedPoint
from kmbench.tuning.timing.latency import Point


class KnownTimer:
    """Times every setting by the model that the calibration is to find."""

    def __init__(self, n=100_000):
        self.n, self.asked = n, []

    def point(self, kind, nlist, nprobe, k_factor):
        return Point(file=None, index=kind.name, nlist=nlist, nprobe=nprobe, k_factor=k_factor)

    def measure(self, points):
        self.asked += points
        return [measured(self._seconds(point)) for point in points]

    def model_points(self, point, figures):
        scanned = point.nprobe * self.n / point.nlist
        one = TimedPoint(
            nlist=point.nlist, nprobe=point.nprobe, scanned=scanned, reranked=0, seconds=self._seconds(point)
        )
        return one, dataclasses.replace(one, seconds=one.seconds / 2)

    def _seconds(self, point):
        return float(MODEL.predict(point.nlist, point.nprobe, point.nprobe * self.n / point.nlist, 0))


def test_the_calibration_finds_the_costs_from_a_handful_of_settings():
    timer = KnownTimer()
    curves = [curve(100, np.linspace(0.7, 0.99, 20)), curve(1000, np.linspace(0.3, 0.99, 60))]
    found = calibrate(timer, parse_kinds("flat", 16, 100_000), curves, recall=0.95)
    assert len(timer.asked) <= 8
    assert {point.nlist for point in timer.asked} == {100, 1000}
    assert found.fitted == {point.key for point in timer.asked}
    for nlist, nprobe in ((100, 7), (300, 20), (1000, 33)):
        expected = MODEL.predict(nlist, nprobe, nprobe * 100_000 / nlist, 0)
        assert found.single["flat"].predict(nlist, nprobe, nprobe * 100_000 / nlist, 0) == pytest.approx(expected)
        assert found.batch["flat"].predict(nlist, nprobe, nprobe * 100_000 / nlist, 0) == pytest.approx(expected / 2)


def test_kinds_that_rank_again_are_timed_with_few_and_with_many_candidates():
    timer = KnownTimer()
    curves = [curve(100, np.linspace(0.4, top, 20), "pq8+refine", factor) for factor, top in ((1, 0.6), (8, 0.98))]
    curves.append(curve(100, np.linspace(0.4, 0.99, 20), "pq8+refine", 64))
    calibrate(timer, parse_kinds("pq8+refine", 16, 100_000), curves, recall=0.95)
    assert {point.k_factor for point in timer.asked} == {1, 8, 64}


def test_a_model_of_cheap_lists_is_scaled_to_the_index_that_is_searched():
    timer = KnownTimer()
    cheap = Calibration(single={"flat": MODEL.times(0.7)}, batch={"flat": MODEL.times(0.4)}, fitted=frozenset())
    curves = [curve(100, np.linspace(0.7, 0.99, 20)), curve(1000, np.linspace(0.3, 0.99, 60))]
    found = held_to(cheap, timer, parse_kinds("flat", 16, 100_000), curves, recall=0.95)
    assert len(timer.asked) == 1, "one setting of each kind is timed"
    assert found.fitted == {timer.asked[0].key}
    for nlist, nprobe in ((100, 7), (1000, 33)):
        expected = MODEL.predict(nlist, nprobe, nprobe * 100_000 / nlist, 0)
        assert found.single["flat"].predict(nlist, nprobe, nprobe * 100_000 / nlist, 0) == pytest.approx(expected)
        assert found.batch["flat"].predict(nlist, nprobe, nprobe * 100_000 / nlist, 0) == pytest.approx(expected / 2)
