"""The two states of a host's cores are told apart where there are two, and only there."""

import numpy as np
import pytest

from kmbench.comparison import CoreState, boundary_of, state_of

NEAR, DISTANT = 0.92, 1.30


def probes(states, noise=0.03, seed=0):
    return (np.array(states) * np.random.default_rng(seed).lognormal(0, noise, len(states))).tolist()


def test_stretches_of_two_speeds_are_parted_between_them():
    boundary = boundary_of(probes([NEAR] * 30 + [DISTANT] * 12 + [NEAR] * 20))
    assert 1.0 < boundary < 1.25


@pytest.mark.parametrize("seed", range(20))
def test_one_speed_is_one_state(seed):
    assert boundary_of(probes([NEAR] * 60, seed=seed)) is None


def test_probes_that_other_work_has_slowed_are_no_state():
    slowed = [NEAR * (1 + 0.4 * number) for number in range(1, 6)]
    assert boundary_of(probes([NEAR] * 55) + slowed) is None


def test_a_host_that_drifts_has_no_states():
    assert boundary_of(np.geomspace(NEAR, DISTANT, 80).tolist()) is None


def test_a_few_probes_tell_nothing():
    assert boundary_of(probes([NEAR] * 4 + [DISTANT] * 3)) is None
    assert boundary_of([]) is None


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [(0.9, 0.95, CoreState.NEAR), (1.3, 1.2, CoreState.DISTANT), (0.9, 1.3, CoreState.MOVED), (None, 0.9, None)],
)
def test_a_fit_is_in_the_state_of_both_its_probes(before, after, state):
    assert state_of(before, after, 1.1) is state
    assert state_of(before, after, None) is None
