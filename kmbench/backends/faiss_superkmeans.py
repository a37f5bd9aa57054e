"""FAISS's SuperKmeans: pruned Lloyd iterations inside FAISS, from rows of its own choice, approximate."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Traits
from kmbench.backends.faiss_build import DISTRIBUTIONS, ONE_OF, why_not_since
from kmbench.backends.faiss_kmeans import clustering_parameters
from kmbench.backends.own_start import Niter, iterations_of
from kmbench.backends.range_check import refuse_overflow

__all__ = ["FaissSuperKmeans"]

FEWEST_COLUMNS = 32
"""Twice the least number of leading columns: with fewer its constructor refuses."""


class FaissSuperKmeansParams(Params):
    """Parameters of the native protocol. None leaves the library's default."""

    niter: Niter = None
    max_points_per_centroid: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="larger training sets are sampled; default 256"
    )


class FaissSuperKmeans(Backend):
    """``faiss.SuperKmeans``. ``Kmeans(use_super_kmeans=True)`` would be ignored without a word."""

    name = "faiss-superkmeans"
    summary = "FAISS SuperKmeans: leading columns, then pruning; approximate, its own start, from 32 columns on"
    requires = ("faiss",)
    distributions = DISTRIBUTIONS
    install = ONE_OF
    traits = Traits(exact=False, accepts_init=False, empty_clusters="split")
    Params = FaissSuperKmeansParams

    params: FaissSuperKmeansParams

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why FAISS is not here, or too old, or None."""
        return why_not_since((1, 15), "SuperKmeans")

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse narrow data, and native parameters elsewhere."""
        if d < FEWEST_COLUMNS:
            return f"it needs {FEWEST_COLUMNS} columns or more, the data has {d}"
        if protocol == "target" and params != cls.Params():
            return "niter and max_points_per_centroid belong to the native protocol; target trains on all rows"
        return super().unsupported_reason(k, n, d, protocol, params)

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Set the thread count and settle the keywords.

        Raises
        ------
        ValueError
            If squares of the values overflow, where the process would die.
        """
        import faiss

        self._faiss: Any = faiss
        refuse_overflow(X, "FAISS ends the process")
        faiss.omp_set_num_threads(job.threads)
        self._X, self._job = X, job
        self._keywords: dict[str, Any] = {"seed": job.seed}
        if job.protocol == "matched":
            self._keywords |= {
                "niter": job.iterations,
                "min_points_per_centroid": 1,
                "max_points_per_centroid": -(-len(X) // job.k),
            }
            return
        given = {
            "niter": iterations_of(job, self.params.niter),
            "max_points_per_centroid": self.params.max_points_per_centroid,
        }
        self._keywords |= {name: value for name, value in given.items() if value is not None}

    def fit(self) -> None:
        """Train. FAISS gives no labels for the final centroids; they take one more `assign`."""
        self._kmeans = self._faiss.SuperKmeans(self._X.shape[1], self._job.k, **self._keywords)
        self._kmeans.train(self._X)

    def result(self) -> FitResult:
        """Return the centroids; the reported objective belongs to those before the last update."""
        objective = np.asarray(self._kmeans.obj)
        return FitResult(
            centroids=np.array(self._kmeans.centroids, dtype=np.float32),
            n_iter=len(objective),
            reported_inertia=float(objective[-1]) if len(objective) else None,
            empty_events=int(sum(stats["nsplit"] for stats in self._kmeans.iteration_stats)),
        )

    def assign(self, X: FloatMatrix) -> Labels:
        """Search the final centroids, all of them."""
        _, labels = self._kmeans.assign(X)
        return np.asarray(labels, dtype=np.int32)

    def settings(self) -> dict[str, Any]:
        """Return all parameters the fit ran with, and the share of rows that each iteration pruned."""
        rates = [round(float(rate), 4) for rate in self._kmeans.gemm_pruning_rates]
        return clustering_parameters(self._kmeans.cp) | {
            "start": "rows of the library's choice",
            "gemm_pruning_rates": rates,
            "compile_options": str(self._faiss.get_compile_options()).strip(),
        }
