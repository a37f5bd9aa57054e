"""The clock times the calls and nothing else."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmbench.instruments import Timing, loops_for, timed


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when it is told to."""

    class Clock:
        wall = 100.0
        cpu = 7.0

        def work(self, wall, cpu=0.0):
            self.wall += wall
            self.cpu += cpu

    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", lambda: clock.wall)
    monkeypatch.setattr(time, "process_time", lambda: clock.cpu)
    return clock


def test_gives_the_time_of_one_call(clock):
    calls = []

    def fit():
        calls.append(len(calls))
        clock.work(wall=1 + len(calls), cpu=4)

    assert timed(fit, lambda: None, 3) == Timing(wall_seconds=3.0, cpu_seconds=4.0)
    assert calls == [0, 1, 2]


def test_earlier_device_work_is_not_charged_and_its_own_is(clock):
    queued = [50.0]

    def synchronize():
        while queued:
            clock.work(wall=queued.pop())

    assert timed(lambda: queued.append(2.0), synchronize, 4).wall_seconds == 2.0
    assert queued == []


def test_each_call_ends_before_the_next_begins():
    events = []
    timed(lambda: events.append("call"), lambda: events.append("wait"), 2)
    assert events == ["wait", "call", "wait", "call", "wait"]


def test_no_loops_are_no_measurement():
    with pytest.raises(ValueError, match="loops must be at least 1, got 0"):
        timed(lambda: None, lambda: None, 0)


@pytest.mark.parametrize(
    ("seconds", "loops"),
    [(2.0, 1), (0.1, 1), (0.06, 2), (0.01, 10), (0.0004, 250), (1e-9, 1_000_000), (0.0, 1_000_000)],
)
def test_short_calls_are_repeated(seconds, loops):
    assert loops_for(seconds) == loops


@given(st.floats(1e-5, 10), st.floats(0.001, 1))
def test_loops_are_enough_and_no_more(seconds, minimum):
    loops = loops_for(seconds, minimum)
    assert loops * seconds >= minimum * (1 - 1e-12)
    assert loops == 1 or (loops - 1) * seconds < minimum


@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
def test_a_time_that_cannot_be_is_refused(seconds):
    with pytest.raises(ValueError, match="cannot take"):
        loops_for(seconds)
