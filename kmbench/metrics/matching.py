"""The best one-to-one matching of two labelings' clusters, exact, for tens of thousands of clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from kmbench.metrics.table import as_table

__all__ = ["matched_agreement"]

_DENSE_MATCH_CELLS = 1 << 18
"""Tables of up to this many cells are matched dense: above k = 512 the sparse solver was the faster one."""


def matched_agreement(table: sparse.csr_array | NDArray[Any]) -> float:
    """Compute the share of the rows that agree under the best one-to-one matching of the clusters.

    Exact. Pairs of clusters that an optimum must hold are fixed first, which is nearly all of them where the
    labelings agree well; the rest goes to a solver, dense or sparse by its size.

    Parameters
    ----------
    table : csr_array or ndarray of integers, shape (ka, kb)
        As `kmbench.metrics.contingency` returns it.

    Returns
    -------
    float
        From ``1 / max(ka, kb)`` to 1 (the same partition).

    Raises
    ------
    ValueError
        If the table counts no rows.
    """
    counts = as_table(table)
    n = int(counts.data.sum())
    if n == 0:
        raise ValueError("the table counts no rows")
    matched = 0
    while counts.shape[0] * counts.shape[1] > _DENSE_MATCH_CELLS:
        rows, columns, gain = _certain(counts)
        if not rows.size:
            return (matched + _match_sparse(counts)) / n
        matched += gain
        counts = counts[_others(counts.shape[0], rows)][:, _others(counts.shape[1], columns)]
    dense = counts.toarray()
    return (matched + int(dense[linear_sum_assignment(dense, maximize=True)].sum())) / n


def _certain(counts: sparse.csr_array) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
    """Return rows and columns of cells that some optimum holds, and what they count together.

    A cell that is at least the next best of its row plus the next best of its column is one: a matching without it
    holds at most those two in its place. What is left after taking one cell only lowers the bound of the others, so
    all of them are taken at once.
    """
    best, second, column = _two_best(counts)
    _, second_of_column, row = _two_best(counts.T.tocsr())
    rows = np.flatnonzero(best > 0)
    columns = column[rows]
    certain = (row[columns] == rows) & (best[rows] >= second[rows] + second_of_column[columns])
    return rows[certain], columns[certain], int(best[rows[certain]].sum())


def _two_best(counts: sparse.csr_array) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.intp]]:
    """Return the largest count of each row, the next largest, and the column of the largest; zeros in empty rows."""
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    filled = np.flatnonzero(np.diff(counts.indptr))
    starts = counts.indptr[filled]
    best = np.zeros(counts.shape[0], dtype=np.int64)
    second, column = best.copy(), np.zeros(counts.shape[0], dtype=np.intp)
    if filled.size:
        best[filled] = np.maximum.reduceat(counts.data, starts)
        tops = np.flatnonzero(counts.data == best[rows])
        first = tops[np.unique(rows[tops], return_index=True)[1]]
        column[filled] = counts.indices[first]
        others = counts.data.copy()
        others[first] = 0
        second[filled] = np.maximum.reduceat(others, starts)
    return best, second, column


def _others(size: int, taken: NDArray[np.intp]) -> NDArray[np.intp]:
    left = np.ones(size, dtype=bool)
    left[taken] = False
    return np.flatnonzero(left)


def _match_sparse(counts: sparse.csr_array) -> int:
    """Return what the best matching counts.

    The solver wants a matching that covers every row, so each gets a column of its own that gains nothing: to take
    it is to stay unmatched.
    """
    every = np.arange(counts.shape[0])
    private = sparse.csr_array((np.zeros(every.size), (every, every)), shape=(every.size, every.size))
    gains = sparse.hstack([counts.astype(np.float64), private], format="csr")
    gains.data += 1  # the solver reads a zero as no edge; every row is matched once, so this changes no choice
    return int(gains[min_weight_full_bipartite_matching(gains, maximize=True)].sum()) - every.size
