"""Figures that choose-k shows, against scikit-learn, longer arithmetic, and an example worked by hand."""

import math

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn.cluster import KMeans

from kmbench.metrics import (
    SilhouetteSampler,
    calinski_harabasz,
    cluster_moments,
    davies_bouldin,
    nearest_two,
    silhouette_of_distances,
    simplified_silhouette,
    spherical_bic,
)

SIX = np.array([[0, 0], [0.1, 0.1], [0.2, 0.2], [4.9, 4.9], [5, 5], [5.1, 5.1]])
SIX_CENTROIDS = np.array([[5, 5], [0.1, 0.1]])


def blobs(seed, n=700, d=6, k=5, offset=0.0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(scale=3, size=(k, d))
    labels = rng.integers(k, size=n)
    return (centres[labels] + rng.normal(size=(n, d)) + offset).astype(np.float32), labels


def all_distances(X, centroids):
    gaps = X.astype(np.longdouble)[:, None, :] - centroids.astype(np.longdouble)[None]
    return np.sqrt((gaps**2).sum(axis=2))


@pytest.mark.parametrize("offset", [0, 1e4])
@pytest.mark.parametrize("spread", [1.0, 1e4])
def test_two_nearest_are_those_of_long_arithmetic(offset, spread):
    X, _ = blobs(0)
    centroids = X[:40].astype(np.float64) + 0.01
    X, centroids = X + np.float32(offset), centroids + offset
    side = np.where(np.arange(len(X)) % 2, spread, 0).astype(np.float32)[:, None]
    X, centroids = X + side, np.concatenate([centroids, centroids + spread])
    distances = all_distances(X, centroids)
    found = nearest_two(X, centroids)
    order = np.sort(distances, axis=1)
    assert found.distances == pytest.approx(order[:, :2].astype(float), rel=1e-6, abs=1e-9)
    every = np.arange(len(X))
    assert distances[every, found.labels] == pytest.approx(order[:, 0], rel=1e-6)
    assert distances[every, found.second] == pytest.approx(order[:, 1], rel=1e-6)
    assert (found.labels != found.second).all()


def test_six_points_by_hand():
    # Along the diagonal: |x - own| is 0, 0.1 or 0.1 (times the root of 2), |x - other| is 4.9, 5 or 4.8, 4.9.
    found = nearest_two(SIX, SIX_CENTROIDS)
    by_hand = np.mean([1 - 0.1 / 5, 1, 1 - 0.1 / 4.8, 1 - 0.1 / 4.8, 1, 1 - 0.1 / 5])
    assert simplified_silhouette(found) == pytest.approx(by_hand, rel=1e-12)
    assert found.labels.tolist() == [1, 1, 1, 0, 0, 0]
    assert found.inertia == pytest.approx(4 * 2 * 0.1**2)


def pair_far_away():
    """Two overlapping groups of small scale, and a pair of tight groups of large scale."""
    rng = np.random.default_rng(0)
    near = rng.normal(size=(2000, 2)) + np.repeat([[0, 0], [1.5, 0]], 1000, axis=0)
    far = rng.normal(size=(2000, 2)) + np.repeat([[3e3, 0], [0, 3e3]], 1000, axis=0)
    return np.concatenate([near, far]), np.repeat(np.arange(4), 1000)


def test_mean_of_ratios_is_not_the_ratio_of_means():
    X, labels = pair_far_away()
    centroids = np.array([X[labels == cluster].mean(axis=0) for cluster in range(4)])
    found = nearest_two(X, centroids)
    near, far = found.distances.T
    ratio_of_means = (far.mean() - near.mean()) / max(far.mean(), near.mean())
    mean_of_ratios = np.mean((far - near) / np.maximum(far, near))
    assert simplified_silhouette(found) == pytest.approx(mean_of_ratios)
    # docs/choosing-k.md has these figures.
    assert ratio_of_means == pytest.approx(0.999, abs=5e-4)
    assert mean_of_ratios == pytest.approx(0.73, abs=5e-3)
    assert reference.silhouette_score(X, labels) == pytest.approx(0.59, abs=5e-3)


@pytest.mark.parametrize("seed", range(4))
def test_silhouette_is_scikit_learns(seed):
    X, _ = blobs(seed, offset=100.0)
    labels = KMeans(4 + seed, n_init=1, random_state=seed).fit_predict(X)
    assert SilhouetteSampler(X)(labels).mean == pytest.approx(reference.silhouette_score(X, labels), abs=2e-6)


def test_silhouette_of_lonely_rows_and_missing_numbers_is_scikit_learns():
    X, labels = blobs(5, n=60)
    labels = labels * 3
    labels[0] = 40  # alone
    distances = reference.pairwise_distances(X.astype(np.float64))
    expected = reference.silhouette_score(distances, labels, metric="precomputed")
    assert silhouette_of_distances(distances, labels) == pytest.approx(expected, abs=1e-12)
    assert math.isnan(silhouette_of_distances(distances, np.zeros(60, dtype=int)))


def test_sampled_silhouette_says_how_far_samples_differ():
    X, labels = blobs(6, n=4000)
    truth = reference.silhouette_score(X, labels)
    sampled = SilhouetteSampler(X, rows=400, repeats=8)(labels)
    assert 0 < sampled.spread < 0.05
    assert abs(sampled.mean - truth) < 4 * sampled.spread


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("offset", [0, 1e4])
def test_variance_criteria_are_scikit_learns(seed, offset):
    X, _ = blobs(seed, offset=offset)
    X = X.astype(np.float64)
    labels = KMeans(3 + seed, n_init=1, random_state=seed).fit_predict(X)
    clusters = cluster_moments(X, labels * 2, 20)  # odd clusters are empty
    assert calinski_harabasz(clusters) == pytest.approx(reference.calinski_harabasz_score(X, labels), rel=1e-7)
    assert davies_bouldin(clusters) == pytest.approx(reference.davies_bouldin_score(X, labels), rel=1e-7)


def test_bic_is_the_likelihood_of_spherical_gaussians():
    X, labels = blobs(9, n=300, d=3, k=3)
    X = X.astype(np.float64)
    means = np.array([X[labels == cluster].mean(axis=0) for cluster in range(3)])
    within = ((X - means[labels]) ** 2).sum()
    variance = within / (3 * (300 - 3))
    density = np.exp(-((X - means[labels]) ** 2).sum(axis=1) / (2 * variance)) / (2 * np.pi * variance) ** 1.5
    likelihood = np.log(density * np.bincount(labels)[labels] / 300).sum()
    expected = (2 + 9 + 1) * np.log(300) - 2 * likelihood
    assert spherical_bic(cluster_moments(X, labels, 3)) == pytest.approx(expected, rel=1e-12)


def test_clusters_without_spread_and_clusters_of_one_row():
    X = np.repeat(np.arange(3.0)[:, None], 4, axis=0)
    clusters = cluster_moments(X, np.repeat(np.arange(3), 4), 3)
    assert calinski_harabasz(clusters) == math.inf
    assert davies_bouldin(clusters) == 0
    assert spherical_bic(clusters) == -math.inf
    every = cluster_moments(X, np.arange(12), 12)
    assert math.isnan(calinski_harabasz(every))
    assert math.isnan(spherical_bic(every))
    assert simplified_silhouette(nearest_two(SIX, SIX + 1e-9)) == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: nearest_two(SIX, SIX_CENTROIDS[:1]),
        lambda: nearest_two(SIX, SIX_CENTROIDS[:, :1]),
        lambda: nearest_two(np.where(SIX > 5, np.nan, SIX), SIX_CENTROIDS),
        lambda: cluster_moments(SIX, np.arange(6), 5),
        lambda: cluster_moments(SIX, np.arange(5), 6),
        lambda: SilhouetteSampler(SIX[:1]),
    ],
)
def test_what_has_no_answer_is_refused(call):
    with pytest.raises(ValueError, match="."):
        call()
