"""Times that are known in advance: the cost model is found again, and the clock has the last word over it."""

import dataclasses

import numpy as np
import pytest
from known_settings import MODEL, all_settings, curve

from kmbench.tuning.choice.choose import Choice, TimedOption, choose, choose_measured
from kmbench.tuning.index.kinds import parse_kinds
from kmbench.tuning.problem.constraints import Constraints
from kmbench.tuning.timing.calibrate import calibrate
from kmbench.tuning.timing.cost import TimedPoint
from kmbench.tuning.timing.latency import Measured, Point

ASKED = Constraints(recall=0.95, at=10)


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


def measured(seconds, p95=None):
    return Measured(
        p50=seconds, p95=seconds if p95 is None else p95, p99=seconds, single=seconds, batch=seconds, rows=(0,),
        disturbed=0,
    )  # fmt: skip


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


def timed(settings, nlist, nprobe, seconds, p95=None):
    option = settings.option(settings.find(("flat", nlist, nprobe, 1)))
    return TimedOption(option=option, measured=measured(seconds, p95), held_out=True)


def test_a_setting_that_is_faster_by_the_clock_replaces_the_models_choice():
    settings = all_settings()
    first = choose(settings, ASKED)
    options = [timed(settings, 1000, 7, 60e-6), timed(settings, 100, 3, 40e-6)]
    found = choose_measured(settings, first, options, ASKED)
    assert (found.option.nlist, found.option.nprobe, found.met) == (100, 3, True)


def test_near_the_best_time_the_smaller_nlist_is_taken():
    settings = all_settings()
    options = [timed(settings, 1000, 7, 40e-6), timed(settings, 100, 3, 43e-6)]
    found = choose_measured(settings, choose(settings, ASKED), options, ASKED)
    assert found.option.nlist == 100


def test_a_latency_that_only_the_model_kept_is_told():
    settings = all_settings()
    asked = dataclasses.replace(ASKED, max_latency_seconds=100e-6)
    first = choose(settings, asked)
    assert first.met
    options = [timed(settings, 1000, 7, 50e-6, p95=150e-6), timed(settings, 1000, 6, 40e-6, p95=90e-6)]
    found = choose_measured(settings, first, options, asked)
    assert (found.met, found.broken) == (False, ("latency",))
    assert found.option.nprobe == 7
    assert found.within.nprobe == 6


def test_a_choice_that_met_nothing_stays():
    settings = all_settings()
    asked = Constraints(recall=0.9999, at=10)
    first = choose(settings, asked)
    options = [timed(settings, first.option.nlist, first.option.nprobe, 50e-6)]
    assert isinstance(first, Choice)
    assert choose_measured(settings, first, options, asked) == first
