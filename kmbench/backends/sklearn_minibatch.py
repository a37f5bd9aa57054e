"""scikit-learn's MiniBatchKMeans."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Traits
from kmbench.backends.sklearn_kmeans import SklearnKMeansParams, native_keywords

__all__ = ["SklearnMiniBatch"]


class MiniBatchParams(SklearnKMeansParams):
    """Parameters of MiniBatchKMeans. None leaves the library's default."""

    batch_size: int | None = Field(default=None, ge=1, description="rows of a step")
    max_no_improvement: int | None = Field(default=None, ge=1, description="bad steps before it stops")


class SklearnMiniBatch(Backend):
    """scikit-learn's MiniBatchKMeans: native only, because its steps are not Lloyd iterations."""

    name = "sklearn-minibatch"
    summary = "scikit-learn MiniBatchKMeans: steps on random batches, stops early; native protocol only"
    requires = ("sklearn",)
    distributions = ("scikit-learn",)
    install = "pip install scikit-learn"
    traits = Traits(exact=False, fixed_iterations=False, labels_in_fit=True, empty_clusters="relocate")
    Params = MiniBatchParams

    params: MiniBatchParams

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Build the estimator with the library's defaults and what the user gave."""
        from sklearn.cluster import MiniBatchKMeans

        given = {"batch_size": self.params.batch_size, "max_no_improvement": self.params.max_no_improvement}
        keywords = native_keywords(job, self.params) | {k: v for k, v in given.items() if v is not None}
        self._estimator = MiniBatchKMeans(job.k, **keywords)
        self._X = X

    def fit(self) -> None:
        """Run `MiniBatchKMeans.fit`, which labels all rows at the end."""
        self._estimator.fit(self._X)

    def result(self) -> FitResult:
        """Return centroids and labels; `n_iter` counts passes over the data, as scikit-learn does."""
        fitted = self._estimator
        return FitResult(
            centroids=np.ascontiguousarray(fitted.cluster_centers_, dtype=np.float32),
            n_iter=int(fitted.n_iter_),
            labels=np.asarray(fitted.labels_, dtype=np.int32),
            reported_inertia=float(fitted.inertia_),
        )

    def assign(self, X: FloatMatrix) -> Labels:
        """Run `MiniBatchKMeans.predict`."""
        return np.asarray(self._estimator.predict(X), dtype=np.int32)

    def settings(self) -> dict[str, Any]:
        """Return the estimator's parameters and the number of steps it took."""
        return dict(self._estimator.get_params()) | {"n_steps": int(self._estimator.n_steps_)}
