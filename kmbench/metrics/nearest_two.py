"""Nearest and second nearest centroid of every row: one blocked search that several figures are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NearestTwo", "nearest_two"]

_SCRATCH_CELLS = 1 << 20
"""Scores in one block (4 MiB of float32): they are read twice, so they should still be in the cache."""

_DOUBT = 1e-3
"""Rounding of the float32 scores, relative to the mean squared distance, above which a block is done in float64."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NearestTwo:
    """The two nearest centroids of every row.

    Attributes
    ----------
    labels : ndarray of int32, shape (n,)
        The nearest centroid.
    second : ndarray of int32, shape (n,)
        The second nearest.
    distances : ndarray of float64, shape (n, 2)
        Euclidean distances to both, not squared; the first is never the larger one.
    """

    labels: NDArray[np.int32]
    second: NDArray[np.int32]
    distances: NDArray[np.float64]

    @property
    def inertia(self) -> float:
        """Sum of squared distances to the nearest centroid."""
        return float(np.square(self.distances[:, 0]).sum())


def nearest_two(X: NDArray[Any], centroids: NDArray[Any]) -> NearestTwo:
    """Find the two nearest centroids of every row, and the distances to them.

    The expansion ``||c||^2 - 2 x.c``, in float32 around the mean of the centroids, only decides which two are
    nearest. The distances are taken by difference in float64. Where the rounding of a block's scores is not small
    beside its distances, as for clusters far apart and tight, the block is decided in float64.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        Rows of any real type, possibly a memory map; read in blocks.
    centroids : ndarray, shape (k, d)
        At least two.

    Returns
    -------
    NearestTwo

    Raises
    ------
    ValueError
        If the shapes do not fit, there are fewer than two centroids, or a value is not finite.
    """
    rows, centres = np.asarray(X), np.asarray(centroids, dtype=np.float64)
    if rows.ndim != 2 or centres.ndim != 2 or rows.shape[1] != centres.shape[1]:
        raise ValueError(f"X and centroids must have the same columns, got {rows.shape} and {centres.shape}")
    if len(centres) < 2:
        raise ValueError("a second nearest centroid needs at least two centroids")
    if not np.isfinite(centres).all():
        raise ValueError("a centroid is not finite")
    n, k = len(rows), len(centres)
    offset = centres.mean(axis=0)
    shifted = centres - offset
    norms = np.einsum("ij,ij->i", shifted, shifted)
    tables = {kind: ((-2 * shifted.T).astype(kind), norms.astype(kind)) for kind in (np.float32, np.float64)}
    chosen = np.empty((n, 2), dtype=np.int32)
    distances = np.empty((n, 2))
    step = max(1, _SCRATCH_CELLS // max(k, rows.shape[1]))
    rounding = 4 * float(np.finfo(np.float32).eps)
    for start in range(0, n, step):
        part = rows[start : start + step]
        moved = np.subtract(part, offset, dtype=np.float64)
        pair = _two(moved, *tables[np.float32])
        far = _squares(moved, shifted, pair)
        largest = float(np.einsum("ij,ij->i", moved, moved).max()) + float(norms.max())
        if not np.isfinite(far).all():
            raise ValueError(f"a row from {start} to {start + len(part) - 1} of X is not finite")
        if rounding * largest > _DOUBT * far[:, 0].mean():
            pair = _two(moved, *tables[np.float64])
            far = _squares(moved, shifted, pair)
        swapped = far[:, 0] > far[:, 1]  # rounding at a tie
        pair[swapped], far[swapped] = pair[swapped, ::-1], far[swapped, ::-1]
        chosen[start : start + step] = pair
        distances[start : start + step] = np.sqrt(far)
    return NearestTwo(labels=chosen[:, 0].copy(), second=chosen[:, 1].copy(), distances=distances)


def _two(moved: NDArray[np.float64], weights: NDArray[Any], norms: NDArray[Any]) -> NDArray[np.int32]:
    """Return the columns of the two smallest scores of each row."""
    scores = moved.astype(weights.dtype, copy=False) @ weights
    scores += norms
    every = np.arange(len(scores))
    pair = np.empty((len(scores), 2), dtype=np.int32)
    pair[:, 0] = scores.argmin(axis=1)
    scores[every, pair[:, 0]] = np.inf
    pair[:, 1] = scores.argmin(axis=1)
    return pair


def _squares(
    moved: NDArray[np.float64], shifted: NDArray[np.float64], pair: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return squared distances to both centroids by difference, shape (rows, 2)."""
    found = np.empty(pair.shape)
    for place in range(2):
        gap = moved - shifted[pair[:, place]]
        np.einsum("ij,ij->i", gap, gap, out=found[:, place])
    return found
