"""Sums of the rows of each cluster, by a product with a sparse one-hot matrix."""

from __future__ import annotations

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from kmbench.backends.base import FloatMatrix, Labels

__all__ = ["sums_by_cluster"]

SUM_BLOCK_ROWS = 16384
"""Rows summed in float32 at once; the sums of blocks are added in float64."""


def sums_by_cluster(X: FloatMatrix, labels: Labels, k: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the sum of the rows of each cluster, shape (k, d), and their counts, shape (k,).

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
    labels : ndarray of int32, shape (n,)
        From 0 to k - 1.
    k : int
    """
    sums = np.zeros((k, X.shape[1]))
    ones = np.ones(SUM_BLOCK_ROWS, dtype=np.float32)
    for start in range(0, len(X), SUM_BLOCK_ROWS):
        block = X[start : start + SUM_BLOCK_ROWS]
        rows = len(block)
        pointers = np.arange(rows + 1, dtype=np.int32)
        one_hot = scipy.sparse.csc_array((ones[:rows], labels[start : start + rows], pointers), shape=(k, rows))
        sums += one_hot @ block
    return sums, np.bincount(labels, minlength=k)
