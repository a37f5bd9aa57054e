"""mlpack's k-means: Lloyd's algorithm in float64, plain or with bounds or trees; all give the same answer."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Precision, Traits

__all__ = ["Mlpack"]


class MlpackParams(Params):
    """How an iteration finds the nearest centroids."""

    algorithm: Literal["naive", "elkan", "hamerly", "pelleg-moore", "dualtree", "dualtree-covertree"] = Field(
        default="naive", description="how an iteration finds the nearest centroids; the answer is the same"
    )


class Mlpack(Backend):
    """mlpack's k-means. The conversion to float64 is a part of every call, and so of fit.

    It stops when the centroids move by less than 1e-5 in all, an absolute figure that cannot be set, and does not
    tell after how many iterations. Its seed has no effect from Python (two calls with one seed start elsewhere), so
    in a native run the random rows that it would start from are drawn here.
    """

    name = "mlpack"
    summary = "mlpack kmeans in float64: plain, Elkan's or Hamerly's bounds, or trees"
    requires = ("mlpack",)
    distributions = ("mlpack",)
    install = "pip install 'kmbench[engines]' (wheels for x86-64, and for macOS on ARM)"
    traits = Traits(exact=True, labels_in_fit=True, empty_clusters="relocate")
    Params = MlpackParams

    params: MlpackParams

    @classmethod
    def arithmetic(cls, params: BaseModel) -> Precision:
        """Return float64, whatever the data is."""
        return "float64"

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse trees of a single centroid, which mlpack refuses in the middle of a fit."""
        assert isinstance(params, MlpackParams)
        if k == 1 and params.algorithm.startswith("dualtree"):
            return "its dual-tree algorithms need a second nearest centroid, which does not exist for k=1"
        return super().unsupported_reason(k, n, d, protocol, params)

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Settle the keywords."""
        import mlpack

        self._mlpack, self._X, self._job = mlpack, X, job
        self._keywords: dict[str, Any] = {"algorithm": self.params.algorithm}
        if job.iterations is not None:
            self._keywords["max_iterations"] = job.iterations

    def fit(self) -> None:
        """Cluster; the labels of the final centroids come with it."""
        k, start = self._job.k, self._job.init
        if start is None:
            start = self._X[np.random.default_rng(self._job.seed).choice(len(self._X), k, replace=False)]
        self._found = self._mlpack.kmeans(
            clusters=k, input_=self._X, initial_centroids=start, labels_only=True, **self._keywords
        )

    def result(self) -> FitResult:
        """Return centroids and labels; iterations are not told."""
        return FitResult(
            centroids=np.ascontiguousarray(self._found["centroid"], dtype=np.float32),
            n_iter=None,
            labels=np.asarray(self._found["output"]).ravel().astype(np.int32),
        )

    def assign(self, X: FloatMatrix) -> Labels:
        """Search the nearest final centroid with mlpack's `knn`, comparing with all."""
        found = self._mlpack.knn(k=1, reference=self._found["centroid"], query=X, algorithm="naive")
        return np.asarray(found["neighbors"]).ravel().astype(np.int32)

    def settings(self) -> dict[str, Any]:
        """Return the keywords and what cannot be set."""
        start = "random rows" if self._job.init is None else "given"
        return {"max_iterations": 1000} | self._keywords | {"start": start, "stops_below": 1e-5}
