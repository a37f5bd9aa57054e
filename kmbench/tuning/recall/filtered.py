"""What a filter does to the recall of every nprobe: the one pass over the rows that it allows.

FAISS visits every row of a probed list and compares those that the filter allows. So a true neighbour among them is
found exactly when its list is probed, as without a filter; only the neighbours and the sizes of the lists are others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.index.training import Trained
from kmbench.tuning.problem.filters import RowFilter
from kmbench.tuning.problem.space import FloatMatrix, Space
from kmbench.tuning.problem.truth import Progress, Truth, exact_neighbours
from kmbench.tuning.recall.compressed import compressed_curves
from kmbench.tuning.recall.curve import Curve, one_pass, ranked_lists

__all__ = ["FilteredWork", "filtered_curve", "filtered_truth", "filtered_work"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredWork:
    """What queries meet under a filter for ``nprobe = 1 .. nlist``.

    Attributes
    ----------
    visited : ndarray of float64, shape (nlist,)
        Rows of the probed lists, allowed or not, on average over the queries.
    short : ndarray of float64, shape (nlist,)
        Share of the queries that get fewer than k answers.
    """

    visited: NDArray[np.float64]
    short: NDArray[np.float64]


def filtered_truth(
    base: FloatMatrix,
    queries: FloatMatrix,
    k: int,
    space: Space,
    row_filter: RowFilter,
    progress: Progress = lambda what, share: None,
) -> Truth:
    """Find the true neighbours among the rows that a filter allows; all of them, where they are fewer than k."""
    rows = np.flatnonzero(row_filter.allowed)
    rows = np.setdiff1d(rows, space.directionless(base), assume_unique=True)
    own = np.ascontiguousarray(base[rows])
    found = exact_neighbours(own, queries, min(k, len(rows)), space, progress)
    ids = np.where(found.ids >= 0, rows[found.ids], -1)
    return Truth(k=found.k, ids=ids, tied=found.tied, cut=found.cut)


def filtered_curve(
    kind: Kind,
    trained: Trained,
    codes: Any,
    queries: FloatMatrix,
    truth: Truth,
    row_filter: RowFilter,
    k_factor: int = 1,
) -> Curve:
    """Return the curve under a filter, exact as without one.

    Parameters
    ----------
    codes : faiss.IndexIVF or None
        Populated; not needed for lists of whole vectors.
    queries : ndarray of float32, shape (nq, d)
    truth : Truth
        From `filtered_truth`.
    k_factor : int
        Of the setting.
    """
    sizes = _allowed_sizes(trained, row_filter)
    if kind.exact:
        return one_pass(trained.quantizer, queries, truth.ids, trained.list_of_row, truth.k, sizes.astype(np.float64))
    curves = compressed_curves(
        kind, codes, trained.quantizer, queries, truth.ids, sizes, truth.k, trained.nlist, row_filter.allowed
    )
    return next(curve for curve in curves if curve.k_factor == k_factor)


def filtered_work(trained: Trained, queries: FloatMatrix, row_filter: RowFilter, k: int) -> FilteredWork:
    """Return how many rows are visited, and how many queries find fewer than k, at every nprobe."""
    sizes, allowed = trained.sizes, _allowed_sizes(trained, row_filter)
    visited, short = np.zeros(trained.nlist), np.zeros(trained.nlist)
    for _, order in ranked_lists(trained.quantizer, queries, trained.nlist):
        visited += np.cumsum(sizes[order], axis=1).sum(axis=0)
        short += (np.cumsum(allowed[order], axis=1) < k).sum(axis=0)
    return FilteredWork(visited=visited / len(queries), short=short / len(queries))


def _allowed_sizes(trained: Trained, row_filter: RowFilter) -> NDArray[np.int64]:
    return np.bincount(trained.list_of_row[row_filter.allowed], minlength=trained.nlist).astype(np.int64)
