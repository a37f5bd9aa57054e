"""The loop of Lloyd's algorithm over passes that are fast, and the assignment of other rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kmbench.shards import FloatMatrix, Shards, new_labels

from .dense import DensePass
from .kmajor import KMajorPass
from .plan import Plan
from .pruned import PrunedPass
from .pruning import Pruning
from .relocate import average, empty_clusters, relocate
from .rows import LazyRows, RowSource, StoredRows, StreamedRows, column_mean, mean_variance
from .sums import Node
from .workers import Each, workers

__all__ = ["LloydResult", "Pass", "assign", "lloyd", "make_pass"]


class Pass(Protocol):
    """One reading of all rows."""

    def accumulate(self, centres: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Return sums and counts, (k, d + 1), of the rows nearest to each centre."""

    def nodes(self, centres: NDArray[np.float64], first_group: int, /) -> list[Node]:
        """Return the same as parts of a sum over more rows, of which the group `first_group` is the first here."""

    def labels(self, centres: NDArray[np.float64], /) -> NDArray[np.int32]:
        """Return the nearest centre of each row."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LloydResult:
    """What a run of Lloyd's algorithm leaves.

    Attributes
    ----------
    centres : ndarray of float64, shape (k, d)
        Final centres, of the centred data.
    mean : ndarray of float32, shape (d,)
        What centring took off; add it to `centres` for the centroids of X.
    labels : ndarray of int32, shape (n,)
        Nearest final centre of each row.
    n_iter : int
        (assign, update) iterations done.
    empty_events : int
        Clusters found empty, over all iterations.
    pruning : Pruning or None
        What came of pruning, where the plan has it and the rows are stored.
    """

    centres: NDArray[np.float64]
    mean: NDArray[np.float32]
    labels: NDArray[np.int32]
    n_iter: int
    empty_events: int
    pruning: Pruning | None = None


def lloyd(
    X: FloatMatrix | Shards,
    init: NDArray[np.float32],
    plan: Plan,
    *,
    iterations: int,
    tol: float | None = None,
) -> LloydResult:
    """Run Lloyd's algorithm from given centroids, and label the rows by the final ones.

    Parameters
    ----------
    X : ndarray of float32, C order, or Shards, of shape (n, d)
        Not written to. Shards are read anew in each iteration, with the same bits as a result.
    init : ndarray of float32, shape (k, d)
        Initial centroids.
    plan : Plan
        From `make_plan`, for this n, d and k.
    iterations : int
        Most (assign, update) iterations; all of them are run where `tol` is None.
    tol : float or None
        Stop when the squared shifts of all centres add up to no more than `tol` times the mean variance of the
        columns, as in scikit-learn. With 0, stop when nothing moves: sums are reproducible bit for bit, so
        equal labels give equal centres.

    Returns
    -------
    LloydResult
    """
    k = len(init)
    found_empty: list[int] = []
    with workers(plan.threads) as each:
        mean = column_mean(X, plan, each)
        least_shift = None if tol is None else tol * mean_variance(X, mean, plan)
        source = StreamedRows(X, mean, plan) if isinstance(X, Shards) else StoredRows(X, mean, plan, each)
        passes = make_pass(source, new_labels(X), k, plan, each)
        centres = init.astype(np.float64) - mean
        for _ in range(iterations):
            old = centres
            sums = passes.accumulate(old)
            empty = empty_clusters(sums)
            if len(empty):
                relocate(X, mean, old, passes.labels(old), sums, empty)
            centres = average(sums)
            found_empty.append(len(empty))
            if least_shift is not None and float(np.square(centres - old).sum()) <= least_shift:
                break
        labels = passes.labels(centres)
    return LloydResult(
        centres=centres,
        mean=mean,
        labels=labels,
        n_iter=len(found_empty),
        empty_events=sum(found_empty),
        pruning=passes.pruning if isinstance(passes, PrunedPass) else None,
    )


def assign(
    X: FloatMatrix | Shards, centres: NDArray[np.float64], mean: NDArray[np.float32], plan: Plan
) -> NDArray[np.int32]:
    """Return the nearest centre of each row of any X, with scratch memory that does not grow with it.

    Parameters
    ----------
    X : ndarray of float32 or Shards, shape (n, d)
        Not centred.
    centres : ndarray of float64, shape (k, d)
        Of the centred data.
    mean : ndarray of float32, shape (d,)
        What centring took off.
    plan : Plan
        From `make_plan`, for this n, d and k.

    Returns
    -------
    ndarray of int32, shape (n,)
        The lowest index where centres are equally near.
    """
    with workers(plan.threads) as each:
        source = StreamedRows(X, mean, plan) if isinstance(X, Shards) else LazyRows(X, mean, plan)
        return make_pass(source, new_labels(X), len(centres), plan, each).labels(centres)


def make_pass(source: RowSource, labels: NDArray[np.int32], k: int, plan: Plan, each: Each) -> Pass:
    """Return passes as planned; they write to `labels`, one for each row. Only stored rows can be pruned."""
    if plan.path == "k-major":
        return KMajorPass(source, labels, plan, k)
    if plan.pruning != "never" and isinstance(source, StoredRows):
        return PrunedPass(source, labels, plan, each)
    return DensePass(source, labels, plan, each)
