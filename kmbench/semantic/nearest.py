"""The nearest code of every row: the same for a row whatever rows are searched beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Level", "nearest_codes"]

FloatMatrix = NDArray[np.float32]

_ROUNDING = 32 * float(np.finfo(np.float32).eps)
"""Scores that differ by less, relative to the squared norms in them, are decided by difference in float64.

The last bits of a matrix product depend on the size of the matrices. Without this, a few of a million IDs would
change with the block that their row stands in.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Level:
    """The centroids of one level, ready to be searched.

    Attributes
    ----------
    centroids : ndarray of float32, shape (codes, d)
    weights : ndarray of float32, shape (d, codes)
        Centroids times -2, around their mean.
    norms : ndarray of float32, shape (codes,)
        Squared norms around the mean.
    mean : ndarray of float32, shape (d,)
    """

    centroids: FloatMatrix
    weights: FloatMatrix
    norms: FloatMatrix
    mean: FloatMatrix

    @classmethod
    def of(cls, centroids: FloatMatrix) -> Self:
        """Prepare centroids."""
        exact = centroids.astype(np.float64)
        mean = exact.mean(axis=0).astype(np.float32)
        moved = exact - mean
        return cls(
            centroids=centroids,
            weights=np.ascontiguousarray(-2 * moved.T, dtype=np.float32),
            norms=np.einsum("ij,ij->i", moved, moved).astype(np.float32),
            mean=mean,
        )


def nearest_codes(block: FloatMatrix, level: Level) -> NDArray[np.int32]:
    """Return the code of each row, the first of equally near ones, int32 of shape (rows,).

    Parameters
    ----------
    block : ndarray of float32, shape (rows, d)
    level : Level
    """
    moved = block - level.mean
    scores = moved @ level.weights
    scores += level.norms
    codes = scores.argmin(axis=1)
    best = scores[np.arange(len(block)), codes]
    slack = _ROUNDING * (np.einsum("ij,ij->i", moved, moved) + level.norms.max())
    close = scores <= (best + slack)[:, None]
    for row in np.flatnonzero(np.count_nonzero(close, axis=1) > 1):
        candidates = np.flatnonzero(close[row])
        gaps = level.centroids[candidates].astype(np.float64) - block[row]
        codes[row] = candidates[np.einsum("ij,ij->i", gaps, gaps).argmin()]
    found: NDArray[np.int32] = codes.astype(np.int32)
    return found
