"""The backend ``dask-lloyd``: the kernel of numpy-lloyd on shards of a file, in the processes of a Dask cluster."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Rows, Traits
from kmbench.backends.cluster import Cluster
from kmbench.backends.dask_cluster import DaskCluster, cluster_for, why_not_this_cluster
from kmbench.backends.numpy_lloyd.lloyd import Pass, make_pass
from kmbench.backends.numpy_lloyd.plan import Path, Plan, Precision, make_plan
from kmbench.backends.numpy_lloyd.relocate import average, empty_clusters, relocate
from kmbench.backends.numpy_lloyd.rows import LazyRows, StreamedRows, mean_nodes, mean_of, variance_nodes
from kmbench.backends.numpy_lloyd.sums import Node, total_of
from kmbench.backends.numpy_lloyd.workers import workers
from kmbench.errors import BackendError
from kmbench.shards import Shards, StoredFile, in_memory, new_labels, rows_at

__all__ = ["DaskBackend", "DaskLloyd"]

SHARDS_PER_THREAD = 2
"""The scheduler takes 3 to 5 ms for each task, and with one shard a late thread keeps all others waiting."""

SCATTER_BYTES = 2**23
"""Centres larger than this are sent to each worker once, and not with each task."""


class DaskBackend(Backend):
    """What backends on a Dask cluster share: the cluster, and the shards of X in its file."""

    requires: ClassVar[tuple[str, ...]] = ("distributed",)
    distributions: ClassVar[tuple[str, ...]] = ("distributed",)
    install = "pip install 'kmbench[dask]'"
    _cluster: DaskCluster | None = None
    _X: Rows
    _job: Job
    _lost: int
    _file: StoredFile | None = None

    @classmethod
    def why_not_on(cls, cluster: Cluster, threads: int) -> str | None:
        """Return why this backend cannot run on a cluster, or None; one that runs already is looked over."""
        reason = super().why_not_on(cluster, threads)
        if reason is None and cluster.address is not None:
            reason = why_not_this_cluster(cluster.address, threads)
        return reason

    def _open(self, X: Rows, job: Job) -> None:
        """Find the cluster and the shards; a small array is written to a file first."""
        self._cluster = cluster_for(job.cluster, job.threads)
        self._cluster.wait_for_all()
        if self._file is not None:
            self._file.close()
            self._file = None
        if not isinstance(X, Shards):
            self._file = StoredFile(X)
            X = self._file.shards
        self._X, self._job = X, job
        if not self._cluster.is_local:
            self._cluster.check_files(X.path, X.offset + X.nbytes)
        self._names = self._cluster.names()

    @property
    def _dask(self) -> DaskCluster:
        assert self._cluster is not None
        return self._cluster

    def _cut(self, shards: int | None, multiple: int) -> list[Shards]:
        assert isinstance(self._X, Shards)
        units = -(-self._X.n // multiple)
        count = min(units, SHARDS_PER_THREAD * self._job.threads) if shards is None else shards
        return self._X.slices(count, multiple)

    def disturbance(self) -> str | None:
        """Tell of a worker that was lost in the last fit: its work was done again. The next fit has all of them."""
        if self._lost == 0:
            return None
        self._dask.wait_for_all()
        return "lost a worker"

    def cluster_seconds(self) -> float | None:
        """Return the time until all workers had answered."""
        return None if self._cluster is None else self._cluster.seconds

    def processes(self) -> dict[int, str]:
        """Return the workers of a local cluster."""
        return {} if self._cluster is None else dict.fromkeys(self._cluster.pids(), "worker")

    def _watch(self, work: Callable[[], None]) -> None:
        """Do the work of a fit, and see whether the workers are the same afterwards."""
        from distributed import KilledWorker

        before = self._dask.names()
        try:
            work()
        except KilledWorker as error:
            raise BackendError(
                f"a task repeatedly ended its worker: {error}", "give the workers more memory"
            ) from None
        after = self._dask.names()
        self._lost = len(before - after) + (0 if before <= self._names else len(before - self._names))
        self._names = after


class DaskLloydParams(Params):
    """Parameters of `DaskLloyd`."""

    read: Literal["pass", "once"] = Field(
        default="pass",
        description="shards read from the file in each pass, or once in prepare and held by the workers",
    )
    shards: int | None = Field(default=None, ge=1, le=2**16, description="parts of X; None: two per thread")
    precision: Precision = Field(
        default="float32", description="precision of rows and scores; sums are always float64"
    )
    path: Path | Literal["auto"] = Field(default="auto", description="layout of the scores")
    chunk_rows: int | None = Field(default=None, ge=16, le=2**20, description="rows per matrix product; None chooses")
    max_iterations: int = Field(default=300, ge=1, description="native only")
    tol: float = Field(
        default=1e-4, ge=0, description="native only: stop when centroids move less, as in scikit-learn"
    )


class DaskLloyd(DaskBackend):
    """Exact Lloyd on a Dask cluster, with the same bits as numpy-lloyd at any number of workers and shards.

    The plan is that of all rows, shards end on whole groups of blocks, and the sums are added in an order that the
    places of the blocks decide. Only centres, sums and labels pass between the processes; the rows stay in the file.
    """

    name = "dask-lloyd"
    summary = "numpy-lloyd on a Dask cluster: shards of the file, sums added in a fixed order, the same bits"
    traits = Traits(
        exact=True, labels_in_fit=True, centres=True, empty_clusters="relocate", takes="shards", cluster="tcp"
    )
    Params = DaskLloydParams

    params: DaskLloydParams

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Refuse a stopping rule in a matched run, and more shards than X can be cut into."""
        assert isinstance(params, DaskLloydParams)
        free = {"max_iterations", "tol"} & params.model_fields_set
        if protocol == "matched" and free:
            return f"{' and '.join(sorted(free))} belong to the native protocol; matched runs a fixed count"
        if params.shards is not None:
            rows = make_plan(n, d, k, path=params.path, chunk_rows=params.chunk_rows).group_rows
            most = -(-n // rows)
            if params.shards > most:
                return f"{n} rows make at most {most} shards of whole blocks: shards={params.shards} is too many"
        return super().unsupported_reason(k, n, d, protocol, params)

    def prepare(self, X: Rows, job: Job) -> None:
        """Find the cluster and the shards; with ``read=once`` the workers read them now.

        Raises
        ------
        CaseError
            If a matched job lacks the start or the count, or its shape does not fit.
        BackendError
            If there is no cluster, or a worker does not see the file.
        """
        n, d = X.shape
        job.check(d)
        self._open(X, job)
        self._lost = 0
        plan = make_plan(
            n,
            d,
            job.k,
            threads=job.threads,
            path=self.params.path,
            precision=self.params.precision,
            chunk_rows=self.params.chunk_rows,
        )
        self._plan = dataclasses.replace(plan, threads=1)  # each task runs on one thread of a worker
        groups = -(-n // plan.group_rows)
        self._parts = self._cut(
            None if self.params.shards is None else min(self.params.shards, groups), plan.group_rows
        )
        starts = np.cumsum([0, *(len(part) for part in self._parts)])
        self._first_groups = [int(start) // plan.group_rows for start in starts[:-1]]
        self._spans = list(pairwise(starts))
        self._held: list[Any] = list(self._parts)
        if self.params.read == "once":
            from distributed import wait

            client = self._dask.client
            self._held = [client.submit(in_memory, part, pure=False) for part in self._parts]
            wait(self._held)

    def fit(self) -> None:
        """Run Lloyd's algorithm afresh, and label the rows by the final centroids."""
        self._watch(self._fit)

    def _fit(self) -> None:
        job, X = self._job, self._X
        assert isinstance(X, Shards)
        mean = mean_of(self._nodes(_mean_of_shard, None), len(X))
        least_shift = None
        if job.protocol == "native":
            variance = float(total_of(self._nodes(_variance_of_shard, mean))[0]) / (X.n * X.d)
            least_shift = self.params.tol * variance
        init = job.init
        if init is None:
            init = rows_at(X, np.random.default_rng(job.seed).choice(len(X), job.k, replace=False))
        centres = init.astype(np.float64) - mean
        emptied, iterations = [], self.params.max_iterations if job.iterations is None else job.iterations
        for _ in range(iterations):
            old = centres
            sums = total_of(self._nodes(_sums_of_shard, (mean, old)))
            empty = empty_clusters(sums)
            if len(empty):
                relocate(X, mean, old, self._labels_of(mean, old), sums, empty)
            centres = average(sums)
            emptied.append(len(empty))
            if least_shift is not None and float(np.square(centres - old).sum()) <= least_shift:
                break
        self._labels = self._labels_of(mean, centres)
        self._mean, self._centres, self._emptied = mean, centres, emptied

    def _nodes(self, task: Callable[..., list[Node]], argument: Any) -> list[Node]:
        """Run a task on each shard and return its parts of a sum, in the order of the shards."""
        parts: list[list[Node]] = self._each_shard(task, argument, self._first_groups)
        return [node for part in parts for node in part]

    def _each_shard(self, task: Callable[..., Any], argument: Any, places: list[int]) -> list[Any]:
        client = self._dask.client
        if isinstance(argument, tuple) and argument[1].nbytes > SCATTER_BYTES:
            argument = client.scatter([argument], broadcast=True, hash=False)[0]
        futures = [
            client.submit(task, held, self._plan, place, argument, pure=False)
            for held, place in zip(self._held, places, strict=True)
        ]
        found: list[Any] = client.gather(futures)
        return found

    def _labels_of(self, mean: FloatMatrix, centres: NDArray[np.float64]) -> Labels:
        labels = new_labels(self._X)
        for (start, stop), part in zip(
            self._spans, self._each_shard(_labels_of_shard, (mean, centres), self._first_groups), strict=True
        ):
            labels[start:stop] = part
        return labels

    def result(self) -> FitResult:
        """Return the centroids after the last update, with their labels."""
        return FitResult(
            centroids=(self._centres + self._mean).astype(np.float32),
            n_iter=len(self._emptied),
            labels=self._labels,
            empty_events=sum(self._emptied),
        )

    def assign(self, X: Rows) -> Labels:
        """Label any rows by the final centroids; X of the fit by the workers, other rows here."""
        if X is self._X:
            return self._labels_of(self._mean, self._centres)
        from kmbench.backends.numpy_lloyd.lloyd import assign

        plan = make_plan(len(X), X.shape[1], self._job.k, path=self.params.path, precision=self.params.precision)
        return assign(X, self._centres, self._mean, plan)

    def settings(self) -> dict[str, Any]:
        """Return the plan as carried out, and what the cluster is."""
        plan = self._plan
        settings: dict[str, Any] = plan.settings() | {
            "read": self.params.read,
            "shards": len(self._parts),
        }
        if self._job.protocol == "native":
            settings |= {"max_iterations": self.params.max_iterations, "tol": self.params.tol}
        return settings | self._dask.settings()


def _pass(rows: Rows, plan: Plan, mean: FloatMatrix, k: int) -> Pass:
    source = StreamedRows(rows, mean, plan) if isinstance(rows, Shards) else LazyRows(rows, mean, plan)
    return make_pass(source, np.empty(len(rows), dtype=np.int32), k, plan, map)


def _sums_of_shard(rows: Rows, plan: Plan, group: int, given: tuple[FloatMatrix, NDArray[np.float64]]) -> list[Node]:
    mean, centres = given
    with workers(1):
        return _pass(rows, plan, mean, len(centres)).nodes(centres, group)


def _labels_of_shard(rows: Rows, plan: Plan, group: int, given: tuple[FloatMatrix, NDArray[np.float64]]) -> Labels:
    mean, centres = given
    with workers(1):
        return _pass(rows, plan, mean, len(centres)).labels(centres)


def _mean_of_shard(rows: Rows, plan: Plan, group: int, given: None) -> list[Node]:
    with workers(1) as each:
        return mean_nodes(rows, plan, each, group)


def _variance_of_shard(rows: Rows, plan: Plan, group: int, mean: FloatMatrix) -> list[Node]:
    return variance_nodes(rows, mean, plan, group)
