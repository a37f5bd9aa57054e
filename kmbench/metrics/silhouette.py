"""Silhouettes: the simplified one from the two nearest centroids, and the true one on samples of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.metrics.nearest_two import NearestTwo

__all__ = ["SampledSilhouette", "SilhouetteSampler", "silhouette_of_distances", "simplified_silhouette"]


def simplified_silhouette(found: NearestTwo) -> float:
    """Compute the simplified silhouette: the mean over the rows of ``(b - a) / max(a, b)``.

    With a the distance to the nearest centroid and b that to the second nearest: Hruschka, de Castro & Campello,
    "Evolutionary algorithms for clustering gene-expression data", ICDM 2004. It is the mean of the ratios. The
    ratio of the means is another figure, which the few rows with the largest distances decide.

    Parameters
    ----------
    found : NearestTwo
        As `kmbench.metrics.nearest_two` returns it.

    Returns
    -------
    float
        From 0 to 1. A row that is alone in its cluster counts as 0, as in the true silhouette; so does one whose
        two nearest centroids coincide.
    """
    near, far = found.distances[:, 0], found.distances[:, 1]
    sizes = np.bincount(found.labels)
    scores = np.zeros(len(near))
    np.divide(far - near, far, out=scores, where=(far > 0) & (sizes[found.labels] > 1))
    return float(scores.mean())


def silhouette_of_distances(distances: NDArray[Any], labels: NDArray[Any]) -> float:
    """Compute the mean silhouette of rows whose distances to each other are known.

    Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", Journal of
    Computational and Applied Mathematics 20, 1987.

    Parameters
    ----------
    distances : ndarray, shape (m, m)
        Symmetric, zero on the diagonal.
    labels : ndarray of integers, shape (m,)
        Cluster of each row, at least 0; numbers may be left out.

    Returns
    -------
    float
        From -1 to 1; rows that are alone in their cluster count as 0. NaN where all rows are in one cluster.
    """
    clusters, own = np.unique(np.asarray(labels), return_inverse=True)
    k, m = len(clusters), len(own)
    if distances.shape != (m, m):
        raise ValueError(f"{m} labels need distances of shape ({m}, {m}), got {distances.shape}")
    if k < 2:
        return float("nan")
    counts = np.bincount(own, minlength=k)
    members = np.zeros((m, k), dtype=distances.dtype)
    every = np.arange(m)
    members[every, own] = 1
    sums = (distances @ members).astype(np.float64)
    size = counts[own]
    inside = sums[every, own] / np.maximum(size - 1, 1)
    means = sums / counts
    means[every, own] = np.inf
    outside = means.min(axis=1)
    scores = np.zeros(m)
    largest = np.maximum(inside, outside)
    np.divide(outside - inside, largest, out=scores, where=(size > 1) & (largest > 0))
    return float(scores.mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledSilhouette:
    """The true silhouette, estimated.

    Attributes
    ----------
    mean : float
        Over the samples; NaN where a sample saw one cluster only.
    spread : float
        Standard deviation between the samples; 0 where all rows were taken.
    """

    mean: float
    spread: float


class SilhouetteSampler:
    """Samples of rows, with their distances to each other kept: one sample serves every clustering of the data.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        Rows.
    rows : int
        Rows of a sample; where X has no more, one sample of all of them.
    repeats : int
        Independent samples.
    seed : int
        Of what is drawn.
    """

    def __init__(self, X: NDArray[Any], *, rows: int = 2000, repeats: int = 3, seed: int = 0) -> None:
        n = len(X)
        if rows < 2 or repeats < 1 or n < 2:
            raise ValueError("a silhouette needs two rows and one sample at least")
        rng = np.random.default_rng(seed)
        self._rows = [np.sort(rng.choice(n, min(n, rows), replace=False)) for _ in range(repeats if n > rows else 1)]
        self._distances = [_pairwise(np.asarray(X[chosen], dtype=np.float64)) for chosen in self._rows]

    def __call__(self, labels: NDArray[Any]) -> SampledSilhouette:
        """Return the silhouette of labels of all rows, shape (n,)."""
        pairs = zip(self._distances, self._rows, strict=True)
        values = [silhouette_of_distances(distances, labels[chosen]) for distances, chosen in pairs]
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        return SampledSilhouette(mean=float(np.mean(values)), spread=spread)


def _pairwise(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the distances between all pairs: the expansion in float64, around the mean."""
    moved = rows - rows.mean(axis=0)
    norms = np.einsum("ij,ij->i", moved, moved)
    squares = moved @ moved.T
    squares *= -2
    squares += norms
    squares += norms[:, None]
    np.maximum(squares, 0, out=squares)
    np.fill_diagonal(squares, 0)
    distances: NDArray[np.float32] = np.sqrt(squares, out=squares).astype(np.float32)
    return distances
