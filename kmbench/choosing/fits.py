"""Centroids for every k of a list: the best of a few starts each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.seeding import kmeans_plus_plus
from kmbench.backends.training import KMeans
from kmbench.choosing.swaps import settle

__all__ = ["fit_path"]

FloatMatrix = NDArray[np.float32]


def fit_path(
    X: FloatMatrix,
    ks: Sequence[int],
    kmeans: KMeans,
    *,
    seed: Sequence[int],
    restarts: int,
    tell: Callable[[int], None] | None = None,
) -> dict[int, FloatMatrix]:
    """Fit k-means for each k and keep the fit with the lowest inertia.

    Each start is one k-means++ draw for the largest k; its first rows start the smaller ones, so that what differs
    from k to k is k. Local minima would look like structure, so centroids are swapped until that helps no more.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
    ks : sequence of int
        At least 2 each, less than n.
    kmeans : KMeans
        Does the fits.
    seed : sequence of int
        Of the starts.
    restarts : int
        Starts; at least 1.
    tell : callable, optional
        Called with each k when it is done.

    Returns
    -------
    dict
        From k to centroids, shape (k, d).
    """
    draws = [kmeans_plus_plus(X, max(ks), np.random.default_rng([*seed, turn])) for turn in range(restarts)]
    best: dict[int, FloatMatrix] = {}
    for k in ks:
        lowest = np.inf
        for turn, draw in enumerate(draws):
            centroids = kmeans(X, k, seed=seed[0] + turn, init=np.ascontiguousarray(draw[:k])).centroids
            centroids, inertia = settle(X, centroids, kmeans, np.random.default_rng([*seed, turn, k]))
            if inertia < lowest:
                lowest, best[k] = inertia, centroids
        if tell is not None:
            tell(k)
    return best
