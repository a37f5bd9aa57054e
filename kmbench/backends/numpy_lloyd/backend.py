"""The backend ``numpy-lloyd``: the contract on one side, the loop of `lloyd` on the other."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, Job, Labels, Params, Rows, Traits
from kmbench.backends.base import Precision as Arithmetic
from kmbench.backends.init import Init, read_start, sample_of, start_of, why_not_from_a_file
from kmbench.backends.seeding import kmeans_plus_plus
from kmbench.errors import CaseError
from kmbench.shards import Shards, rows_at

from .lloyd import LloydResult, assign, lloyd
from .plan import Path, Plan, Precision, make_plan
from .pruning import most_head_columns
from .workers import blas_controller

__all__ = ["NumpyLloyd", "NumpyLloydParams"]


class NumpyLloydParams(Params):
    """Parameters of `NumpyLloyd`."""

    precision: Precision = Field(
        default="float32", description="precision of rows and scores; sums are always float64"
    )
    path: Path | Literal["auto"] = Field(default="auto", description="how rows find their nearest centroid")
    # Above 2**24 rows a float32 no longer counts one by one.
    chunk_rows: int | None = Field(default=None, ge=16, le=2**20, description="rows per matrix product; None chooses")
    read: Literal["auto", "memory", "pass"] = Field(
        default="auto", description="X held in memory, or read from its file in each pass; auto: memory if it fits"
    )
    max_iterations: int = Field(default=300, ge=1, description="native only")
    tol: float = Field(
        default=1e-4, ge=0, description="native only: stop when centroids move less, as in scikit-learn"
    )
    init: Init = None


class NumpyLloyd(Backend):
    """Exact Lloyd in NumPy and SciPy.

    Everything happens in `fit`: centring, the copy of X it needs, iterations, and the labels of the final
    centroids. Nothing of the size of X outlives a fit but the labels, so that each fit pays for its memory as a
    first one does.

    Where X and the copy do not fit into memory, or with ``read=pass``, X is read from its file in each pass, block by
    block, centred in a buffer, without pruning. The result is the same bit for bit, wherever rounding to float32 does
    not decide between two centres.
    """

    name = "numpy-lloyd"
    summary = "exact Lloyd in NumPy/SciPy: centres a copy of X, one product per chunk, sparse sums in float64"
    traps = (
        "It subtracts the mean from a copy of the data inside fit, so its peak memory includes a second copy "
        "of the data.",
    )
    distributions = ("numpy",)
    traits = Traits(
        exact=True, labels_in_fit=True, centres=True, empty_clusters="relocate", takes="either", copies=1.0
    )
    Params = NumpyLloydParams

    params: NumpyLloydParams

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse a stopping rule and another start in a matched run."""
        free = {"max_iterations", "tol", "init"} & params.model_fields_set
        if protocol == "matched" and free:
            return f"{' and '.join(sorted(free))} belong to the native protocol; matched runs a fixed count"
        assert isinstance(params, NumpyLloydParams)
        from_file = why_not_from_a_file(params.init) if params.read == "pass" else None
        return from_file or super().unsupported_reason(k, n, d, protocol, params)

    @classmethod
    def reads(cls, n: int, d: int, k: int, params: BaseModel, room_bytes: int | None) -> Literal["array", "shards"]:
        """Choose the file where it is asked for, or where X and its copy do not fit into memory."""
        assert isinstance(params, NumpyLloydParams)
        if params.read == "auto" and room_bytes is not None:
            return "shards" if cls.least_bytes(n, d, k, params) > room_bytes else "array"
        return "shards" if params.read == "pass" else "array"

    @classmethod
    def least_bytes(cls, n: int, d: int, k: int, params: BaseModel) -> int:
        """Return the bytes of X, of its copy with the column of ones, of what pruning may add, and of the labels."""
        assert isinstance(params, NumpyLloydParams)
        plan = make_plan(n, d, k, path=params.path, precision=params.precision)
        width = d + 1 + (0 if plan.pruning == "never" else most_head_columns(d))
        return 4 * n * d + np.dtype(params.precision).itemsize * n * width + 4 * n

    @classmethod
    def arithmetic(cls, params: BaseModel) -> Arithmetic:
        """Return the precision of rows and scores."""
        assert isinstance(params, NumpyLloydParams)
        return params.precision

    def prepare(self, X: Rows, job: Job) -> None:
        """Take the data and decide the plan. X is neither read nor copied here.

        Raises
        ------
        CaseError
            If a matched job lacks the start or the count, or the start's shape does not fit.
        """
        n, d = X.shape
        job.check(d)
        self._X = X
        self._job = job
        self._plan = self._make_plan(n)
        self._outcome: LloydResult | None = None
        self._start = start_of(self.params.init)
        self._start_settings: dict[str, Any] = {}
        self._init = job.init
        if self._start is not None and self._start.kind == "array":
            self._init = read_start(self._start.file, job.k, d)
        blas_controller()

    def fit(self) -> None:
        """Run Lloyd's algorithm afresh, and label the rows by the final centroids."""
        job = self._job
        self._outcome = None
        init = self._first_centroids() if self._init is None else self._init
        self._outcome = lloyd(
            self._X,
            init,
            self._plan,
            iterations=self.params.max_iterations if job.iterations is None else job.iterations,
            tol=self.params.tol if job.protocol == "native" else None,
        )

    def result(self) -> FitResult:
        """Return the centroids after the last update, with their labels."""
        outcome = self._fitted()
        return FitResult(
            centroids=(outcome.centres + outcome.mean).astype(np.float32),
            n_iter=outcome.n_iter,
            labels=outcome.labels,
            empty_events=outcome.empty_events,
        )

    def assign(self, X: Rows) -> Labels:
        """Label any rows by the final centroids, centred as in fit, so that it is right far from the origin."""
        outcome = self._fitted()
        return assign(X, outcome.centres, outcome.mean, self._make_plan(len(X)))

    def settings(self) -> dict[str, Any]:
        """Return the plan as carried out, and the stopping rule of a native run."""
        plan = self._plan
        settings: dict[str, Any] = plan.settings() | {
            "threads": plan.threads,
            "chunk_threads": plan.threads > 1,
            "nearest_by_columns": plan.by_columns,
            "read": "pass" if isinstance(self._X, Shards) else "memory",
        }
        pruning = self._outcome.pruning if self._outcome is not None else None
        if pruning is not None:
            settings |= pruning.settings()
            settings["path"] = "pruned" if pruning.passes else plan.path
        if self._job.protocol == "native":
            settings |= {"max_iterations": self.params.max_iterations, "tol": self.params.tol}
            given = "given" if self._job.init is not None else "random rows"
            settings |= {"init": self.params.init or given} | self._start_settings
        return settings

    def _first_centroids(self) -> NDArray[np.float32]:
        start, job = self._start, self._job
        if start is None or start.kind == "random":
            return self._random_rows()
        if isinstance(self._X, Shards):
            raise CaseError(str(why_not_from_a_file(self.params.init)))
        if start.kind == "k-means++":
            return kmeans_plus_plus(self._X, job.k, np.random.default_rng(job.seed))
        sample = sample_of(self._X, job.k, start.fraction, job.seed)
        rows = np.random.default_rng(job.seed).choice(len(sample), job.k, replace=False)
        found = lloyd(
            sample,
            sample[rows],
            self._make_plan(len(sample)),
            iterations=self.params.max_iterations,
            tol=self.params.tol,
        )
        self._start_settings = {"init_rows": len(sample), "init_n_iter": found.n_iter}
        return (found.centres + found.mean).astype(np.float32)

    def _make_plan(self, n: int) -> Plan:
        return make_plan(
            n,
            self._X.shape[1],
            self._job.k,
            threads=self._job.threads,
            path=self.params.path,
            precision=self.params.precision,
            chunk_rows=self.params.chunk_rows,
        )

    def _random_rows(self) -> NDArray[np.float32]:
        rows = np.random.default_rng(self._job.seed).choice(len(self._X), self._job.k, replace=False)
        return rows_at(self._X, rows)

    def _fitted(self) -> LloydResult:
        if self._outcome is None:
            raise RuntimeError("fit has not been run since prepare")
        return self._outcome
