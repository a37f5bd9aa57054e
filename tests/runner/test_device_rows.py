"""What a worker tells of a backend that runs on a GPU; on the CPU, that it tells nothing of a device."""

from typing import ClassVar

import numpy as np
import pytest

from kmbench.backends.base import Backend, FitResult, Traits
from kmbench.backends.registry import get_backend
from kmbench.runner.worker import Worker

ROWS, COLUMNS, CLUSTERS = 20000, 64, 16


def opened(tmp_path, name, **parameters):
    cls = get_backend(name)
    reason = cls.unavailable_with(cls.Params(**parameters))
    if reason is not None:
        pytest.skip(reason)
    X = np.random.default_rng(0).normal(size=(ROWS, COLUMNS)).astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "init.npy", X[:CLUSTERS])
    worker = Worker()
    job = {"k": CLUSTERS, "protocol": "matched", "iterations": 3, "seed": 0, "threads": 1}
    files = {"data": str(tmp_path / "X.npy"), "init": str(tmp_path / "init.npy")}
    told = worker.open(backend=name, parameters=parameters, mapped=False, job=job, **files)
    return worker, told


def test_the_first_call_is_told_apart_and_a_cpu_backend_has_no_device_memory(tmp_path):
    worker, told = opened(tmp_path, "numpy-lloyd")
    assert told["first_call_seconds"] > 0
    assert "device_peak_bytes" not in worker.memory()


class Counted(Backend):
    """On a device, it says; counts the rows of its fits."""

    name = "counted"
    traits = Traits(exact=True, device="gpu")
    rows: ClassVar[list[int]] = []

    def prepare(self, X, job):
        self.X, self.k = X, job.k

    def fit(self):
        self.rows.append(len(self.X))

    def result(self):
        return FitResult(centroids=self.X[: self.k], n_iter=3)

    def assign(self, X):
        return np.zeros(len(X), dtype=np.int32)

    def device_memory(self):
        return "nvml"


@pytest.mark.parametrize("loops", [None, [1, 1]])
def test_on_a_device_all_rows_are_fitted_once_before_the_first_time_counts(tmp_path, monkeypatch, loops):
    monkeypatch.setattr("kmbench.runner.worker.get_backend", lambda name: Counted)
    monkeypatch.setitem(globals(), "get_backend", lambda name: Counted)
    Counted.rows.clear()
    worker, _ = opened(tmp_path, "counted")
    assert Counted.rows == [4096]
    worker._expected_seconds = 1e6  # as after a first fit that took seconds to load libraries and compile kernels
    told = worker.calibrate(loops)
    assert Counted.rows == [4096, ROWS] + ([ROWS] if loops is None else [])  # the second is short of compiling
    assert told["loops"][0] > 1 if loops is None else told["loops"] == [1, 1]


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("torch", {"device": "cuda"}),
        ("torch", {"device": "cuda", "residence": "stream"}),
        ("faiss-gpu", {}),
        ("faiss-gpu-resident", {}),
        ("cuvs", {}),
        ("flash-kmeans", {}),
        ("faiss-ivf", {"nlist": 4, "nprobe": 4, "device": "cuda"}),
    ],
)
def test_device_memory_is_told_with_its_method(tmp_path, name, parameters):
    worker, told = opened(tmp_path, name, **parameters)
    assert told["first_call_seconds"] > 0
    worker.calibrate(None)
    assert worker.fit()["fit_seconds"] > 0
    found = worker.memory()
    assert found["device_memory_method"]
    if found["device_peak_bytes"] is None:
        assert found["device_memory_method"].startswith("none:")
    elif name in ("torch", "flash-kmeans") and parameters.get("residence") != "stream":
        assert found["device_peak_bytes"] >= 4 * ROWS * COLUMNS
