"""The cells and figures of `benchmarks/fit.py` as one would write them for asv without kmbench's runner.

All figures but the ratio to the baseline, which needs fits that took turns.

Not part of the suite: `overhead.py` compares what the two cost. Data, start and reference are made once in
`setup_cache`; every metric is a process of its own that loads them and trains again.
"""

import json
import os
import time
from pathlib import Path

DATASETS = {"digits": "digits", "embeddings": "embeddings:n=10000,d=128,rank=24,seed=0"}
ITERATIONS, SEED = 10, 0


def make_inputs():
    """Write data, start and reference of every case into this folder, with kmbench's own code."""
    import numpy as np

    from kmbench.backends.base import Job
    from kmbench.backends.registry import get_backend
    from kmbench.datasets import materialise

    for name, spec in DATASETS.items():
        X = np.load(materialise(spec, Path()).path)
        np.save(f"{name}.npy", X)
        for k in Native.params[2]:
            start = X[np.random.default_rng(SEED).choice(len(X), k, replace=False)]
            np.save(f"{name}-{k}-start.npy", start)
            cls = get_backend("numpy-lloyd")
            reference = cls(cls.Params(precision="float64"))
            work = {"k": k, "protocol": "matched", "iterations": ITERATIONS, "seed": SEED, "threads": 1}
            reference.prepare(X, Job(**work, init=start))
            reference.fit()
            np.save(f"{name}-{k}-labels.npy", reference.result().labels)


class Native:
    params = (["numpy-lloyd", "sklearn-lloyd", "faiss-cpu"], ["digits", "embeddings"], [16, 128])
    param_names = ("backend", "dataset", "k")
    timeout = 600

    def setup_cache(self):
        make_inputs()

    def setup(self, backend, dataset, k):
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = "1"
        import numpy as np

        from kmbench.backends.base import Job
        from kmbench.backends.registry import get_backend

        self._X = np.load(f"{dataset}.npy")
        self._labels = np.load(f"{dataset}-{k}-labels.npy")
        start = np.load(f"{dataset}-{k}-start.npy")
        cls = get_backend(backend)
        self._backend = cls(cls.Params())
        job = Job(k=k, protocol="matched", iterations=ITERATIONS, seed=SEED, threads=1, init=start)
        self._backend.prepare(self._X, job)
        self._fitted = False

    def _fit(self):
        started = time.perf_counter()
        self._backend.fit()
        with open(os.environ["NATIVE_LOG"], "a") as log:  # noqa: PTH123 - read by overhead.py
            log.write(json.dumps(time.perf_counter() - started) + "\n")

    def _labelled(self):
        self._fit()
        result = self._backend.result()
        labels = self._backend.assign(self._X) if result.labels is None else result.labels
        return result, labels

    def time_fit(self, *_):
        self._fit()

    def time_fit_and_labels(self, *_):
        self._labelled()

    def time_assign(self, *_):
        if not self._fitted:
            self._fit()
            self._fitted = True
        self._backend.assign(self._X)

    def peakmem_fit(self, *_):
        self._fit()

    def track_fit_cpu_seconds(self, *_):
        started = time.process_time()
        self._fit()
        return time.process_time() - started

    def track_inertia(self, *_):
        result, labels = self._labelled()
        return float(((self._X.astype("f8") - result.centroids[labels]) ** 2).sum())

    def track_agreement_loss(self, *_):
        from kmbench import metrics

        k = int(self._labels.max()) + 1
        _, labels = self._labelled()
        return 1 - metrics.matched_agreement(metrics.contingency(self._labels, labels, k, k))

    def track_iterations(self, *_):
        return self._labelled()[0].n_iter
