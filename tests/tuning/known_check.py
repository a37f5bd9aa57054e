"""A recipe and figures of today that are known, for what a check concludes and says."""

import numpy as np
from known_settings import measured

from kmbench.tuning.deployment.judgement import Today
from kmbench.tuning.deployment.recipe import DataSample, Lists, Recipe

RECIPE = Recipe(
    factory="IVF16,Flat", transform=None, index="flat", nlist=16, nprobe=4, k_factor=1, metric="l2", at=10,
    recall_target=0.9, max_latency_ms=1.0, max_memory_bytes=None, max_build_seconds=None, target_met=True,
    recall=0.95, recall_low=0.93, recall_high=0.97, recall_method="list ranks", queries=100, queries_from="q.npy",
    scanned_vectors=250.0, latency_ms={"p50": 0.2, "p95": 0.4, "p99": 0.8}, latency_model_error=None,
    queries_per_second=9000.0, threads=1, memory_bytes=1, build_seconds=1.0, backend="faiss-cpu",
    training_points=1000, seed=0, lists=Lists(imbalance=1.25, longest_over_mean=2.0, empty=0),
    data=DataSample(spec="x.npy", n=1000, d=8, fingerprint="f", rows={}), versions={},
)  # fmt: skip


def today(**changes):
    """Return a day on which all is as it was: 96 of 100 queries find all neighbours, the others none."""
    same = {
        "recalls": np.repeat([1.0, 0.0], [96, 4]), "measured": measured(0.3e-3, p95=0.5e-3), "rows": 1000,
        "rows_changed": 0.0, "vectors": 1000, "imbalance": 1.25, "device": "cpu", "gpu": None, "own_rows": 0.0,
    }  # fmt: skip
    return Today(**(same | changes))
