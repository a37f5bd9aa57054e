"""FAISS's two-level and balanced clustering from ``faiss.contrib``: trainers of the lists of an IVF index."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Traits
from kmbench.backends.cluster_sums import sums_by_cluster
from kmbench.backends.faiss_build import DISTRIBUTIONS, ONE_OF, why_not_since
from kmbench.backends.own_start import Niter, iterations_of
from kmbench.backends.range_check import refuse_overflow

__all__ = ["FaissBalanced", "FaissTwoLevel"]

POINTS_PER_CENTROID = 256
"""Rows for each centroid that are sampled when nothing is said, as FAISS's own Kmeans does."""

NATIVE_ITERATIONS = 25
"""As many as FAISS's Kmeans runs when nothing is said."""


class TrainerParams(Params):
    """What both trainers take."""

    niter: Niter = None
    max_points_per_centroid: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="larger training sets are sampled; default 256"
    )


class TwoLevelParams(TrainerParams):
    """Parameters of the two-level trainer."""

    first_level: int | None = Field(
        default=None, ge=1, le=2**20, description="clusters in the first level; default: the square root of k"
    )
    rebalance: bool = Field(default=True, description="more sub-clusters where there are more rows")


class BalancedParams(TrainerParams):
    """Parameters of the balanced trainer."""

    alpha: float = Field(default=0.03, gt=0, le=1, description="how fast the penalties of large lists grow")
    rounds: int = Field(default=5, ge=1, le=100, description="balanced assignments, each followed by an average")
    candidates: int = Field(default=100, ge=1, le=2**16, description="nearest centroids that a row may go to")


class _FaissTrainer(Backend):
    """A training set of sampled rows, centroids made of it, and the search of them."""

    requires = ("faiss",)
    distributions = DISTRIBUTIONS
    install = ONE_OF
    traits = Traits(exact=False, accepts_init=False, fixed_iterations=False, empty_clusters="split")

    params: TrainerParams
    _centroids: FloatMatrix
    _trained_on: int

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why FAISS is not here, or too old, or None."""
        return why_not_since((1, 15), "faiss.contrib.clustering")

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse all protocols but the native one."""
        if protocol != "native":
            return "it trains lists in steps of its own, not by Lloyd's iterations: use --protocol native"
        return None

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Set the thread count and settle sample and iterations.

        Raises
        ------
        ValueError
            If squares of the values overflow, where the process would die.
        """
        import faiss

        refuse_overflow(X, "FAISS ends the process")
        faiss.omp_set_num_threads(job.threads)
        self._faiss, self._X, self._job = faiss, X, job
        given = iterations_of(job, self.params.niter)
        self._niter = NATIVE_ITERATIONS if given is None else given
        self._per_centroid = self.params.max_points_per_centroid or POINTS_PER_CENTROID

    def _sample(self) -> FloatMatrix:
        """Return the rows to train on; drawing them belongs to fit, as in FAISS's Kmeans."""
        rows = self._per_centroid * self._job.k
        if rows >= len(self._X):
            return self._X
        chosen = np.random.default_rng([self._job.seed, 37]).choice(len(self._X), rows, replace=False)
        return np.ascontiguousarray(self._X[np.sort(chosen)])

    def assign(self, X: FloatMatrix) -> Labels:
        """Search the final centroids, all of them."""
        index = self._faiss.IndexFlatL2(self._centroids.shape[1])
        index.add(self._centroids)
        return np.asarray(index.search(X, 1)[1].ravel(), dtype=np.int32)

    def settings(self) -> dict[str, Any]:
        """Return the parameters with their defaults filled in, and the rows that were trained on."""
        return self.params.model_dump(mode="json") | {
            "niter": self._niter,
            "max_points_per_centroid": self._per_centroid,
            "rows_trained_on": self._trained_on,
            "start": "rows of the library's choice",
        }


class FaissTwoLevel(_FaissTrainer):
    """Clusters of clusters: a few first, then each is split on its own, which costs the root of k instead of k."""

    name = "faiss-two-level"
    summary = "faiss.contrib two_level_clustering: sqrt(k) clusters, each split separately; a trainer of IVF lists"
    Params = TwoLevelParams

    params: TwoLevelParams

    def fit(self) -> None:
        """Sample and train both levels; `niter` counts for the first, the library gives the second 25."""
        from faiss.contrib import clustering

        sample = self._sample()
        self._trained_on = len(sample)
        first = self.params.first_level or max(1, math.isqrt(self._job.k))
        self._first_level = min(first, self._job.k)
        # `niter` cannot be among the further arguments: the first level would be given it twice.
        train: Any = clustering.two_level_clustering
        centroids, self._stats = train(
            sample,
            self._first_level,
            self._job.k,
            rebalance=self.params.rebalance,
            clustering_niter=self._niter,
            seed=self._job.seed,
            min_points_per_centroid=1,
        )
        self._centroids = np.ascontiguousarray(centroids, dtype=np.float32)

    def result(self) -> FitResult:
        """Return the centroids; iterations of two levels are no one number."""
        emptied = sum(one["nsplit"] for level in self._stats for one in level or ())
        return FitResult(centroids=self._centroids, n_iter=None, empty_events=int(emptied))

    def settings(self) -> dict[str, Any]:
        """Return those of all trainers, and the clusters of the first level."""
        return super().settings() | {"first_level": self._first_level}


class FaissBalanced(_FaissTrainer):
    """FAISS's Kmeans, then rounds of balanced assignment, each followed by the average of every list.

    ``faiss.contrib`` has the assignment with penalties; the rounds around it are kmbench's. The penalties have the
    scale of squared distances and begin at 1, so rows are scaled until the mean squared distance is 1.
    """

    name = "faiss-balanced"
    summary = "FAISS Kmeans, then lists evened out by faiss.contrib's balanced assignment; a trainer of IVF lists"
    Params = BalancedParams

    params: BalancedParams

    def fit(self) -> None:
        """Sample, train, then balance."""
        from faiss.contrib import clustering

        sample, k = self._sample(), self._job.k
        self._trained_on = len(sample)
        kmeans = self._faiss.Kmeans(
            sample.shape[1],
            k,
            niter=self._niter,
            seed=self._job.seed,
            min_points_per_centroid=1,
            max_points_per_centroid=-(-len(sample) // k),
        )
        kmeans.train(sample)
        self._stats = kmeans.iteration_stats or ()
        centroids: FloatMatrix = np.array(kmeans.centroids, dtype=np.float32)
        scale = self._scale(sample, centroids)
        scaled = np.ascontiguousarray(sample * scale)
        self._imbalance: float | None = None
        balanced: Any = clustering.balanced_assignment_with_penalties
        for _ in range(self.params.rounds):
            labels, told = balanced(
                scaled, centroids * scale, alpha=self.params.alpha, maxk=min(k, self.params.candidates)
            )
            sums, counts = sums_by_cluster(sample, labels.astype(np.int32), k)
            filled = counts > 0
            centroids[filled] = (sums[filled] / counts[filled, None]).astype(np.float32)
            self._imbalance = float(told["imf"])
        self._centroids = centroids

    def _scale(self, sample: FloatMatrix, centroids: FloatMatrix) -> np.float32:
        """Return the factor that makes the mean squared distance to the nearest centroid 1."""
        index = self._faiss.IndexFlatL2(sample.shape[1])
        index.add(centroids)
        mean = float(index.search(sample, 1)[0].mean(dtype=np.float64))
        return np.float32(1.0 if mean <= 0 else mean**-0.5)

    def result(self) -> FitResult:
        """Return the centroids after the last average."""
        emptied = sum(one["nsplit"] for one in self._stats)
        return FitResult(
            centroids=self._centroids, n_iter=self._niter + self.params.rounds, empty_events=int(emptied)
        )

    def settings(self) -> dict[str, Any]:
        """Return those of all trainers, and how even the last balanced assignment was on the sample."""
        return super().settings() | {"imbalance_of_the_assignment": self._imbalance}
