"""Recall of each query, from what an index returned for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.problem.truth import is_neighbour

__all__ = ["per_query_recall"]


def per_query_recall(found: NDArray[np.int64], truth: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Return for each query the share of its k places that true neighbours, ties included, are returned at.

    Parameters
    ----------
    found : ndarray of int64, shape (nq, k)
        What an index returned, -1 where nothing.
    truth : ndarray of int64, shape (nq, K)
        As near as the k-th neighbour; -1 where there are fewer.
    k : int
    """
    share: NDArray[np.float64] = np.minimum(is_neighbour(found, truth).sum(axis=1), k) / k
    return share
