"""k-means++: a start whose rows lie apart, drawn one after the other."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["kmeans_plus_plus"]

SEEDING_ROWS = 2**16
"""Most rows that a start is drawn from: more change nothing that a few Lloyd iterations do not."""


def kmeans_plus_plus(X: NDArray[np.float32], k: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw k rows of X by greedy k-means++.

    Each row is drawn with a probability proportional to its squared distance to the nearest one before: Arthur &
    Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007. Of ``2 + log k`` candidates the one
    that lowers the inertia most is taken, as in the authors' code and in scikit-learn. The first j rows are
    themselves a start for j clusters.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
        Rows; where they are more than 65536, the start is drawn from so many of them.
    k : int
        At least 1. Where fewer rows differ, some are repeated.
    rng : numpy.random.Generator
        What is drawn from.

    Returns
    -------
    ndarray of float32, shape (k, d)
        Rows of X.
    """
    n = len(X)
    rows = max(SEEDING_ROWS, 4 * k)
    sample = X if n <= rows else X[np.sort(rng.choice(n, rows, replace=False))]
    moved = sample - sample.mean(axis=0, dtype=np.float64).astype(np.float32)
    norms = np.einsum("ij,ij->i", moved, moved)
    trials = 2 + int(math.log(k))
    chosen = np.empty(k, dtype=np.int64)
    chosen[0] = rng.integers(len(sample))
    nearest = _squares(moved, norms, chosen[:1])[0]
    for place in range(1, k):
        weights = np.cumsum(nearest, dtype=np.float64)
        if weights[-1] <= 0:  # every row is a centroid already
            chosen[place:] = rng.integers(len(sample), size=k - place)
            break
        drawn = np.searchsorted(weights, rng.random(trials) * weights[-1])
        candidates = np.minimum(drawn, len(sample) - 1)
        squares = _squares(moved, norms, candidates)
        np.minimum(squares, nearest, out=squares)
        best = int(squares.sum(axis=1, dtype=np.float64).argmin())
        chosen[place], nearest = candidates[best], squares[best]
    start: NDArray[np.float32] = np.ascontiguousarray(sample[chosen], dtype=np.float32)
    return start


def _squares(
    moved: NDArray[np.float32], norms: NDArray[np.float32], chosen: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return squared distances of all rows to the chosen ones, shape (chosen, rows)."""
    squares = moved[chosen] @ moved.T
    squares *= -2
    squares += norms
    squares += norms[chosen][:, None]
    np.maximum(squares, 0, out=squares)
    squares[np.arange(len(chosen)), chosen] = 0
    return squares
