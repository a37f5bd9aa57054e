"""The data as the products want it: centred, with a column of ones beside it.

With the row ``(x, 1)`` and the column ``(-2c, |c|^2)`` one product gives ``|c|^2 - 2 x.c``, which is
``|x - c|^2`` but for ``|x|^2``, the same for every c. Single precision holds that difference only where x is not
large beside the distances, so the mean of X is taken off first. The ones also count: the sums of a cluster's rows
``(x, 1)`` end with their number.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kmbench.shards import FloatMatrix, RowReader, Shards, pieces_of

from .plan import Layout, Plan, spans
from .sums import BlockSums, Node, total_of
from .workers import Each

__all__ = [
    "Floats",
    "LazyRows",
    "RowBlocks",
    "RowSource",
    "StoredRows",
    "StreamedRows",
    "column_mean",
    "mean_nodes",
    "mean_of",
    "mean_variance",
    "score_weights",
    "variance_nodes",
]

Floats = NDArray[np.floating[Any]]

QUEUED_BLOCKS, AHEAD_BLOCKS = 64, 2
"""Of a file, for each thread: blocks whose sums may wait at a time for one before them, and blocks that the system is
asked for before they are read."""


class RowBlocks(Protocol):
    """The rows of one piece of X."""

    def __call__(self, start: int, stop: int) -> Floats:
        """Return the augmented rows: (m, d + 1) on the dense path, (d + 1, m) on the k-major one."""


class RowSource(Protocol):
    """Where a pass has its rows from."""

    def pieces(self) -> Iterator[tuple[int, int, RowBlocks]]:
        """Yield first row, row after the last, and rows of each piece, which is gone once the next comes."""


def column_mean(X: FloatMatrix | Shards, plan: Plan, each: Each) -> NDArray[np.float32]:
    """Return the mean of each column, near enough to centre with.

    A product with ones per block, added in float64: 10 to 20 times faster than ``X.mean(axis=0)`` on narrow
    data. What matters is only that the same float32 values are taken off and later added back.

    Parameters
    ----------
    X : ndarray of float32 or Shards, shape (n, d)
    plan : Plan
    each : callable
        From `workers`.

    Returns
    -------
    ndarray of float32, shape (d,)
    """
    return mean_of(mean_nodes(X, plan, each), len(X))


def mean_of(nodes: list[Node], n: int) -> NDArray[np.float32]:
    """Return the mean of each column from the parts of their sums."""
    mean: NDArray[np.float32] = (total_of(nodes) / n).astype(np.float32)
    return mean


def mean_nodes(X: FloatMatrix | Shards, plan: Plan, each: Each, first_group: int = 0) -> list[Node]:
    """Return the sums of the columns, as parts of a sum over more rows."""
    ones = np.ones(min(len(X), plan.block_rows), dtype=np.float32)
    sums = BlockSums(first_group)
    for _, piece in pieces_of(X, plan.piece_rows(X.shape[1])):

        def block_sum(span: tuple[int, int], piece: FloatMatrix = piece) -> NDArray[np.float32]:
            start, stop = span
            return ones[: stop - start] @ piece[start:stop]

        for part in each(block_sum, spans(len(piece), plan.block_rows)):
            sums.add(part)
    return sums.nodes()


def mean_variance(X: FloatMatrix | Shards, mean: NDArray[np.float32], plan: Plan) -> float:
    """Return the variance of the columns, averaged, as scikit-learn scales its `tol` with it."""
    n, d = len(X), int(X.shape[1])
    squares = float(total_of(variance_nodes(X, mean, plan))[0])
    return squares / (n * d)


def variance_nodes(
    X: FloatMatrix | Shards, mean: NDArray[np.float32], plan: Plan, first_group: int = 0
) -> list[Node]:
    """Return the sum of all squared distances from the mean, of shape (1,), as parts of a sum over more rows."""
    sums = BlockSums(first_group)
    for _, piece in pieces_of(X, plan.piece_rows(X.shape[1])):
        for start, stop in spans(len(piece), plan.block_rows):
            centred = piece[start:stop] - mean
            sums.add(np.array([np.vdot(centred, centred)], dtype=np.float64))
    return sums.nodes()


def score_weights(centres: NDArray[np.float64], dtype: Any) -> Floats:
    """Return ``(-2c, |c|^2)`` for each centre c, of shape (k, d + 1).

    A copy of a centre before it gets the largest finite score for every row: a product can round the scores of equal
    centres differently, by their places, and the rows belong to the first. It is not infinity, because some kernels
    multiply that by zeros that they pad with, which raises the flag of an invalid operation.
    """
    k, d = centres.shape
    weights = np.empty((k, d + 1), dtype=dtype)
    np.multiply(centres, -2, out=weights[:, :d], casting="same_kind")
    squares = np.einsum("ij,ij->i", centres, centres)
    weights[:, d] = squares
    copies = _copies(centres, squares)
    weights[copies, :d] = 0
    weights[copies, d] = np.finfo(dtype).max
    return weights


def _copies(centres: NDArray[np.float64], squares: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the centres that equal one before them; those with squares of their own need no comparison."""
    _, group, sizes = np.unique(squares, return_inverse=True, return_counts=True)
    alike = np.flatnonzero(sizes[group] > 1)
    if not len(alike):
        return alike
    _, firsts = np.unique(centres[alike], axis=0, return_index=True)
    return np.delete(alike, firsts)


def _fill(X: NDArray[np.float32], mean: Floats, path: Layout, out: Floats) -> None:
    """Write the centred rows of X and the ones to `out`, in the layout of `path`."""
    d = X.shape[1]
    if path == "k-major":
        np.subtract(X.T, mean[:, np.newaxis], out=out[:d])
        out[d] = 1
    else:
        np.subtract(X, mean, out=out[:, :d])
        out[:, d] = 1


class StoredRows:
    """The augmented rows of all of X, made once for a whole fit.

    On the k-major path each chunk is stored for itself, (d + 1, m): a product with a slice of one wide
    (d + 1, n) array, or with rows of (m, d + 1), takes two to three times as long at d = 3.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
    mean : ndarray of float32, shape (d,)
        Taken off every row.
    plan : Plan
    each : callable
        From `workers`.
    """

    def __init__(self, X: NDArray[np.float32], mean: NDArray[np.float32], plan: Plan, each: Each) -> None:
        n, d = X.shape
        self._path = plan.path
        self._width = d + 1
        self._flat = np.empty(n * (d + 1), dtype=plan.precision)
        typed_mean = mean.astype(plan.precision)

        def fill(span: tuple[int, int]) -> None:
            start, stop = span
            _fill(X[start:stop], typed_mean, plan.path, self(start, stop))

        for _ in each(fill, spans(n, plan.block_rows)):
            pass

    def pieces(self) -> Iterator[tuple[int, int, RowBlocks]]:
        """Yield all rows as one piece."""
        yield 0, len(self._flat) // self._width, self

    def __call__(self, start: int, stop: int) -> Floats:
        """Return a view of the stored rows; on the k-major path `start` and `stop` must be a chunk's."""
        piece = self._flat[start * self._width : stop * self._width]
        return piece.reshape((self._width, -1) if self._path == "k-major" else (-1, self._width))


class _BufferedRows:
    """Augmented rows, made at each call in a buffer of the calling thread, which the next call overwrites."""

    def __init__(self, d: int, mean: NDArray[np.float32], plan: Plan, buffers: threading.local | None = None) -> None:
        self._mean = mean.astype(plan.precision)
        self._path = plan.path
        self._size = plan.block_rows * (d + 1)
        self._buffers = buffers or threading.local()

    def __call__(self, start: int, stop: int) -> Floats:
        """Return the rows from `start` up to `stop`."""
        X = self._rows(start, stop)
        width = X.shape[1] + 1
        if not hasattr(self._buffers, "flat"):
            self._buffers.flat = np.empty(self._size, dtype=self._mean.dtype)
        flat: Floats = self._buffers.flat[: len(X) * width]
        out = flat.reshape((width, -1) if self._path == "k-major" else (-1, width))
        _fill(X, self._mean, self._path, out)
        return out

    def _rows(self, start: int, stop: int) -> FloatMatrix:
        """Return the rows as they are in X."""
        raise NotImplementedError


class LazyRows(_BufferedRows):
    """The augmented rows of X, made at each call: for passes with bounded memory.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
    mean : ndarray of float32, shape (d,)
        Taken off every row.
    plan : Plan
    first : int
        Number of the first row of X.
    buffers : threading.local, optional
        Where the buffer of each thread is kept.
    """

    def __init__(
        self,
        X: NDArray[np.float32],
        mean: NDArray[np.float32],
        plan: Plan,
        first: int = 0,
        buffers: threading.local | None = None,
    ) -> None:
        super().__init__(X.shape[1], mean, plan, buffers)
        self._X = X
        self._first = first

    def pieces(self) -> Iterator[tuple[int, int, RowBlocks]]:
        """Yield all rows as one piece."""
        yield self._first, self._first + len(self._X), self

    def _rows(self, start: int, stop: int) -> FloatMatrix:
        return self._X[start - self._first : stop - self._first]


class _ReadRows(_BufferedRows):
    """The augmented rows of a file, read by the thread that works on them."""

    def __init__(
        self, reader: RowReader, d: int, mean: NDArray[np.float32], plan: Plan, buffers: threading.local
    ) -> None:
        super().__init__(d, mean, plan, buffers)
        self._reader = reader
        self._shape = plan.block_rows, d
        self._ahead = AHEAD_BLOCKS * plan.threads * plan.block_rows

    def _rows(self, start: int, stop: int) -> FloatMatrix:
        if not hasattr(self._buffers, "read"):
            self._buffers.read = np.empty(self._shape, dtype=np.float32)
        self._reader.will_read(start + self._ahead, stop + self._ahead)
        return self._reader.read(start, stop, self._buffers.read)


class StreamedRows:
    """The augmented rows of a file, read anew in each pass.

    One thread has a second one that reads the next piece meanwhile. Of several threads each reads its own blocks: a
    reader beside them would take a core from one, for which the others wait where a piece ends.

    Parameters
    ----------
    shards : Shards
    mean : ndarray of float32, shape (d,)
        Taken off every row.
    plan : Plan
    """

    def __init__(self, shards: Shards, mean: NDArray[np.float32], plan: Plan) -> None:
        self._shards = shards
        self._mean = mean
        self._plan = plan
        self._buffers = threading.local()

    def pieces(self) -> Iterator[tuple[int, int, RowBlocks]]:
        """Yield whole blocks, as many as make a piece."""
        plan, n = self._plan, self._shards.n
        if plan.threads == 1:
            for start, X in self._shards.blocks(plan.piece_rows(self._shards.d)):
                yield start, start + len(X), LazyRows(X, self._mean, plan, start, self._buffers)
            return
        step = QUEUED_BLOCKS * plan.threads * plan.block_rows
        with RowReader(self._shards) as reader:
            rows = _ReadRows(reader, self._shards.d, self._mean, plan, self._buffers)
            for start in range(0, n, step):
                yield start, min(n, start + step), rows
