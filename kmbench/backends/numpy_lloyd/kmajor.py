"""The k-major path, for few clusters and few columns: a row of scores per cluster.

With 16 clusters, argmin over a row costs 20 to 50 ns of overhead per data row. With a row per cluster the minimum
runs along long rows at full speed, ``scores == minimum`` marks the nearest centre of each column, and the marks are
themselves the matrix whose product with the data gives the sums.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .plan import Plan, spans
from .rows import Floats, RowBlocks, score_weights

__all__ = ["KMajorPass"]


class KMajorPass:
    """Passes over all rows, chunk by chunk, on the calling thread.

    Parameters
    ----------
    rows : RowBlocks
        The augmented rows, in the k-major layout.
    n : int
        Number of rows.
    plan : Plan
    k : int
        Number of clusters.
    """

    def __init__(self, rows: RowBlocks, n: int, plan: Plan, k: int) -> None:
        self._rows = rows
        self._n = n
        self._chunks = spans(n, plan.chunk_rows)
        self._dtype = plan.precision
        size = min(n, plan.chunk_rows)
        self._scores = np.empty(k * size, dtype=plan.precision)
        self._least = np.empty(size, dtype=plan.precision)
        self._equal = np.empty(k * size, dtype=np.bool_)

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
        weights = score_weights(centres, self._dtype)
        part = np.empty((d + 1, k), dtype=self._dtype)
        total = np.zeros((d + 1, k))
        for start, stop in self._chunks:
            chunk = self._rows(start, stop)
            marks = self._marks(chunk, weights)
            np.dot(chunk, marks.T, out=part)
            if part[d].sum() != stop - start:  # a row with several nearest centres is counted by each
                _keep_first(marks)
                np.dot(chunk, marks.T, out=part)
            total += part
        return np.ascontiguousarray(total.T)

    def labels(self, centres: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the nearest centre of each row, int32 of shape (n,), the lowest index where scores are equal."""
        k = len(centres)
        weights = score_weights(centres, self._dtype)
        count_and_index = np.stack([np.ones(k), np.arange(k)]).astype(self._dtype)
        labels = np.empty(self._n, dtype=np.int32)
        for start, stop in self._chunks:
            marks = self._marks(self._rows(start, stop), weights)
            counts, index = np.dot(count_and_index, marks)
            if counts.max() > 1:
                _keep_first(marks)
                index = np.dot(count_and_index[1], marks)
            labels[start:stop] = index
        return labels

    def _marks(self, chunk: Floats, weights: Floats) -> Floats:
        """Return the marks of one chunk, (k, m): 1 where the score is the least of its column, else 0."""
        k, m = len(weights), chunk.shape[1]
        scores = self._scores[: k * m].reshape(k, m)
        equal = self._equal[: k * m].reshape(k, m)
        least = self._least[:m]
        np.dot(weights, chunk, out=scores)
        np.minimum.reduce(scores, axis=0, out=least)
        np.equal(scores, least, out=equal)
        scores[...] = equal
        return scores


def _keep_first(marks: Floats) -> None:
    """Leave only the first mark of each column."""
    tied = np.flatnonzero(marks.sum(axis=0) > 1)
    first = marks[:, tied].argmax(axis=0)
    marks[:, tied] = 0
    marks[first, tied] = 1
