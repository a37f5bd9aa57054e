"""SuperKMeans of CWI: products of the leading columns, then pruning; its own start, approximate where it prunes."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Traits
from kmbench.backends.own_start import Niter, iterations_of
from kmbench.backends.range_check import refuse_overflow

__all__ = ["SuperKMeansBackend"]

HIERARCHICAL_ROWS = 100_000
"""Rows above which the library turns hierarchical, and no longer counts Lloyd's iterations, when nothing is said."""

SAMPLING_FRACTION = 0.3
"""Share of the rows that its flat mode trains on when nothing is said."""


class SuperKMeansParams(Params):
    """Parameters of the native protocol. None leaves the library's default."""

    niter: Niter = None
    hierarchical: bool | None = Field(default=None, description="default: only above 100,000 rows")
    sampling_fraction: float | None = Field(default=None, gt=0, le=1, description="share of the rows; default 0.3")
    max_points_per_centroid: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="default 256; off if sampling_fraction is 1"
    )
    early_termination: bool | None = Field(default=None, description="stop when centroids or recall no longer change")


class SuperKMeansBackend(Backend):
    """SuperKMeans with its own defaults, or for the protocol ``target`` flat, over all rows, without an early stop.

    It starts from rows of its own choice. The fit is a fresh object each time: one trains only once.
    """

    name = "superkmeans"
    summary = "SuperKMeans of CWI: pruned products, approximate from 128 columns and 256 clusters on; its own start"
    requires = ("superkmeans",)
    distributions = ("superkmeans",)
    install = "pip install 'kmbench[engines]' (wheels for Linux and macOS on ARM, Python up to 3.13)"
    traits = Traits(exact=False, accepts_init=False, empty_clusters="split")
    Params = SuperKMeansParams

    params: SuperKMeansParams

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse parameters outside the native protocol, and samples that are smaller than k."""
        assert isinstance(params, SuperKMeansParams)
        if protocol == "target" and params != cls.Params():
            return "its parameters belong to the native protocol; target trains flat, on all rows"
        if protocol == "native":
            hierarchical = n > HIERARCHICAL_ROWS if params.hierarchical is None else params.hierarchical
            fraction = SAMPLING_FRACTION if params.sampling_fraction is None else params.sampling_fraction
            if not hierarchical and k > int(fraction * n):
                return (
                    f"it samples {fraction:g} of the rows, {int(fraction * n)}, fewer than k={k}: "
                    "give superkmeans[sampling_fraction=1]"
                )
        return super().unsupported_reason(k, n, d, protocol, params)

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Check the values, and settle the keywords.

        Raises
        ------
        ValueError
            If squares of the values overflow, where training would never end.
        """
        from superkmeans import SuperKMeans

        refuse_overflow(X, "SuperKMeans never ends")
        self._class, self._X, self._job = SuperKMeans, X, job
        self._keywords: dict[str, Any] = {"n_threads": job.threads, "seed": job.seed}
        if job.protocol == "matched":
            self._keywords |= {
                "hierarchical": False,  # above 100,000 rows it would be, and ignore the iterations
                "iters": job.iterations,
                "sampling_fraction": 1.0,
                "early_termination": False,
            }
            return
        given = {
            "iters": iterations_of(job, self.params.niter),
            "hierarchical": self.params.hierarchical,
            "sampling_fraction": self.params.sampling_fraction,
            "max_points_per_cluster": self.params.max_points_per_centroid,
            "early_termination": self.params.early_termination,
        }
        self._keywords |= {name: value for name, value in given.items() if value is not None}

    def fit(self) -> None:
        """Train. No labels are left; they take one more `assign`."""
        self._model = self._class(self._job.k, self._X.shape[1], **self._keywords)
        self._centroids = self._model.train(self._X)

    def result(self) -> FitResult:
        """Return the centroids; iterations are told in flat mode only."""
        stats = [] if self._model.hierarchical_ else list(self._model.iteration_stats)
        return FitResult(
            centroids=np.array(self._centroids, dtype=np.float32),
            n_iter=len(stats) or None,
            reported_inertia=float(stats[-1].objective) if stats else None,
            empty_events=sum(int(one.split) for one in stats) if stats else None,
        )

    def assign(self, X: FloatMatrix) -> Labels:
        """Compare with all centroids, as the library's own `assign` does."""
        return np.asarray(self._model.assign(X, self._centroids), dtype=np.int32)

    def settings(self) -> dict[str, Any]:
        """Return the keywords, the mode that was chosen, the rows that were trained on and what was pruned."""
        stats = list(self._model.iteration_stats)
        pruned = [bool(not one.is_gemm_only) for one in stats]
        return self._keywords | {
            "hierarchical": bool(self._model.hierarchical_),
            "start": "rows of the library's choice",
            "iterations_that_pruned": sum(pruned),
        }
