"""Whether asv's own clock and the runner's agree: the same fit, timed by each."""

import os

from . import cases
from .measured import Cell

ROWS, COLUMNS, K = 20_000, 64, 64


def _save_rows():
    import numpy as np

    np.save("rows.npy", np.random.default_rng(0).normal(size=(ROWS, COLUMNS)).astype(np.float32))


class AsvClock:
    """numpy-lloyd on random rows with one thread, by asv's clock."""

    timeout = 600
    version = "1"
    number = 1
    repeat = (3, 10, 5.0)
    rounds = 1
    warmup_time = 0.1

    def setup_cache(self):
        _save_rows()

    def setup(self, *_):
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = str(cases.THREADS)  # before NumPy is imported
        import numpy as np

        from kmbench.backends.base import Job
        from kmbench.backends.registry import get_backend

        X = np.load("rows.npy")
        work = {"k": K, "protocol": "matched", "iterations": cases.ITERATIONS, "init": X[:K].copy()}
        cls = get_backend("numpy-lloyd")
        self._backend = cls(cls.Params())
        self._backend.prepare(X, Job(**work, seed=cases.SEED, threads=cases.THREADS))

    def time_fit(self):
        self._backend.fit()


class RunnerClock:
    """The same by the runner's."""

    timeout = 600
    version = "2"  # 1 was with cold memory

    def setup_cache(self):
        _save_rows()

    def track_fit_seconds(self):
        cell = Cell(cases.Case("clock", "rows.npy", K, "numpy-lloyd", "numpy-lloyd"), "numpy-lloyd", {})
        cell.take("fit")
        return cell.seconds("fit_seconds")

    track_fit_seconds.unit = "seconds"
