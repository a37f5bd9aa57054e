"""The float64 reference, against the definition."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from kmbench.backends.numpy_lloyd.reference import reference_lloyd


def blobs(n=2000, d=5, k=8, seed=0):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(k, d))[rng.integers(k, size=n)] * 2 + rng.normal(size=(n, d))).astype(np.float32)
    return X, X[rng.choice(n, k, replace=False)]


def by_definition(X, init, iterations):
    X, centres = X.astype(np.float64), init.astype(np.float64)
    trace, labellings = [], []
    for _ in range(iterations):
        distances = cdist(X, centres, "sqeuclidean")
        labellings.append(distances.argmin(axis=1))
        trace.append(distances.min(axis=1).sum())
        centres = np.stack([X[labellings[-1] == j].mean(axis=0) for j in range(len(centres))])
    distances = cdist(X, centres, "sqeuclidean")
    return centres, distances.argmin(axis=1), distances.min(axis=1).sum(), trace, labellings


@pytest.mark.parametrize("shift", [0, 10000])
@pytest.mark.parametrize("threads", [1, 2])
def test_it_is_lloyd_by_the_definition(shift, threads):
    X, init = (a + np.float32(shift) for a in blobs())
    centres, labels, inertia, trace, _ = by_definition(X, init, 12)
    found = reference_lloyd(X, init, 12, threads)
    np.testing.assert_allclose(found.centroids, centres, rtol=1e-12, atol=1e-11)
    np.testing.assert_array_equal(found.labels, labels)
    assert found.inertia == pytest.approx(inertia, rel=1e-12)
    np.testing.assert_allclose(found.trace, trace, rtol=1e-12)
    assert found.n_iter == len(found.trace) == 12
    assert found.empty_events == [0] * 12


def test_it_tells_when_labels_no_longer_change():
    X, init = blobs(n=300, k=4)
    _, _, inertia, trace, labellings = by_definition(X, init, 60)
    equal = [np.array_equal(a, b) for a, b in zip(labellings[1:], labellings, strict=False)]
    found = reference_lloyd(X, init, 60, 1)
    assert found.stable_at == equal.index(True) + 2
    assert found.n_iter == len(found.trace) == len(found.empty_events) == 60
    np.testing.assert_allclose(found.trace, trace, rtol=1e-12)
    assert found.inertia == pytest.approx(inertia, rel=1e-12)
    assert reference_lloyd(X, init, found.stable_at - 1, 1).stable_at is None


def test_it_counts_empty_clusters_and_moves_them():
    X, init = blobs()
    init = np.concatenate([init, np.full((3, 5), 500, dtype=np.float32)])
    found = reference_lloyd(X, init, 5, 1)
    assert found.empty_events[0] == 3
    assert (np.bincount(found.labels, minlength=11) > 0).all()
    assert found.trace[1] < found.trace[0]


def test_no_iteration_evaluates_the_start():
    X, init = blobs()
    found = reference_lloyd(X, init, 0, 1)
    np.testing.assert_allclose(found.centroids, init, rtol=1e-15, atol=1e-12)
    assert found.inertia == pytest.approx(cdist(X, init, "sqeuclidean").min(axis=1).sum())
    assert found.trace == []
    assert found.stable_at is None


def test_it_reads_a_memory_map(tmp_path):
    X, init = blobs(n=20000, k=3)
    np.save(tmp_path / "x.npy", X)
    found = reference_lloyd(np.load(tmp_path / "x.npy", mmap_mode="r"), init, 4, 2)
    np.testing.assert_array_equal(found.labels, reference_lloyd(X, init, 4, 1).labels)


def test_one_cluster_and_one_row():
    X, _ = blobs()
    found = reference_lloyd(X, X[:1], 2, 1)
    np.testing.assert_allclose(found.centroids[0], X.mean(axis=0, dtype=np.float64), rtol=1e-10)
    single = reference_lloyd(X[:1], X[:1], 3, 1)
    assert single.inertia == 0
    np.testing.assert_array_equal(single.centroids, X[:1].astype(np.float64))
