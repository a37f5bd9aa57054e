"""The dense core: a row of scores per data row, the nearest centre by argmin, sums by a sparse product."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from .plan import Plan, spans, without_aliasing
from .rows import Floats, RowBlocks, score_weights
from .workers import Each

__all__ = ["DensePass"]


class DensePass:
    """Passes over all rows, block by block, on the threads of `each`.

    Parameters
    ----------
    rows : RowBlocks
        The augmented rows, in the dense layout.
    n : int
        Number of rows.
    plan : Plan
    each : callable
        From `workers`.
    """

    def __init__(self, rows: RowBlocks, n: int, plan: Plan, each: Each) -> None:
        self._rows = rows
        self._plan = plan
        self._each = each
        self._blocks = spans(n, plan.block_rows)
        self._labels = np.empty(n, dtype=np.int32)
        self._labelled: NDArray[np.float64] | None = None
        self._ones = np.ones(min(n, plan.block_rows), dtype=plan.precision)
        self._pointers = np.arange(len(self._ones) + 1, dtype=np.int32)
        self._local = threading.local()

    def accumulate(self, centres: NDArray[np.float64]) -> NDArray[np.float64]:
        """Assign every row to its nearest centre and add up the rows of each.

        Parameters
        ----------
        centres : ndarray of float64, shape (k, d)
            On the centred data.

        Returns
        -------
        ndarray of float64, shape (k, d + 1)
            Sums of the centred rows, and their number in the last column.
        """
        k, d = centres.shape
        weights = self._weights(centres)

        def block_sums(span: tuple[int, int]) -> Floats:
            start, stop = span
            self._label(start, stop, weights)
            sums: Floats = self._members(start, stop, k) @ self._rows(start, stop)
            return sums

        total = np.zeros((k, d + 1))
        for part in self._each(block_sums, self._blocks):
            total += part
        self._labelled = centres
        return total

    def labels(self, centres: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the nearest centre of each row, int32 of shape (n,), the lowest index where scores are equal."""
        if self._labelled is not centres:
            weights = self._weights(centres)
            for _ in self._each(lambda span: self._label(*span, weights), self._blocks):
                pass
            self._labelled = centres
        return self._labels

    def _weights(self, centres: NDArray[np.float64]) -> Floats:
        return np.ascontiguousarray(score_weights(centres, self._plan.precision).T)

    def _label(self, start: int, stop: int, weights: Floats) -> None:
        """Write the labels of one block, chunk by chunk, into buffers that each thread keeps."""
        size = min(self._plan.chunk_rows, len(self._ones))
        k = weights.shape[1]
        if not hasattr(self._local, "scores"):
            # Columns beyond k widen the rows; they stay infinite and come last, so that argmin, which would
            # copy the first k columns of a wider matrix, can take all of it and never picks one of them.
            width = without_aliasing(k, self._plan.precision)
            self._local.scores = np.full((size, width), np.inf, dtype=weights.dtype)
            self._local.nearest = np.empty(size, dtype=np.intp)
        for first in range(start, stop, size):
            last = min(first + size, stop)
            scores = self._local.scores[: last - first]
            nearest = self._local.nearest[: last - first]
            np.matmul(self._rows(first, last), weights, out=scores[:, :k])
            np.argmin(scores, axis=1, out=nearest)
            self._labels[first:last] = nearest

    def _members(self, start: int, stop: int, k: int) -> csc_array:
        """Return the (k, m) matrix that has a single one in each column, in the row of its label.

        Its product adds row after row to its cluster's sums, in the order they lie in memory, without a sort; a
        bincount per column takes 20 times as long. Checking a new matrix takes 0.1 ms, so each thread keeps one
        and changes its labels.
        """
        m = stop - start
        members = getattr(self._local, "members", None)
        if members is None or members.shape[1] != m:
            labels = np.zeros(m, dtype=np.int32)
            members = csc_array((self._ones[:m], labels, self._pointers[: m + 1]), shape=(k, m))
            self._local.members = members
        members.indices[:] = self._labels[start:stop]
        return members
