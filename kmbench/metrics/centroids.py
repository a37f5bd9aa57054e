"""How many clusters one set of centroids places differently from another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["centroid_index"]

_SCRATCH_CELLS = 1 << 22
"""Most float64 cells in the block of scores (32 MiB)."""


def centroid_index(A: NDArray[Any], B: NDArray[Any]) -> int:
    """Count the clusters that two sets of centroids place differently.

    Every centroid of one set goes to its nearest in the other, and those that none went to are orphans; the index
    is the larger number of orphans of the two directions: Fränti, Rezaei & Zhao, "Centroid index: cluster level
    similarity measure", Pattern Recognition 47, 2014. The expansion ``||b||^2 - 2 a.b`` in float64, after
    subtracting the mean, finds the nearest; where rounding could have decided, the distances are taken by
    difference. Of equally near centroids the first is nearest, so a centroid that a set holds twice is an orphan
    once, even when a set is compared with itself.

    Parameters
    ----------
    A : ndarray, shape (ka, d)
        Centroids of one clustering.
    B : ndarray, shape (kb, d)
        Centroids of another.

    Returns
    -------
    int
        0 where the clusters correspond one to one, at least ``abs(ka - kb)``, at most ``max(ka, kb) - 1``; the
        same for ``(B, A)``.

    Raises
    ------
    ValueError
        If the shapes do not fit, a set is empty, or a centroid is not finite.
    """
    first = _checked(A, "A")
    second = _checked(B, "B")
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"A has {first.shape[1]} columns and B has {second.shape[1]}")
    # A power of two, so it is exact: squares of huge or tiny coordinates stay within float64.
    exponent = int(np.frexp(max(np.abs(first).max(initial=0.0), np.abs(second).max(initial=0.0)))[1])
    first, second = np.ldexp(first, -exponent), np.ldexp(second, -exponent)
    return max(_orphans(first, second), _orphans(second, first))


def _orphans(sources: NDArray[np.float64], targets: NDArray[np.float64]) -> int:
    """Count the targets that are nearest to no source."""
    k, d = len(targets), targets.shape[1]
    offset = targets.mean(axis=0)
    shifted = targets - offset
    norms = np.einsum("ij,ij->i", shifted, shifted)
    weights = np.ascontiguousarray(-2.0 * shifted.T)
    rounding = 8 * (d + 4) * np.finfo(np.float64).eps  # of two scores, relative to the largest squares in them
    adopted = np.zeros(k, dtype=np.bool_)
    step = max(1, _SCRATCH_CELLS // k)
    for start in range(0, len(sources), step):
        part = sources[start : start + step]
        moved = part - offset
        scores = moved @ weights
        scores += norms
        nearest = scores.argmin(axis=1)
        slack = rounding * (np.einsum("ij,ij->i", moved, moved) + norms.max())
        limits = scores[np.arange(len(part)), nearest] + slack
        close = scores <= limits[:, None]
        for row in np.flatnonzero(np.count_nonzero(close, axis=1) > 1):
            candidates = np.flatnonzero(close[row])
            gaps = targets[candidates] - part[row]
            nearest[row] = candidates[np.einsum("ij,ij->i", gaps, gaps).argmin()]
        adopted[nearest] = True
    return k - int(np.count_nonzero(adopted))


def _checked(centroids: NDArray[Any], name: str) -> NDArray[np.float64]:
    array = np.asarray(centroids, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] == 0:
        raise ValueError(f"{name} must be a matrix of one centroid or more, got shape {array.shape}")
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        raise ValueError(f"{bad.size} of {len(array)} centroids in {name} are not finite, the first is {bad[0]}")
    return array
