"""Stability: whether two halves of the data give the same clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.training import KMeans
from kmbench.choosing.fits import fit_path
from kmbench.metrics import adjusted_rand, contingency, nearest_two

__all__ = ["Stability", "stability"]

LEAST_ROWS, ROWS_PER_CLUSTER = 10_000, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """Agreement of fits on halves.

    Attributes
    ----------
    mean : float
        Adjusted Rand index, mean over the pairs of halves.
    spread : float
        Standard deviation between the pairs; 0 for one pair.
    """

    mean: float
    spread: float


def stability(
    X: NDArray[np.float32],
    ks: Sequence[int],
    kmeans: KMeans,
    *,
    seed: int,
    pairs: int,
    restarts: int = 2,
    tell: Callable[[int], None] | None = None,
) -> dict[int, Stability]:
    """Fit k-means on two random halves of the rows and compare how both fits label all of them.

    The adjusted Rand index of the two labelings, for each k and each of a few ways to halve the rows. Subsample
    stability goes back to Ben-Hur, Elisseeff & Guyon, "A stability based method for discovering structure in
    clustered data", Pacific Symposium on Biocomputing 2002.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
        Of many rows, the larger of 10000 and 100 for each cluster are drawn for each pair.
    ks : sequence of int
        Values above half of the rows have no answer and are left out of the result.
    kmeans : KMeans
    seed : int
    pairs : int
        Ways to halve.
    restarts : int
        Starts of each fit.
    tell : callable, optional
        Called with each k of each half when it is done.
    """
    rows = min(len(X), max(LEAST_ROWS, ROWS_PER_CLUSTER * max(ks)))
    possible = [k for k in ks if k <= rows // 2]
    found: dict[int, list[float]] = {k: [] for k in possible}
    for pair in range(pairs if possible else 0):
        order = np.random.default_rng([seed, 11, pair]).permutation(len(X))[:rows]
        both = [
            fit_path(
                np.ascontiguousarray(X[np.sort(half)]),
                possible,
                kmeans,
                seed=[seed, 12, pair, place],
                restarts=restarts,
                tell=tell,
            )
            for place, half in enumerate((order[: rows // 2], order[rows // 2 :]))
        ]
        seen = np.ascontiguousarray(X[np.sort(order)])
        for k in possible:
            first, second = (nearest_two(seen, fit[k]).labels for fit in both)
            found[k].append(adjusted_rand(contingency(first, second, k, k)))
    return {
        k: Stability(mean=float(np.mean(values)), spread=float(np.std(values, ddof=1)) if pairs > 1 else 0.0)
        for k, values in found.items()
        if values
    }
