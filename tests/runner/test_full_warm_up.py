"""A fit that is short is measured after another one over all rows; what is long is measured at once."""

from typing import ClassVar

import numpy as np
import pytest

from kmbench.backends.base import Backend, FitResult, Traits
from kmbench.instruments import Timing
from kmbench.runner.worker import Worker

ROWS, CLUSTERS = 20000, 4


class Counted(Backend):
    """Counts its fits over all rows."""

    name = "counted"
    traits = Traits(exact=True)
    fits: ClassVar[list[int]] = []

    def prepare(self, X, job):
        self.X, self.k = X, job.k

    def fit(self):
        if len(self.X) == ROWS:
            self.fits.append(len(self.fits))

    def result(self):
        return FitResult(centroids=self.X[: self.k], n_iter=3)

    def assign(self, X):
        return np.zeros(len(X), dtype=np.int32)


@pytest.mark.parametrize(
    ("expected", "seconds", "before", "after"),
    [
        pytest.param(0.5, 0.5, 1, 1, id="expected to be short: run in full first"),
        pytest.param(1.4, 0.7, 0, 2, id="expected to be long and was short: measured again"),
        pytest.param(1.4, 1.2, 0, 1, id="long: measured once"),
    ],
)
def test_a_short_fit_is_measured_after_a_full_one(tmp_path, monkeypatch, expected, seconds, before, after):
    def timed(call, synchronize, loops):
        call()
        return Timing(wall_seconds=seconds, cpu_seconds=seconds)

    monkeypatch.setattr("kmbench.runner.worker.get_backend", lambda name: Counted)
    monkeypatch.setattr("kmbench.runner.worker.timed", timed)
    Counted.fits.clear()
    np.save(tmp_path / "X.npy", np.random.default_rng(0).normal(size=(ROWS, 8)).astype(np.float32))
    worker = Worker()
    job = {"k": CLUSTERS, "protocol": "matched", "iterations": 3, "seed": 0, "threads": 1}
    worker.open(backend="counted", parameters={}, data=str(tmp_path / "X.npy"), init=None, mapped=False, job=job)
    worker._expected_seconds = expected
    worker.calibrate(None)
    assert len(Counted.fits) == before
    worker.fit()
    assert len(Counted.fits) == before + after
    worker.fit()
    assert len(Counted.fits) == before + after + 1
