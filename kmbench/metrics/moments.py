"""Size, mean and spread of each cluster, from which the variance criteria follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["ClusterMoments", "cluster_moments"]

_BLOCK_CELLS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClusterMoments:
    """What the clusters of some rows are like. Clusters without rows are left out.

    Attributes
    ----------
    counts : ndarray of int64, shape (k,)
        Rows of each cluster, at least 1.
    means : ndarray of float64, shape (k, d)
    squares : ndarray of float64, shape (k,)
        Sum of the squared distances of a cluster's rows to its mean.
    distances : ndarray of float64, shape (k,)
        Sum of the distances of a cluster's rows to its mean.
    """

    counts: NDArray[np.int64]
    means: NDArray[np.float64]
    squares: NDArray[np.float64]
    distances: NDArray[np.float64]

    @property
    def n(self) -> int:
        """Rows of all clusters."""
        return int(self.counts.sum())

    @property
    def within(self) -> float:
        """Sum of squares within the clusters."""
        return float(self.squares.sum())

    @property
    def between(self) -> float:
        """Sum of squares of the rows' cluster means around the mean of all rows."""
        centre = self.counts @ self.means / self.n
        gaps = self.means - centre
        return float(self.counts @ np.einsum("ij,ij->i", gaps, gaps))


def cluster_moments(X: NDArray[Any], labels: NDArray[Any], k: int) -> ClusterMoments:
    """Compute the moments of each cluster in two passes over X, in float64 and by difference.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        Rows of any real type; read in blocks.
    labels : ndarray of integers, shape (n,)
        The cluster of each row, from 0 to k - 1.
    k : int
        Number of clusters; some may be empty.

    Raises
    ------
    ValueError
        If the lengths differ, there are no rows, or a label names no cluster.
    """
    rows, named = np.asarray(X), np.asarray(labels)
    if rows.ndim != 2 or named.shape != (len(rows),) or not len(rows):
        raise ValueError(f"X of shape {rows.shape} and labels of shape {named.shape} do not go together")
    if int(named.min()) < 0 or int(named.max()) >= k:
        raise ValueError(f"a label is outside 0..{k - 1}")
    counts = np.bincount(named, minlength=k)
    filled = np.flatnonzero(counts)
    place = np.zeros(k, dtype=np.int64)
    place[filled] = np.arange(len(filled))
    own, kept = place[named], len(filled)
    step = max(1, _BLOCK_CELLS // rows.shape[1])
    first = np.asarray(rows[0], dtype=np.float64)  # sums around a row keep their digits far from the origin
    sums = np.zeros((kept, rows.shape[1]))
    for start in range(0, len(rows), step):
        block = np.subtract(rows[start : start + step], first, dtype=np.float64)
        sums += _one_hot(own[start : start + step], kept) @ block
    means = first + sums / counts[filled, None]
    squares, distances = np.zeros(kept), np.zeros(kept)
    for start in range(0, len(rows), step):
        mine = own[start : start + step]
        gap = np.subtract(rows[start : start + step], means[mine], dtype=np.float64)
        far = np.einsum("ij,ij->i", gap, gap)
        squares += np.bincount(mine, far, minlength=kept)
        distances += np.bincount(mine, np.sqrt(far), minlength=kept)
    return ClusterMoments(counts=counts[filled].astype(np.int64), means=means, squares=squares, distances=distances)


def _one_hot(labels: NDArray[np.int64], k: int) -> sparse.csc_array:
    count = len(labels)
    return sparse.csc_array((np.ones(count), labels, np.arange(count + 1)), shape=(k, count))
