"""Out of a local minimum: centroids that are hardly needed go to clusters that hold two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.training import KMeans
from kmbench.metrics import NearestTwo, nearest_two

__all__ = ["settle"]

FloatMatrix = NDArray[np.float32]

MOST_SWAPS = 8
SPLIT_ROWS = 2000
"""Rows of a cluster that its split is tried on."""

SPLIT_ITERATIONS = 4


def settle(
    X: FloatMatrix, centroids: FloatMatrix, kmeans: KMeans, rng: np.random.Generator, most_swaps: int = MOST_SWAPS
) -> tuple[FloatMatrix, float]:
    """Swap centroids as long as it lowers the inertia, and return the centroids with their inertia.

    What a centroid's removal costs is known from the second nearest one of each of its rows. What a cluster gains
    by a second centroid is found by splitting it. Where a gain exceeds a cost, the centroids are swapped, k-means
    runs again, and the better result is kept. The idea is that of Fränti & Kivijärvi, "Randomised local search
    algorithm for the clustering problem", Pattern Analysis & Applications 3, 2000, with both ends chosen, not drawn.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
    centroids : ndarray of float32, shape (k, d)
        At least two.
    kmeans : KMeans
    rng : numpy.random.Generator
        For the rows of large clusters.
    most_swaps : int
        Times that k-means runs again.
    """
    found = nearest_two(X, centroids)
    best, at_once = found.inertia, len(centroids)
    for turn in range(most_swaps):
        swapped, count = _swapped(X, centroids, found, rng, at_once)
        if not count:
            break
        tried = kmeans(X, len(centroids), seed=turn, init=swapped).centroids
        again = nearest_two(X, tried)
        if again.inertia < best * (1 - 1e-6):
            centroids, found, best = tried, again, again.inertia
        elif count > 1:
            at_once = 1  # swaps that were good alone may have been bad together
        else:
            break
    return centroids, best


def _swapped(
    X: FloatMatrix, centroids: FloatMatrix, found: NearestTwo, rng: np.random.Generator, at_once: int
) -> tuple[FloatMatrix, int]:
    """Return a start with promising swaps made, and how many they are."""
    k = len(centroids)
    near, far = np.square(found.distances).T
    costs = np.bincount(found.labels, far - near, minlength=k)
    order = np.argsort(found.labels, kind="stable")
    ends = np.cumsum(np.bincount(found.labels, minlength=k))
    gains, parts = np.zeros(k), np.zeros((k, 2, X.shape[1]))
    for cluster in range(k):
        rows = order[ends[cluster - 1] if cluster else 0 : ends[cluster]]
        if len(rows) > 2:
            kept = rows if len(rows) <= SPLIT_ROWS else np.sort(rng.choice(rows, SPLIT_ROWS, replace=False))
            gain, parts[cluster] = _split(X[kept].astype(np.float64))
            gains[cluster] = gain * len(rows) / len(kept)
    start, taken, count = centroids.copy(), np.zeros(k, dtype=bool), 0
    cheapest = iter(np.argsort(costs))
    for cluster in np.argsort(-gains):
        spare = next((int(one) for one in cheapest if not taken[one] and one != cluster), None)
        if spare is None or taken[cluster] or gains[cluster] <= costs[spare] or count == at_once:
            break
        start[cluster], start[spare] = parts[cluster].astype(np.float32)
        taken[[cluster, spare]] = True
        count += 1
    return start, count


def _split(rows: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Cut rows in two along their longest axis, settle the cut, and return what the inertia loses by it."""
    centred = rows - rows.mean(axis=0)
    axis = centred[np.einsum("ij,ij->i", centred, centred).argmax()]
    for _ in range(SPLIT_ITERATIONS):  # power iteration
        axis = centred.T @ (centred @ axis)
        norm = np.linalg.norm(axis)
        if norm == 0:
            return 0.0, np.stack([rows[0], rows[0]])
        axis /= norm
    side = centred @ axis > 0
    means = np.zeros((2, rows.shape[1]))
    for _ in range(SPLIT_ITERATIONS):
        if side.all() or not side.any():
            return 0.0, np.stack([rows[0], rows[0]])
        means = np.stack([centred[~side].mean(axis=0), centred[side].mean(axis=0)])
        side = centred @ (means[1] - means[0]) > 0.5 * (means[1] @ means[1] - means[0] @ means[0])
    sizes = np.array([(~side).sum(), side.sum()])
    gain = float(sizes @ np.einsum("ij,ij->i", means, means))
    return gain, means + rows.mean(axis=0)
