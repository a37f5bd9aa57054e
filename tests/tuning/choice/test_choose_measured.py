"""Times that are known in advance: the clock has the last word over the cost model."""

import dataclasses

from known_settings import all_settings, measured

from kmbench.tuning.choice.choose import Choice, TimedOption, choose, choose_measured, confirm
from kmbench.tuning.problem.constraints import Constraints

ASKED = Constraints(recall=0.95, at=10)


def timed(settings, nlist, nprobe, seconds, p95=None):
    option = settings.option(settings.find(("flat", nlist, nprobe, 1)))
    return TimedOption(option=option, measured=measured(seconds, p95))


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
    assert choose_measured(settings, first, options, asked) == first


def test_a_search_that_finds_less_than_is_asked_breaks_the_recall():
    settings = all_settings()
    chosen = choose(settings, ASKED)
    assert confirm(chosen, 0.95, ASKED) == chosen
    assert confirm(chosen, 0.9499, ASKED) == Choice(option=chosen.option, met=False, broken=("recall",))
    unmet = choose(settings, dataclasses.replace(ASKED, max_latency_seconds=1e-6))
    assert confirm(unmet, 0.5, ASKED) == unmet
