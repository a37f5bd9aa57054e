"""The k-major path, for few clusters and few columns: a row of scores per cluster.

With 16 clusters, argmin over a row costs 20 to 50 ns of overhead per data row. With a row per cluster the minimum
runs along long rows at full speed, ``scores == minimum`` marks the nearest centre of each column, and the marks are
themselves the matrix whose product with the data gives the sums.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .plan import Plan, spans
from .rows import Floats, RowSource, score_weights
from .sums import BlockSums, Node, total_of

__all__ = ["KMajorPass"]


class KMajorPass:
    """Passes over all rows, chunk by chunk, on the calling thread.

    Parameters
    ----------
    source : RowSource
        The augmented rows, in the k-major layout.
    labels : ndarray of int32, shape (n,)
        Room for a label per row.
    plan : Plan
    k : int
        Number of clusters.
    """

    def __init__(self, source: RowSource, labels: NDArray[np.int32], plan: Plan, k: int) -> None:
        self._source = source
        self._labels = labels
        self._chunk_rows = plan.chunk_rows
        self._dtype = plan.precision
        size = min(len(labels), plan.chunk_rows)
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
        return total_of(self.nodes(centres))

    def nodes(self, centres: NDArray[np.float64], first_group: int = 0) -> list[Node]:
        """Return the same as parts of a sum over more rows, of which the group `first_group` is the first here."""
        k, d = centres.shape
        weights = score_weights(centres, self._dtype)
        part = np.empty((d + 1, k), dtype=self._dtype)
        sums = BlockSums(first_group)
        for start, stop, chunk in self._chunks():
            marks = self._marks(chunk, weights)
            np.dot(chunk, marks.T, out=part)
            if part[d].sum() != stop - start:  # a row with several nearest centres is counted by each
                _keep_first(marks)
                np.dot(chunk, marks.T, out=part)
            sums.add(part.T)
        return sums.nodes()

    def _chunks(self) -> Iterator[tuple[int, int, Floats]]:
        for first, last, rows in self._source.pieces():
            for start, stop in spans(last - first, self._chunk_rows):
                yield first + start, first + stop, rows(first + start, first + stop)

    def labels(self, centres: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the nearest centre of each row, int32 of shape (n,), the lowest index where scores are equal."""
        k = len(centres)
        weights = score_weights(centres, self._dtype)
        count_and_index = np.stack([np.ones(k), np.arange(k)]).astype(self._dtype)
        for start, stop, chunk in self._chunks():
            marks = self._marks(chunk, weights)
            counts, index = np.dot(count_and_index, marks)
            if counts.max() > 1:
                _keep_first(marks)
                index = np.dot(count_and_index[1], marks)
            self._labels[start:stop] = index
        return self._labels

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
