"""scikit-learn's MiniBatchKMeans."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from kmbench.backends.base import FloatMatrix, Job, Traits
from kmbench.backends.init import why_no_restarts
from kmbench.backends.sklearn_import import sklearn_cluster
from kmbench.backends.sklearn_kmeans import SklearnEstimator, SklearnKMeansParams, native_keywords

__all__ = ["SklearnMiniBatch"]


class MiniBatchParams(SklearnKMeansParams):
    """Parameters of MiniBatchKMeans. None leaves the library's default."""

    batch_size: int | None = Field(default=None, ge=1, description="rows of a step")
    max_no_improvement: int | None = Field(default=None, ge=1, description="bad steps before it stops")


class SklearnMiniBatch(SklearnEstimator):
    """scikit-learn's MiniBatchKMeans: native only; `n_iter` counts passes over the data."""

    name = "sklearn-minibatch"
    summary = "scikit-learn MiniBatchKMeans: steps on random batches, stops early; native protocol only"
    traps = (
        "It stops early on batches that it draws itself, so there is no matched run of it and its inertia differs.",
    )
    traits = Traits(exact=False, fixed_iterations=False, labels_in_fit=True, empty_clusters="relocate")
    Params = MiniBatchParams

    params: MiniBatchParams

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Build the estimator with the library's defaults and what the user gave."""
        given = {"batch_size": self.params.batch_size, "max_no_improvement": self.params.max_no_improvement}
        keywords = native_keywords(job, self.params) | {k: v for k, v in given.items() if v is not None}
        self._estimator = sklearn_cluster().MiniBatchKMeans(job.k, **keywords)
        self._X = X
        self.take_start(X, job)

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse what no MiniBatchKMeans can do, and several restarts from one start."""
        assert isinstance(params, MiniBatchParams)
        return super().unsupported_reason(k, n, d, protocol, params) or why_no_restarts(params.init, params.n_init)

    def settings(self) -> dict[str, Any]:
        """Return the estimator's parameters and the number of steps it took."""
        return super().settings() | {"n_steps": int(self._estimator.n_steps_)}
