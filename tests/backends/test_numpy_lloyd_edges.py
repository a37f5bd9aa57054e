"""Shapes at the edge, ties, and clusters that run empty."""

import warnings

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from kmbench.backends.base import Job
from kmbench.backends.numpy_lloyd import NumpyLloyd
from kmbench.backends.numpy_lloyd.reference import reference_lloyd

PATHS = ["dense", "k-major"]
pytestmark = pytest.mark.parametrize("path", PATHS)


def fit(X, init, iterations=10, *, threads=1, **params):
    backend = NumpyLloyd(NumpyLloyd.Params(**params))
    job = Job(k=len(init), protocol="matched", iterations=iterations, seed=0, threads=threads, init=init)
    backend.prepare(X, job)
    backend.fit()
    return backend.result()


def sklearn_fit(X, init, iterations=10):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct rows than clusters
        return KMeans(len(init), init=init, n_init=1, tol=0, max_iter=iterations).fit(X)


def least_inertia(X, centroids):
    return float(cdist(X.astype(np.float64), centroids.astype(np.float64), "sqeuclidean").min(axis=1).sum())


def normal(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def sorted_rows(a):
    return a[np.lexsort(a.T)]


@pytest.mark.parametrize(
    ("n", "d", "k"),
    [
        (1, 1, 1),
        (2, 1, 2),
        (50, 3, 1),
        (50, 3, 50),
        (50, 3, 49),
        (17, 1, 4),
        (40, 200, 5),
        (33, 64, 10),
        (9000, 1, 3),
    ],
)
def test_shapes_at_the_edge(path, n, d, k):
    X = normal(n, d)
    init = X[:k]
    result = fit(X, init, 5, path=path)
    expected = sklearn_fit(X, init, 5)
    assert result.centroids.shape == (k, d)
    assert result.centroids.dtype == np.float32
    assert result.labels.dtype == np.int32
    np.testing.assert_array_equal(result.labels, expected.labels_)
    np.testing.assert_allclose(result.centroids, expected.cluster_centers_, rtol=1e-5, atol=1e-6)


def test_as_many_clusters_as_rows_leaves_nothing(path):
    X = normal(300, 4)
    result = fit(X, X[::-1].copy(), 3, path=path)
    np.testing.assert_array_equal(result.labels, np.arange(300)[::-1])
    np.testing.assert_allclose(result.centroids, X[::-1], atol=1e-6)


def test_constant_columns_and_duplicates(path):
    X = np.repeat(normal(400, 5), 5, axis=0)
    X[:, 2] = 7.25
    init = X[::125].copy()
    result = fit(X, init, path=path)
    expected = sklearn_fit(X, init)
    np.testing.assert_array_equal(result.labels, expected.labels_)
    np.testing.assert_array_equal(result.centroids[:, 2], np.float32(7.25))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e4])
def test_all_rows_equal(path, value):
    X = np.full((1000, 3), value, dtype=np.float32)
    result = fit(X, X[:4].copy(), 3, path=path)
    np.testing.assert_allclose(result.centroids, X[:4], rtol=1e-6)
    assert least_inertia(X, result.centroids) <= 1e-6 * max(value, 1.0)


def test_fewer_distinct_rows_than_clusters(path):
    X = np.repeat(normal(6, 3), 40, axis=0)
    result = fit(X, X[::24].copy(), 4, path=path)
    assert result.empty_events > 0
    np.testing.assert_allclose(least_inertia(X, result.centroids), 0, atol=1e-8)


def test_a_row_between_equal_centres_goes_to_the_first(path):
    X = np.repeat(np.arange(-8.0, 9.0, dtype=np.float32), 3)[:, np.newaxis]
    init = np.array([[4.0], [-4.0], [4.0], [0.0]], dtype=np.float32)
    # Centred by a mean of 0, all scores are exact: at 2 and -2 two centres are equally near, at 4 two are equal.
    result = fit(X, init, 0, path=path)
    np.testing.assert_array_equal(result.labels, cdist(X, init).argmin(axis=1))
    assert not (result.labels == 2).any()


@pytest.mark.parametrize("iterations", [1, 6])
def test_ties_of_integer_data_are_all_counted_once(path, iterations):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 8, size=(20000, 3)).astype(np.float32)
    init = np.unique(X, axis=0)[rng.choice(512, 12, replace=False)]
    result = fit(X, init, iterations, path=path)
    counts = np.bincount(result.labels, minlength=12)
    assert counts.sum() == len(X)
    assert least_inertia(X, result.centroids) == pytest.approx(
        least_inertia(X, sklearn_fit(X, init, iterations).cluster_centers_), rel=0.02
    )
    distances = cdist(X.astype(np.float64), result.centroids.astype(np.float64), "sqeuclidean")
    own = np.take_along_axis(distances, result.labels[:, np.newaxis], axis=1)[:, 0]
    np.testing.assert_allclose(own, distances.min(axis=1), atol=1e-4)


@pytest.mark.parametrize("far", [1, 3, 6])
def test_far_away_centres_are_relocated_as_in_scikit_learn(path, far):
    X = normal(5000, 4)
    init = np.concatenate([X[:10], np.full((far, 4), 1000, dtype=np.float32) + normal(far, 4)])
    for iterations in (1, 2, 10):
        expected = sklearn_fit(X, init, iterations)
        result = fit(X, init, iterations, path=path)
        assert result.empty_events >= far
        np.testing.assert_allclose(result.centroids, expected.cluster_centers_, rtol=1e-4, atol=1e-4)
        np.testing.assert_array_equal(result.labels, expected.labels_)


def test_copies_of_centres_are_relocated_as_in_scikit_learn(path):
    X = normal(4000, 6)
    init = np.concatenate([X[:16], X[:16]])
    expected = sklearn_fit(X, init)
    result = fit(X, init, path=path)
    assert result.empty_events >= 16
    np.testing.assert_allclose(
        sorted_rows(result.centroids), sorted_rows(expected.cluster_centers_), rtol=1e-4, atol=1e-4
    )


def test_a_donor_of_one_row_copies_the_biggest_cluster(path):
    # The farthest row is alone in its cluster: moved, it leaves its donor empty.
    X = np.array([[0.0], [0.1], [0.2], [9.0]], dtype=np.float32)
    init = np.array([[0.1], [7.0], [-50.0]], dtype=np.float32)
    result = fit(X, init, 1, path=path)
    assert result.empty_events == 1
    np.testing.assert_allclose(result.centroids, [[0.1], [0.1], [9.0]], atol=1e-6)


@pytest.mark.parametrize("threads", [1, 2])
def test_empty_clusters_are_those_of_the_reference(path, threads):
    X = normal(30000, 8)
    init = np.concatenate([X[:40], X[:8] + np.float32(500)])
    expected = reference_lloyd(X, init, 6, threads)
    result = fit(X, init, 6, path=path, threads=threads)
    assert result.empty_events == sum(expected.empty_events) >= 8
    np.testing.assert_array_equal(result.labels, expected.labels)


def test_sums_of_a_million_rows_keep_seven_digits(path):
    rng = np.random.default_rng(0)
    X = (rng.exponential(size=(1_000_000, 2)) + 100).astype(np.float32)
    result = fit(X, X[:2].copy(), 1, path=path)
    labels = cdist(X, X[:2]).argmin(axis=1)
    for j in range(2):
        np.testing.assert_allclose(result.centroids[j], X[labels == j].mean(axis=0, dtype=np.float64), rtol=1e-6)


def test_values_too_large_for_single_precision_end_in_an_answer(path):
    X = normal(500, 4) * np.float32(1e25)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy may name the overflow
        result = fit(X, X[:5].copy(), 3, path=path)
    assert result.labels.min() >= 0
    assert result.labels.max() < 5
