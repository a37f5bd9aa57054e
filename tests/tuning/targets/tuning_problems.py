"""Small problems whose answers are known from float64 brute force."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from kmbench.tuning.index.kinds import Kind, flat_quantizer
from kmbench.tuning.index.training import assign_rows
from kmbench.tuning.problem.constraints import Constraints
from kmbench.tuning.problem.space import Space
from kmbench.tuning.problem.truth import Truth
from kmbench.tuning.recall.curve import one_pass
from kmbench.tuning.targets.base import Task
from kmbench.tuning.targets.there import Promise

N, D, NLIST, K, QUERIES = 5_000, 16, 32, 10, 100


@dataclass
class Known:
    """Data, centroids and true neighbours."""

    metric: str
    problem: SimpleNamespace
    truth: Truth
    centroids: np.ndarray
    promise: Promise

    @property
    def task(self):
        return self.task_for("flat")

    def task_for(self, kind):
        codec = kind.removesuffix("+refine")
        m = int(codec[2:]) if codec.startswith("pq") else 0
        made = Kind(kind, "pq" if m else codec, m, kind.endswith("+refine"))
        return Task(kind=made, metric=self.metric, n=N, d=D, k=K)

    def asked(self, recall=0.9):
        return Constraints(recall=recall, at=K)


def brute_force(metric, base, queries):
    """Return the true neighbours in float64, without any code of kmbench."""
    base, queries = base.astype(np.float64), queries.astype(np.float64)
    if metric == "cosine":
        base = base / np.linalg.norm(base, axis=1, keepdims=True)
        queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    measure = np.square(queries[:, None] - base[None]).sum(axis=2) if metric == "l2" else -queries @ base.T
    return np.argsort(measure, axis=1, kind="stable")[:, :K]


def problem_of(metric, seed=0):
    rng = np.random.default_rng(seed)
    raw = (rng.normal(size=(60, D))[rng.integers(60, size=N)] + 0.6 * rng.normal(size=(N, D))).astype(np.float32)
    asked = (rng.normal(size=(QUERIES, D))).astype(np.float32)
    space = Space(metric=metric)
    base, queries = np.ascontiguousarray(space.apply(raw)), np.ascontiguousarray(space.apply(asked))
    centroids = raw[rng.choice(N, NLIST, replace=False)] + np.float32(0.01)
    if metric != "l2":
        centroids = space.unit(centroids)
    truth = Truth(k=K, ids=brute_force(metric, raw, asked), tied=0, cut=0)
    problem = SimpleNamespace(
        name="vectors.npy", data=SimpleNamespace(n=N, d=D), raw=raw, base=base, raw_queries=asked, queries=queries,
        held_out=None, space=space,
    )  # fmt: skip
    quantizer = flat_quantizer(centroids, space)
    curve = one_pass(quantizer, queries, truth.ids, assign_rows(quantizer, base), K)
    promise = Promise(
        kind=Kind("flat", "flat"),
        nlist=NLIST,
        nprobe=curve.first_at(0.9),
        k_factor=1,
        curve=curve,
        centroids=centroids,
    )
    return Known(metric, problem, truth, centroids, promise)


def recall_of(ids, truth):
    """Return the mean share of the true neighbours, without any code of kmbench."""
    return float(np.mean([len(set(row[row >= 0]) & set(true)) / K for row, true in zip(ids, truth, strict=True)]))


def left_in(folder: Path):
    return sorted(path.name for path in folder.iterdir())
