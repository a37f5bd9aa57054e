"""The check finds truths in records that hold them, and says where they do not."""

import dataclasses

import numpy as np
import pytest

from kmbench.backends.grid import expand_backends
from kmbench.records import CellKey, Record, RecordKind
from kmbench.selftest.check import judge_records, selftest_study

KEY = CellKey(
    dataset="uniform",
    dataset_fingerprint="0",
    n=1000,
    d=2,
    k=2,
    iterations=1,
    protocol="matched",
    seed=0,
    threads=1,
    backend="",
)


def records(
    work=1.0, slowed=1.10, slept=0.2505, allocated=200_500_000, threads=1, noise=0.005, epochs=10, kernel=0.0
):
    rng = np.random.default_rng(0)
    found = []
    for choice in expand_backends(selftest_study(True).backends):
        key = dataclasses.replace(KEY, backend=choice.name, parameters=choice.given)
        seconds = {"known-sleeps": slept, "known-allocates": 0.1}.get(choice.name, 0.1)
        if choice.given.get("percent") == 110:
            seconds *= slowed
        if choice.given.get("copy_number") == 2:
            seconds *= work
        common = {"key": key, "session": 0, "host": "h", "at": "t"}
        for epoch in range(epochs):
            s = seconds if choice.name == "known-sleeps" else seconds * float(rng.lognormal(0, noise))
            figures = dict.fromkeys(("fit_seconds", "fit_predict_seconds", "fit_predict_cpu_seconds"), s)
            figures["fit_system_seconds"] = 0.001 + (kernel * s if epoch == 0 else 0.0)
            found.append(Record(kind=RecordKind.FIT, epoch=epoch, round=0, threads_seen=threads, **figures, **common))
        found.append(Record(kind=RecordKind.MEMORY, peak_extra_bytes=allocated, memory_method="vmhwm", **common))
        found.append(Record(kind=RecordKind.OUTCOME, **common))
    return found


def passed(**changes):
    return {finding.name: finding.passed for finding in judge_records(records(**changes))}


def test_truths_that_hold_are_found_to_hold():
    assert set(passed().values()) == {True}


@pytest.mark.parametrize(
    ("changes", "missed"),
    [
        ({"work": 1.2}, "the same backend against itself"),
        ({"slowed": 1.0}, "a backend with 10 % more work"),
        ({"slept": 0.26}, "a backend that sleeps"),
        ({"allocated": 190_000_000}, "a backend that allocates"),
        ({"kernel": 0.03}, "fits that allocate 200 MB on warm memory"),
        ({"threads": 2}, "backends that were given one thread"),
    ],
)
def test_a_truth_that_is_missed_is_said(changes, missed):
    assert passed(**changes)[missed] is False


def test_noise_that_hides_the_truth_does_not_contradict_it():
    assert passed(noise=0.2)["a backend with 10 % more work"]
