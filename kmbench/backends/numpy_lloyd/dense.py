"""The dense core: a row of scores per data row, the nearest centre by argmin, sums by a sparse product."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from .plan import Plan, spans, without_aliasing
from .rows import Floats, RowBlocks, RowSource, score_weights
from .sums import BlockSums, Node, total_of
from .workers import Each

__all__ = ["DensePass", "Labeller"]

Labeller = Callable[[Floats, int], None]


class DensePass:
    """Passes over all rows, block by block, on the threads of `each`.

    Parameters
    ----------
    source : RowSource
        The augmented rows, in the dense layout.
    labels : ndarray of int32, shape (n,)
        Room for a label per row.
    plan : Plan
    each : callable
        From `workers`.
    """

    def __init__(self, source: RowSource, labels: NDArray[np.int32], plan: Plan, each: Each) -> None:
        n = len(labels)
        self._source = source
        self._plan = plan
        self._each = each
        self._labels = labels
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
        return total_of(self.nodes(centres))

    def nodes(self, centres: NDArray[np.float64], first_group: int = 0) -> list[Node]:
        """Return the same as parts of a sum over more rows, of which the group `first_group` is the first here."""
        k = len(centres)
        label = self._labeller(centres)
        sums = BlockSums(first_group)
        for first, last, rows in self._source.pieces():

            def block_sums(span: tuple[int, int], rows: RowBlocks = rows) -> Floats:
                start, stop = span
                block = rows(start, stop)
                label(block, start)
                part: Floats = self._members(start, stop, k) @ block
                return part

            for part in self._each(block_sums, self._spans(first, last)):
                sums.add(part)
        self._labelled = centres
        return sums.nodes()

    def labels(self, centres: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the nearest centre of each row, int32 of shape (n,), the lowest index where scores are equal."""
        if self._labelled is not centres:
            label = self._labeller(centres)
            for first, last, rows in self._source.pieces():

                def label_span(span: tuple[int, int], rows: RowBlocks = rows) -> None:
                    label(rows(*span), span[0])

                for _ in self._each(label_span, self._spans(first, last)):
                    pass
            self._labelled = centres
        return self._labels

    def _spans(self, first: int, last: int) -> list[tuple[int, int]]:
        return [(first + start, first + stop) for start, stop in spans(last - first, self._plan.block_rows)]

    def _labeller(self, centres: NDArray[np.float64]) -> Labeller:
        """Return what writes the labels of a block, given its rows and the number of the first."""
        weights = score_weights(centres, self._plan.precision)
        if self._plan.by_columns:
            return lambda block, start: self._label_by_columns(block, start, weights)
        columns = np.ascontiguousarray(weights.T)
        return lambda block, start: self._label(block, start, columns)

    def _label(self, block: Floats, start: int, weights: Floats) -> None:
        """Label one block, whose first row is `start`, chunk by chunk, with buffers that each thread keeps."""
        size = min(self._plan.chunk_rows, len(self._ones))
        k = weights.shape[1]
        if not hasattr(self._local, "scores"):
            # Columns beyond k widen the rows; they stay infinite and come last, so that argmin, which would
            # copy the first k columns of a wider matrix, can take all of it and never picks one of them.
            width = without_aliasing(k, self._plan.precision)
            self._local.scores = np.full((size, width), np.inf, dtype=weights.dtype)
            self._local.nearest = np.empty(size, dtype=np.intp)
        for first in range(0, len(block), size):
            chunk = block[first : first + size]
            scores = self._local.scores[: len(chunk)]
            nearest = self._local.nearest[: len(chunk)]
            np.matmul(chunk, weights, out=scores[:, :k])
            np.argmin(scores, axis=1, out=nearest)
            self._labels[start + first : start + first + len(chunk)] = nearest

    def _label_by_columns(self, block: Floats, start: int, weights: Floats) -> None:
        """Do the same for few centres, with a row of scores for each of them.

        A mark where the score is the least of its column, times 255 less the index of the row: the greatest of a
        column tells the first row that is marked.
        """
        k, size = len(weights), min(self._plan.chunk_rows, len(self._ones))
        local = self._local
        if not hasattr(local, "columns"):
            local.columns = np.empty(k * size, dtype=weights.dtype)
            local.marks = np.empty(k * size, dtype=np.bool_)
            local.least, local.greatest = np.empty(size, dtype=weights.dtype), np.empty(size, dtype=np.uint8)
        places = (255 - np.arange(k, dtype=np.uint8))[:, np.newaxis]
        for first in range(0, len(block), size):
            chunk = block[first : first + size]
            m = len(chunk)
            scores, marks = local.columns[: k * m].reshape(k, m), local.marks[: k * m].reshape(k, m)
            least, greatest = local.least[:m], local.greatest[:m]
            np.dot(weights, chunk.T, out=scores)
            np.minimum.reduce(scores, axis=0, out=least)
            np.equal(scores, least, out=marks)
            numbers = marks.view(np.uint8)
            np.multiply(numbers, places, out=numbers)
            np.maximum.reduce(numbers, axis=0, out=greatest)
            labels = self._labels[start + first : start + first + m]
            np.subtract(255, greatest, out=labels, dtype=np.int32, casting="unsafe")
            if not greatest.all():  # scores that are no numbers equal nothing
                labels[:] = np.argmin(scores, axis=0)

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
