"""scikit-learn's KMeans, with Lloyd's algorithm or Elkan's."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Traits

__all__ = ["SklearnElkan", "SklearnEstimator", "SklearnKMeansParams", "SklearnLloyd", "native_keywords"]


class SklearnKMeansParams(Params):
    """Parameters of the native protocol; a matched run fixes them all. None leaves the library's default."""

    n_init: int | None = Field(default=None, ge=1, description="restarts; native only")
    tol: float | None = Field(default=None, ge=0, description="stop when centres move less; native only")


def native_keywords(job: Job, params: SklearnKMeansParams) -> dict[str, Any]:
    """Return the keywords of a native run: only those that the user gave, the rest stay the library's."""
    given = {"n_init": params.n_init, "tol": params.tol, "max_iter": job.iterations}
    return {"random_state": job.seed} | {name: value for name, value in given.items() if value is not None}


class SklearnEstimator(Backend):
    """What scikit-learn's k-means estimators have in common; `prepare` builds `_estimator` and keeps `_X`."""

    requires = ("sklearn",)
    distributions = ("scikit-learn",)
    install = "pip install scikit-learn"

    _estimator: Any
    _X: FloatMatrix

    def fit(self) -> None:
        """Run the estimator's `fit`, which ends with the labels of the final centroids."""
        self._estimator.fit(self._X)

    def result(self) -> FitResult:
        """Return centroids after the last update, with the labels that fit computed for them."""
        fitted = self._estimator
        return FitResult(
            centroids=np.ascontiguousarray(fitted.cluster_centers_, dtype=np.float32),
            n_iter=int(fitted.n_iter_),
            labels=np.asarray(fitted.labels_, dtype=np.int32),
            reported_inertia=float(fitted.inertia_),
        )

    def assign(self, X: FloatMatrix) -> Labels:
        """Run the estimator's `predict`. Unlike `KMeans.fit` it does not centre: wrong far from the origin."""
        return np.asarray(self._estimator.predict(X), dtype=np.int32)


class _SklearnKMeans(SklearnEstimator):
    traits = Traits(exact=True, labels_in_fit=True, empty_clusters="relocate")
    Params = SklearnKMeansParams
    algorithm: ClassVar[str]

    params: SklearnKMeansParams

    @classmethod
    def cannot(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse restarts and a tolerance in a matched run."""
        if protocol == "matched" and params != cls.Params():
            return "n_init and tol belong to the native protocol; matched runs one start for a fixed count"
        return super().cannot(k, n, d, protocol, params)

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Build the estimator. Its ``copy_x`` stays on, so fit centres a copy of X, inside the clock."""
        from sklearn.cluster import KMeans

        if job.protocol == "matched":
            # tol=0 leaves one stop on: when no label changes. The runner picks an iteration count below that.
            keywords: dict[str, Any] = {"init": job.init, "n_init": 1, "max_iter": job.iterations, "tol": 0}
            keywords["random_state"] = job.seed
        else:
            keywords = native_keywords(job, self.params)
        self._estimator = KMeans(job.k, algorithm=self.algorithm, **keywords)
        self._X = X

    def settings(self) -> dict[str, Any]:
        """Return the estimator's parameters; a given start is named, not copied."""
        settings = dict(self._estimator.get_params())
        if not isinstance(settings["init"], str):
            settings["init"] = "given"
        return settings


class SklearnLloyd(_SklearnKMeans):
    """scikit-learn's KMeans with ``algorithm="lloyd"``."""

    name = "sklearn-lloyd"
    summary = "scikit-learn KMeans, Lloyd's algorithm: chunked GEMM and OpenMP, centres its own copy"
    algorithm = "lloyd"


class SklearnElkan(_SklearnKMeans):
    """scikit-learn's KMeans with ``algorithm="elkan"``."""

    name = "sklearn-elkan"
    summary = "scikit-learn KMeans, Elkan's triangle inequality: same answer, keeps n x k bounds in memory"
    algorithm = "elkan"
