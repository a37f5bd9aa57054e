"""scikit-learn's MiniBatchKMeans."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import FitResult, Job, Labels, Rows, Traits
from kmbench.backends.init import why_no_restarts
from kmbench.backends.sklearn_import import sklearn_cluster
from kmbench.backends.sklearn_kmeans import SklearnEstimator, SklearnKMeansParams, native_keywords
from kmbench.shards import Shards, StoredFile, new_labels

__all__ = ["SklearnMiniBatch"]

LABEL_ROWS = 2**16
"""Rows that are labelled at a time."""


class MiniBatchParams(SklearnKMeansParams):
    """Parameters of MiniBatchKMeans. None leaves the library's default."""

    batch_size: int | None = Field(default=None, ge=1, description="rows of a step")
    max_no_improvement: int | None = Field(default=None, ge=1, description="bad steps before it stops")
    read: Literal["memory", "pass"] = Field(
        default="memory", description="pass: partial_fit on the rows of the file in their order, once per iteration"
    )


class SklearnMiniBatch(SklearnEstimator):
    """scikit-learn's MiniBatchKMeans: native only; `n_iter` counts passes over the data.

    With ``read=pass`` X stays in its file: `partial_fit` gets the rows in their order, `iterations` times or once. It
    starts from the first rows, and never stops early.
    """

    name = "sklearn-minibatch"
    summary = "scikit-learn MiniBatchKMeans: steps on random batches, stops early; native protocol only"
    traps = ("It draws its own batches and stops early, so it has no matched run, and its inertia differs.",)
    traits = Traits(
        exact=False, fixed_iterations=False, labels_in_fit=True, empty_clusters="relocate", takes="either"
    )
    Params = MiniBatchParams

    params: MiniBatchParams

    @classmethod
    def reads(cls, n: int, d: int, k: int, params: BaseModel, room_bytes: int | None) -> Literal["array", "shards"]:
        """Leave X in its file where that is asked for: the two are different algorithms."""
        assert isinstance(params, MiniBatchParams)
        return "shards" if params.read == "pass" else "array"

    def prepare(self, X: Rows, job: Job) -> None:
        """Build the estimator with the library's defaults and what the user gave."""
        given = {"batch_size": self.params.batch_size, "max_no_improvement": self.params.max_no_improvement}
        keywords = native_keywords(job, self.params) | {k: v for k, v in given.items() if v is not None}
        self._estimator = sklearn_cluster().MiniBatchKMeans(job.k, **keywords)
        if self.params.read == "pass":
            self._file = X if isinstance(X, Shards) else None
            self._stored = None if isinstance(X, Shards) else StoredFile(X)
            self._job = job
            return
        assert isinstance(X, np.ndarray)
        self._X = X
        self.take_start(X, job)

    @property
    def _rows(self) -> Shards:
        if self._file is not None:
            return self._file
        assert self._stored is not None
        return self._stored.shards

    def fit(self) -> None:
        """Run the estimator's `fit`, or `partial_fit` on one batch after the other."""
        if self.params.read != "pass":
            super().fit()
            return
        self._estimator = sklearn_cluster().MiniBatchKMeans(**self._estimator.get_params())
        rows = self._rows
        batch = max(self._estimator.batch_size, self._job.k)  # the first batch has to hold the start
        for _ in range(self._job.iterations or 1):
            for _, block in rows.blocks(batch):
                self._estimator.partial_fit(block)
        self._labels = self.assign(rows)

    def result(self) -> FitResult:
        """Return centroids after the last update, with their labels."""
        if self.params.read != "pass":
            return super().result()
        return FitResult(
            centroids=np.ascontiguousarray(self._estimator.cluster_centers_, dtype=np.float32),
            n_iter=self._job.iterations or 1,
            labels=self._labels,
        )

    def assign(self, X: Rows) -> Labels:
        """Run the estimator's `predict`, on a file block by block."""
        if not isinstance(X, Shards):
            return super().assign(X)
        labels = new_labels(X)
        for start, block in X.blocks(LABEL_ROWS):
            labels[start : start + len(block)] = super().assign(block)
        return labels

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse what no MiniBatchKMeans can do, and several restarts from one start."""
        assert isinstance(params, MiniBatchParams)
        if params.read == "pass" and (params.init or params.n_init):
            return "with read=pass it starts from the first rows: leave init and n_init out"
        return super().unsupported_reason(k, n, d, protocol, params) or why_no_restarts(params.init, params.n_init)

    def settings(self) -> dict[str, Any]:
        """Return the estimator's parameters and the number of steps it took."""
        if self.params.read == "pass":
            return dict(self._estimator.get_params()) | {"read": "pass", "n_steps": int(self._estimator.n_steps_)}
        return super().settings() | {"n_steps": int(self._estimator.n_steps_)}
