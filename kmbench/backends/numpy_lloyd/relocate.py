"""What the sums of an assignment become: new centres, with empty clusters moved as scikit-learn moves them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kmbench.shards import FloatMatrix, Shards, pieces_of, rows_at

from .plan import spans

__all__ = ["average", "empty_clusters", "relocate"]

DISTANCE_ROWS = 8192
PIECE_ROWS = 8 * DISTANCE_ROWS


def empty_clusters(sums: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the clusters without rows; `sums` has the numbers of rows in its last column."""
    return np.flatnonzero(sums[:, -1] == 0)


def relocate(
    X: FloatMatrix | Shards,
    mean: NDArray[np.float32],
    old: NDArray[np.float64],
    labels: NDArray[np.int32],
    sums: NDArray[np.float64],
    empty: NDArray[np.intp],
) -> None:
    """Give each empty cluster one of the rows farthest from their centres, taken out of its donor.

    The rule is scikit-learn's (``_relocate_empty_clusters_dense``): the rows with the largest distance to their
    old centre, as many as there are empty clusters. Where every distance is 0 there are fewer distinct rows than
    clusters, and nothing is moved.

    Parameters
    ----------
    X : ndarray of float32 or Shards, shape (n, d)
        A file is read twice; 12 bytes of memory for each row are needed meanwhile.
    mean : ndarray of float32, shape (d,)
        Taken off X wherever centres and sums are meant.
    old : ndarray of float64, shape (k, d)
        Centres of the assignment.
    labels : ndarray of int32, shape (n,)
        The assignment.
    sums : ndarray of float64, shape (k, d + 1)
        Sums of the rows of each cluster, and their number in the last column. Changed in place.
    empty : ndarray of int
        From `empty_clusters`, at least one.
    """
    # Single precision as in scikit-learn: argpartition then meets the same ties and returns the same order.
    single = old.astype(np.float32)
    distances = np.empty(len(X), dtype=np.float32)
    for first, piece in pieces_of(X, PIECE_ROWS):
        for start, stop in spans(len(piece), DISTANCE_ROWS):
            here = slice(first + start, first + stop)
            difference = piece[start:stop] - mean
            difference -= single[labels[here]]
            np.sum(np.square(difference, out=difference), axis=1, out=distances[here])
    if distances.max() == 0:
        return
    farthest = np.argpartition(distances, -len(empty))[: -len(empty) - 1 : -1]
    for cluster, row, x in zip(empty, farthest, rows_at(X, farthest), strict=True):
        moved = np.append(x - mean, np.float32(1))
        sums[labels[row]] -= moved
        sums[cluster] = moved


def average(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each cluster; one that is still empty copies the centre of the biggest.

    Parameters
    ----------
    sums : ndarray of float64, shape (k, d + 1)
        Sums of the rows of each cluster, and their number in the last column.

    Returns
    -------
    ndarray of float64, shape (k, d)
    """
    counts = sums[:, -1:]
    centres = sums[:, :-1] / np.maximum(counts, 1)
    centres[counts[:, 0] == 0] = centres[np.argmax(counts)]
    return centres
