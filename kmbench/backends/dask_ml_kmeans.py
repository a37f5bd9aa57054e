"""dask-ml's KMeans, on the same cluster and the same shards as dask-lloyd."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import FitResult, Job, Labels, Params, Rows, Traits
from kmbench.backends.dask_lloyd import DaskBackend
from kmbench.shards import Shards, in_memory

__all__ = ["DaskMl"]


class DaskMlParams(Params):
    """Parameters of the native protocol; a matched run fixes them all. None leaves the library's default."""

    tol: float | None = Field(default=None, ge=0, description="stop when centroids move less; native only")


class DaskMl(DaskBackend):
    """dask-ml's KMeans on shards that the workers hold, read in `prepare`.

    What its source shows (2025.1.0): ``inertia_`` adds up distances that are not squared while the centres still
    move; an empty cluster becomes the zero vector; and when it stops by its tolerance, the centres are those before
    the last update. So the inertia is only kept as what the library reports, and a matched run, with a tolerance of
    0, does exactly the iterations asked for.
    """

    name = "dask-ml"
    summary = "dask-ml KMeans on a Dask cluster: shards held by the workers, centroids in the precision of X"
    requires = ("dask_ml", "distributed")
    distributions = ("dask-ml",)
    install = "pip install 'kmbench[dask]'"
    traits = Traits(exact=True, empty_clusters="zero", takes="shards", cluster="tcp")
    Params = DaskMlParams

    params: DaskMlParams

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse a tolerance in a matched run."""
        assert isinstance(params, DaskMlParams)
        if protocol == "matched" and params.tol is not None:
            return "tol belongs to the native protocol; matched runs a fixed count"
        return super().unsupported_reason(k, n, d, protocol, params)

    def prepare(self, X: Rows, job: Job) -> None:
        """Have the workers read their shards, and build the estimator."""
        self._open(X, job)
        self._lost = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # dask-ml warns of its own use of pandas and sparse
            from dask_ml.cluster import KMeans
        if job.protocol == "matched":
            keywords: dict[str, Any] = {"init": job.init, "max_iter": job.iterations, "tol": 0.0}
        else:
            given = {"tol": self.params.tol, "max_iter": job.iterations, "random_state": job.seed}
            keywords = {name: value for name, value in given.items() if value is not None}
        self._estimator = KMeans(job.k, **keywords)
        self._parts = self._cut(None, 1)
        self._array = self._dask_array(self._parts)

    def _dask_array(self, parts: list[Shards]) -> Any:
        import dask.array
        from dask import delayed
        from distributed import wait

        load = delayed(in_memory, pure=False)
        blocks = [dask.array.from_delayed(load(part), part.shape, np.float32) for part in parts]
        array = self._dask.client.persist(dask.array.concatenate(blocks))
        wait(array)
        return array

    def fit(self) -> None:
        """Run the estimator's `fit`, which also computes its own inertia."""
        self._watch(lambda: self._estimator.fit(self._array))

    def result(self) -> FitResult:
        """Return the centroids, and the inertia as the library tells it."""
        fitted = self._estimator
        return FitResult(
            centroids=np.ascontiguousarray(fitted.cluster_centers_, dtype=np.float32),
            n_iter=int(fitted.n_iter_),
            reported_inertia=float(fitted.inertia_),
        )

    def assign(self, X: Rows) -> Labels:
        """Run the estimator's `predict` and gather its labels."""
        import dask.array

        rows = self._array if X is self._X else dask.array.from_array(in_memory(X))
        return np.asarray(self._estimator.predict(rows).compute(), dtype=np.int32)

    def settings(self) -> dict[str, Any]:
        """Return the estimator's parameters, and what the cluster is."""
        settings = dict(self._estimator.get_params())
        if not isinstance(settings["init"], str):
            settings["init"] = "given"
        return settings | {"read": "once", "shards": len(self._parts)} | self._dask.settings()
