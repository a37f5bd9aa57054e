"""scikit-learn's KMeans, with Lloyd's algorithm or Elkan's."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Traits
from kmbench.backends.init import Init, read_start, sample_of, start_of, why_no_restarts
from kmbench.backends.sklearn_import import sklearn_cluster

__all__ = ["SklearnElkan", "SklearnEstimator", "SklearnKMeansParams", "SklearnLloyd", "native_keywords"]


class SklearnKMeansParams(Params):
    """Parameters of the native protocol; a matched run fixes them all. None leaves the library's default."""

    n_init: int | None = Field(default=None, ge=1, description="restarts; native only")
    tol: float | None = Field(default=None, ge=0, description="stop when centroids move less; native only")
    init: Init = None


def native_keywords(job: Job, params: SklearnKMeansParams) -> dict[str, Any]:
    """Return the keywords of a native run: only those that the user gave, the rest stay the library's."""
    given: dict[str, Any] = {"n_init": params.n_init, "tol": params.tol, "max_iter": job.iterations}
    start = start_of(params.init)
    if start is not None and start.kind in ("random", "k-means++"):
        given["init"] = start.kind
    return {"random_state": job.seed} | {name: value for name, value in given.items() if value is not None}


class SklearnEstimator(Backend):
    """What scikit-learn's k-means estimators have in common; `prepare` builds `_estimator` and keeps `_X`."""

    requires: ClassVar[tuple[str, ...]] = ("sklearn",)
    distributions = ("scikit-learn",)
    install = "pip install scikit-learn"

    params: SklearnKMeansParams
    _estimator: Any
    _X: FloatMatrix

    def kmeans_class(self) -> Any:
        """Return the class of KMeans, which also clusters the sample of a start."""
        return sklearn_cluster().KMeans

    def take_start(self, X: FloatMatrix, job: Job) -> None:
        """Keep what a start needs, and give the estimator the array of a file; called at the end of `prepare`."""
        self._job, self._start = job, start_of(self.params.init)
        self._start_settings: dict[str, Any] = {"start": self.params.init or "default"}
        if self._start is not None and self._start.kind == "array":
            self._estimator.set_params(init=read_start(self._start.file, job.k, X.shape[1]), n_init=1)

    def fit(self) -> None:
        """Run the estimator's `fit`, which ends with the labels of the final centroids."""
        if self._start is not None and self._start.kind == "sample":
            self._fit_sample(self._start.fraction)
        self._estimator.fit(self._X)

    def _fit_sample(self, fraction: float) -> None:
        """Start the estimator from the centroids of a sample, found by KMeans with the library's defaults."""
        sample = sample_of(self._X, self._job.k, fraction, self._job.seed)
        found = self.kmeans_class()(self._job.k, n_init=1, random_state=self._job.seed).fit(sample)
        self._start_settings |= {"init_rows": len(sample), "init_n_iter": int(found.n_iter_)}
        self._estimator.set_params(init=found.cluster_centers_, n_init=1)

    def result(self) -> FitResult:
        """Return centroids after the last update, with the labels that fit computed for them."""
        fitted = self._estimator
        return FitResult(
            centroids=np.ascontiguousarray(fitted.cluster_centers_, dtype=np.float32),
            n_iter=int(fitted.n_iter_),
            labels=np.asarray(fitted.labels_, dtype=np.int32),
            reported_inertia=float(fitted.inertia_),
        )

    def settings(self) -> dict[str, Any]:
        """Return the estimator's parameters; a given start is named, not copied."""
        settings = dict(self._estimator.get_params()) | self._start_settings
        if not isinstance(settings["init"], str):
            settings["init"] = "given"
        return settings

    def assign(self, X: FloatMatrix) -> Labels:
        """Run the estimator's `predict`. Unlike `KMeans.fit` it does not centre: wrong far from the origin."""
        return np.asarray(self._estimator.predict(X), dtype=np.int32)


class _SklearnKMeans(SklearnEstimator):
    traits = Traits(exact=True, labels_in_fit=True, empty_clusters="relocate", copies=1.0)
    Params = SklearnKMeansParams
    algorithm: ClassVar[str]

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse restarts, a tolerance and another start in a matched run."""
        assert isinstance(params, SklearnKMeansParams)
        if protocol == "matched" and params != cls.Params():
            return "n_init, tol and init belong to the native protocol; matched runs one start for a fixed count"
        several = why_no_restarts(params.init, params.n_init)
        if several is not None:
            return several
        return super().unsupported_reason(k, n, d, protocol, params)

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Build the estimator. Its ``copy_x`` stays on, so fit centres a copy of X, inside the clock."""
        if job.protocol == "matched":
            # tol=0 leaves one stop on: when no label changes. The runner picks an iteration count below that.
            keywords: dict[str, Any] = {"init": job.init, "n_init": 1, "max_iter": job.iterations, "tol": 0}
            keywords["random_state"] = job.seed
        else:
            keywords = native_keywords(job, self.params)
        self._estimator = self.kmeans_class()(job.k, algorithm=self.algorithm, **keywords)
        self._X = X
        self.take_start(X, job)


class SklearnLloyd(_SklearnKMeans):
    """scikit-learn's KMeans with ``algorithm="lloyd"``."""

    name = "sklearn-lloyd"
    summary = "scikit-learn KMeans, Lloyd's algorithm: chunked GEMM and OpenMP, centres a copy of the data"
    traps = ("It always stops when no label changes: all backends of a matched run then do fewer iterations.",)
    algorithm = "lloyd"


class SklearnElkan(_SklearnKMeans):
    """scikit-learn's KMeans with ``algorithm="elkan"``."""

    name = "sklearn-elkan"
    summary = "scikit-learn KMeans, Elkan's triangle inequality: same answer, keeps n x k bounds in memory"
    traps = (
        "It always stops when no label changes: all backends of a matched run then do fewer iterations.",
        "It keeps bounds for every row and cluster, so its memory grows with n times k.",
    )
    algorithm = "elkan"

    @classmethod
    def least_bytes(cls, n: int, d: int, k: int, params: BaseModel) -> int:
        """Return the bytes of X, its copy, and the bounds of each row with each centre."""
        return super().least_bytes(n, d, k, params) + 4 * n * (k + 1)
