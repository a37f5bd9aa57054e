"""Contention of the whole host, from fake counters."""

import pytest

from kmbench.instruments.pressure import Pressure, pressure_between, read_pressure


def test_counters_are_read_from_the_kernels_files(tmp_path):
    (tmp_path / "proc/pressure").mkdir(parents=True)
    (tmp_path / "proc/stat").write_text("cpu  100 0 50 800 10 0 5 35 0 0\ncpu0 1 2 3\n")
    (tmp_path / "proc/pressure/cpu").write_text("some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\n")
    read = read_pressure(tmp_path)
    assert read.total_seconds == pytest.approx(10.0)
    assert read.used_seconds == pytest.approx(1.55)
    assert read.stolen_seconds == pytest.approx(0.35)
    assert read.waited_seconds == pytest.approx(2.5)


def test_what_the_system_does_not_tell_is_none(tmp_path):
    before, after = read_pressure(tmp_path), read_pressure(tmp_path)
    found = pressure_between(before, after)
    assert (found["others_share"], found["steal_share"], found["cpu_pressure_share"]) == (None, None, None)


def test_shares_tell_our_work_from_that_of_others():
    before = Pressure(0.0, 100.0, 40.0, 1.0, 5.0, 2.0)
    after = Pressure(10.0, 120.0, 54.0, 2.0, 15.0, 3.0)
    assert pressure_between(before, after) == {
        "seconds": 10.0,
        "others_share": pytest.approx(0.2),  # 14 s of work, 10 of them ours, of 20
        "steal_share": pytest.approx(0.05),
        "cpu_pressure_share": pytest.approx(0.1),
    }


def test_what_a_worker_left_behind_counts_as_our_own_work():
    """A JVM or Dask's workers, which end with their worker and which no one waits for."""
    assert read_pressure(unwaited_seconds=7.5).own_seconds - read_pressure().own_seconds == pytest.approx(7.5, abs=1)
