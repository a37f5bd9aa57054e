"""Criteria of a clustering that compare the spread within clusters with what lies between them."""

from __future__ import annotations

import math

import numpy as np

from kmbench.metrics.moments import ClusterMoments

__all__ = ["calinski_harabasz", "davies_bouldin", "spherical_bic"]

_PAIR_CELLS = 1 << 22


def calinski_harabasz(clusters: ClusterMoments) -> float:
    """Compute the Calinski–Harabasz index; larger is better.

    ``(B / (k - 1)) / (W / (n - k))`` with the sums of squares B between and W within the clusters: Caliński &
    Harabasz, "A dendrite method for cluster analysis", Communications in Statistics 3, 1974.

    Parameters
    ----------
    clusters : ClusterMoments
        Of k clusters with rows.

    Returns
    -------
    float
        NaN for one cluster or as many clusters as rows; infinite where the clusters have no spread.
    """
    n, k = clusters.n, len(clusters.counts)
    if not 1 < k < n:
        return math.nan
    within = clusters.within
    return math.inf if within == 0 else clusters.between * (n - k) / (within * (k - 1))


def davies_bouldin(clusters: ClusterMoments) -> float:
    """Compute the Davies–Bouldin index; smaller is better.

    The mean over the clusters of ``max_j (s_i + s_j) / |m_i - m_j|``, with s the mean distance of a cluster's rows
    to their mean: Davies & Bouldin, "A cluster separation measure", IEEE PAMI 1, 1979.

    Parameters
    ----------
    clusters : ClusterMoments
        Of k clusters with rows.

    Returns
    -------
    float
        NaN for one cluster; infinite where two clusters with spread have the same mean.
    """
    k = len(clusters.counts)
    if k < 2:
        return math.nan
    spread = clusters.distances / clusters.counts
    centred = clusters.means - clusters.means.mean(axis=0)
    worst = np.empty(k)
    step = max(1, _PAIR_CELLS // (k * centred.shape[1]))
    for start in range(0, k, step):
        gaps = centred[start : start + step, None, :] - centred[None, :, :]
        apart = np.sqrt(np.einsum("ijk,ijk->ij", gaps, gaps))
        both = spread[start : start + step, None] + spread
        ratios = np.full(apart.shape, np.inf)
        np.divide(both, apart, out=ratios, where=apart > 0)
        ratios[both == 0] = 0.0
        own = np.arange(len(ratios))
        ratios[own, start + own] = 0.0
        worst[start : start + step] = ratios.max(axis=1)
    return float(worst.mean())


def spherical_bic(clusters: ClusterMoments) -> float:
    """Compute the Bayesian information criterion of spherical Gaussians with one common variance; smaller is better.

    ``p log n - 2 log L`` with p = k - 1 + k d + 1 free parameters and the likelihood of rows that each belong to
    their own cluster, as in Pelleg & Moore, "X-means: extending k-means with efficient estimation of the number of
    clusters", ICML 2000. There the variance ``W / (n - k)`` forgets that rows have d coordinates; here it is
    ``W / (d (n - k))``, without bias.

    Parameters
    ----------
    clusters : ClusterMoments
        Of k clusters with rows.

    Returns
    -------
    float
        NaN for as many clusters as rows; minus infinity where the clusters have no spread.
    """
    n, (k, d) = clusters.n, clusters.means.shape
    if k >= n:
        return math.nan
    within = clusters.within
    if within == 0:
        return -math.inf
    variance = within / (d * (n - k))
    shares = float(clusters.counts @ np.log(clusters.counts / n))
    log_likelihood = shares - 0.5 * n * d * math.log(2 * math.pi * variance) - 0.5 * within / variance
    return float((k - 1 + k * d + 1) * math.log(n) - 2 * log_likelihood)
