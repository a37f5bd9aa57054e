"""The start that all engines of a case share: rows of X that differ, each moved a little."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.base import FloatMatrix, block_rows
from kmbench.datasets.moments import ColumnMoments
from kmbench.errors import CaseError

__all__ = ["draw_start", "initial_centroids"]

_JITTER = 1e-3
_ORDER, _MOVES = 1, 2
_SPREAD_ROWS = 2**16
_WALK_ROWS = 2**12


def initial_centroids(X: FloatMatrix, k: int, seed: int) -> FloatMatrix:
    """Choose k rows of X that differ by value and move each by a seeded normal jitter.

    The jitter has 1e-3 times the standard deviation of each column. It keeps exact ties, which engines break
    differently, from occurring on integer data. Columns that are constant stay as they are.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
        May be a read-only memory map; it is read in blocks.
    k : int
        Number of centroids, ``1 <= k <= n``. Where X has fewer rows that differ, they are repeated.
    seed : int
        At least 0.

    Returns
    -------
    ndarray of float32, shape (k, d), C order
        The same for the same content, k and seed, on any number of threads.

    Raises
    ------
    CaseError
        If k is below 1 or above n, or the seed is negative.

    Notes
    -----
    The standard deviations are those of X; where it has more than 65536 rows, of so many drawn ones.
    """
    rows, moves = draw_start(X, k, seed)
    moved: FloatMatrix = (X[rows].astype(np.float64) + moves).astype(np.float32)
    return moved


def draw_start(X: FloatMatrix, k: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return what `initial_centroids` is the sum of: the numbers of k rows, and how each is moved, shape (k, d).

    Raises
    ------
    CaseError
        As `initial_centroids`.
    """
    n, d = X.shape
    if not 1 <= k <= n:
        raise CaseError(f"k={k} is out of bounds for {n} rows", f"use k from 1 to {n}")
    if seed < 0:
        raise CaseError(f"seed={seed} is negative", "use seed >= 0")
    order: NDArray[np.integer] = np.arange(n, dtype=np.int32 if n < 2**31 else np.int64)
    np.random.default_rng([seed, _ORDER]).shuffle(order)
    chosen = _distinct_rows(X, order, k)
    moves = np.random.default_rng([seed, _MOVES]).standard_normal((k, d))
    moves *= _JITTER * _spread(X, np.sort(order[:_SPREAD_ROWS]))
    return chosen[np.arange(k) % len(chosen)].astype(np.int64), moves


def _distinct_rows(X: FloatMatrix, order: NDArray[np.integer], k: int) -> NDArray[np.integer]:
    """Return the first k indices of `order` whose rows differ from all before, or fewer if X has fewer."""
    seen: set[bytes] = set()
    chosen: list[int] = []
    step = max(k, _WALK_ROWS)
    for at in range(0, len(order), step):
        indices = order[at : at + step]
        for place, content in _new_in_block(X, indices):
            if content not in seen:
                seen.add(content)
                chosen.append(int(indices[place]))
                if len(chosen) == k:
                    return np.array(chosen)
    return np.array(chosen)


def _new_in_block(X: FloatMatrix, indices: NDArray[np.integer]) -> list[tuple[int, bytes]]:
    """Return place and content of the rows at `indices` that differ from those before them, in order."""
    by_file = np.argsort(indices)  # a memory map is read front to back
    rows = np.empty((len(indices), X.shape[1]), dtype=np.float32)
    rows[by_file] = X[indices[by_file]]
    rows += 0.0  # a negative zero has other bytes
    whole = rows.view(np.dtype((np.void, rows.strides[0])))[:, 0]
    first = np.sort(np.unique(whole, return_index=True)[1])
    return [(int(place), whole[place].tobytes()) for place in first]


def _spread(X: FloatMatrix, indices: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the standard deviation of each column over the rows at `indices`."""
    moments = ColumnMoments(X.shape[1])
    step = block_rows(X.shape[1])
    for at in range(0, len(indices), step):
        moments.update(X[indices[at : at + step]])
    return np.sqrt(moments.variance)
