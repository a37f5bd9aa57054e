"""The curve of lists that a database has read back, and what a search there must find by it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.index.kinds import flat_quantizer
from kmbench.tuning.index.training import assign_rows
from kmbench.tuning.problem.data import Problem
from kmbench.tuning.problem.space import FloatMatrix, Space
from kmbench.tuning.problem.truth import Truth
from kmbench.tuning.recall.curve import Curve, one_pass, ranked_lists
from kmbench.tuning.targets.base import Lists

__all__ = [
    "Asked",
    "ListCurves",
    "asked_queries",
    "centroids_digest",
    "curves_of",
    "from_space",
    "into_space",
    "quantizer_of",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """The queries that a database is asked: all, or some drawn by chance.

    Attributes
    ----------
    rows : ndarray of int64
        Among the queries of the problem.
    raw, queries : ndarray of float32
        As a user has them, and in the space of the index.
    truth : ndarray of int64
        As `kmbench.tuning.problem.truth.Truth` holds it.
    """

    rows: NDArray[np.int64]
    raw: FloatMatrix
    queries: FloatMatrix
    truth: NDArray[np.int64]


def asked_queries(problem: Problem, truth: Truth, most: int, seed: int) -> Asked:
    """Return at most so many queries."""
    rows = np.arange(len(problem.queries))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng([seed, 23]).choice(len(rows), most, replace=False))
    return Asked(
        rows=rows,
        raw=np.ascontiguousarray(problem.raw_queries[rows]),
        queries=np.ascontiguousarray(problem.queries[rows]),
        truth=truth.ids[rows],
    )


def from_space(centroids: FloatMatrix, space: Space) -> FloatMatrix:
    """Return centroids among the vectors as a user has them."""
    if space.shift is None:
        return np.ascontiguousarray(centroids, dtype=np.float32)
    back: FloatMatrix = (centroids.astype(np.float64) + space.shift).astype(np.float32)
    return back


def into_space(centroids: FloatMatrix, space: Space) -> FloatMatrix:
    """Return centroids in the space of the index; those of inner products are directions already."""
    if space.shift is None:
        return np.ascontiguousarray(centroids, dtype=np.float32)
    there: FloatMatrix = (centroids.astype(np.float64) - space.shift).astype(np.float32)
    return there


def centroids_digest(centroids: FloatMatrix) -> str:
    """Return a digest of a set of centroids: a database keeps them in an order of its own."""
    rows = sorted(row.tobytes() for row in np.ascontiguousarray(centroids, dtype="<f4"))
    return hashlib.sha256(b"".join(rows)).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListCurves:
    """Curves of one set of lists.

    Attributes
    ----------
    whole : Curve
        For all queries.
    asked : Curve
        For those that the database is asked.
    sizes : ndarray of int64, shape (nlist,)
    misplaced : int
        Rows that the database has in another list than that of the nearest centroid, at least.
    enough : int
        Smallest nprobe at which every query sees k rows or more.
    """

    whole: Curve
    asked: Curve
    sizes: NDArray[np.int64]
    misplaced: int
    enough: int

    @property
    def imbalance(self) -> float:
        """How many times as many vectors a query like the data scans at nprobe 1 as with lists of equal size."""
        return float(len(self.sizes) * np.square(self.sizes / max(1, self.sizes.sum())).sum())


def quantizer_of(centroids: FloatMatrix, lists: Lists | None, space: Space) -> Any:
    """Return the centroids, in the space of the index, in an index that ranks them as the database does."""
    return flat_quantizer(centroids, Space(metric="l2") if lists is not None and lists.by_l2 else space)


def curves_of(
    centroids: FloatMatrix, lists: Lists | None, problem: Problem, truth: Truth, asked: Asked, k: int
) -> ListCurves:
    """Return the curves of centroids whose rows are in the list of the nearest.

    Parameters
    ----------
    centroids : ndarray of float32, shape (nlist, d)
        In the space of the index.
    lists : Lists or None
        Whose sizes are compared with those of the nearest centroids; None: they are those.
    """
    quantizer = quantizer_of(centroids, lists, problem.space)
    list_of_row = assign_rows(quantizer, problem.base)
    sizes = np.bincount(list_of_row, minlength=len(centroids)).astype(np.int64)
    misplaced = 0 if lists is None else int(np.abs(sizes - lists.sizes).sum() + 1) // 2
    whole = one_pass(quantizer, problem.queries, truth.ids, list_of_row, k)
    part = whole
    if len(asked.rows) < len(problem.queries):
        part = one_pass(quantizer, asked.queries, asked.truth, list_of_row, k)
    least = np.full(len(centroids), np.iinfo(np.int64).max)
    for _, order in ranked_lists(quantizer, asked.queries, len(centroids)):
        least = np.minimum(least, np.cumsum(sizes[order], axis=1).min(axis=0))
    enough = int(np.searchsorted(least, min(k, int(sizes.sum())))) + 1
    return ListCurves(whole=whole, asked=part, sizes=sizes, misplaced=misplaced, enough=enough)
