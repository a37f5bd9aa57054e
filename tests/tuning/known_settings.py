"""Settings whose recall, time and memory are known: what a choice among them must be can be worked out by hand."""

import numpy as np

from kmbench.tuning.choice.settings import tabulate
from kmbench.tuning.recall.curve import Curve
from kmbench.tuning.timing.cost import CostModel
from kmbench.tuning.timing.latency import Measured

MODEL = CostModel(
    overhead_seconds=10e-6, list_seconds=10e-9, probe_seconds=2e-6, vector_seconds=20e-9, rerank_seconds=0.0
)


def curve(nlist, recall, index="flat", k_factor=1, n=100_000):
    recall = np.asarray(recall, dtype=float)
    scanned = np.arange(1, len(recall) + 1) * n / nlist
    return Curve(
        index=index,
        k_factor=k_factor,
        nlist=nlist,
        method="given",
        recall=recall,
        recall_low=recall - 0.005,
        recall_high=recall + 0.005,
        scanned=scanned,
        scanned_quantiles=np.array([scanned, 1.5 * scanned, 2 * scanned]),
    )


def all_settings():
    curves = [
        curve(100, [0.7, 0.9, 0.96, 0.99]),
        curve(1000, [0.4, 0.6, 0.7, 0.8, 0.87, 0.92, 0.96, 0.98, 0.99, 0.995]),
        curve(1000, [0.3, 0.4, 0.45, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], index="pq8"),
    ]
    memory = {("flat", 100): 50e6, ("flat", 1000): 51e6, ("pq8", 1000): 2e6}
    build = {("flat", 100): 1.0, ("flat", 1000): 10.0, ("pq8", 1000): 12.0}
    models = {"flat": MODEL, "pq8": MODEL}
    return tabulate(curves, 10, models, models, memory, build)


def measured(seconds, p95=None):
    return Measured(
        p50=seconds, p95=seconds if p95 is None else p95, p99=seconds, single=seconds, batch=seconds, rows=(0,),
        disturbed=0,
    )  # fmt: skip
