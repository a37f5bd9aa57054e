"""Starts of the native protocol: the engine really begins where it was told to."""

import numpy as np
import pytest
from sklearn.cluster import KMeans, kmeans_plusplus

from kmbench.backends.base import Job
from kmbench.backends.init import parse_start, sample_of
from kmbench.backends.registry import get_backend
from kmbench.backends.seeding import kmeans_plus_plus

ALL = ("numpy-lloyd", "sklearn-lloyd", "sklearn-elkan", "sklearn-minibatch", "faiss-cpu", "faiss-ivf")
EXACT = ("numpy-lloyd", "sklearn-lloyd", "sklearn-elkan", "faiss-cpu")
K = 7


def blobs(n=3000, d=6, seed=0):
    rng = np.random.default_rng(seed)
    centres = 4 * rng.normal(size=(K, d))
    return (centres[rng.integers(K, size=n)] + rng.normal(size=(n, d))).astype(np.float32)


def fitted(name, X, k=K, iterations=None, **params):
    backend = get_backend(name)
    engine = backend(backend.Params.model_validate(params))
    engine.prepare(X, Job(k=k, protocol="native", iterations=iterations, seed=3, threads=1, init=None))
    engine.fit()
    return engine


def one_step(X, start):
    """Lloyd's step in float64."""
    labels = ((X[:, None].astype(float) - start[None]) ** 2).sum(axis=2).argmin(axis=1)
    return np.array([X[labels == cluster].mean(axis=0, dtype=float) for cluster in range(len(start))])


@pytest.mark.parametrize("name", EXACT)
def test_an_array_is_where_the_first_step_begins(name, tmp_path):
    X = blobs()
    start = X[:K] + np.float32(0.1)
    np.save(tmp_path / "start.npy", start.astype(np.float64))
    params = {"max_points_per_centroid": 10**6} if name == "faiss-cpu" else {}
    engine = fitted(name, X, iterations=1, init=f"array[file={tmp_path}/start.npy]", **params)
    assert engine.result().centroids == pytest.approx(one_step(X, start), abs=1e-4)


@pytest.mark.parametrize("name", EXACT)
def test_a_sample_is_clustered_first_and_leaves_little_to_do(name):
    X = blobs()
    params = {"max_points_per_centroid": 10**6} if name == "faiss-cpu" else {}
    engine = fitted(name, X, iterations=1, init="sample[fraction=0.3]", **params)
    settings = engine.settings()
    assert settings["init_rows"] == 900
    assert settings["init_n_iter"] > 1
    # One step over all rows from a converged sample is near the end already; from random rows it is not.
    found = engine.result().centroids
    again = one_step(X, found)
    assert np.abs(again - found).max() < 0.35
    sample = sample_of(X, K, 0.3, 3)
    assert np.isin(sample.view([("", sample.dtype)] * 6), X.view([("", X.dtype)] * 6)).all()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("init", ["random", "k-means++", "sample", "sample[fraction=0.2]"])
def test_every_backend_takes_every_start_and_starts_afresh(name, init):
    X = blobs()
    engine = fitted(name, X, init=init)
    first = engine.result().centroids.copy()
    engine.fit()
    assert np.isfinite(first).all()
    assert np.array_equal(engine.result().centroids, first)
    assert init in engine.settings().values()


@pytest.mark.parametrize("name", ALL)
def test_a_start_has_no_place_in_a_matched_run(name):
    backend = get_backend(name)
    params = backend.Params(init="k-means++")
    reason = backend.unsupported_reason(K, 3000, 6, "matched", params)
    assert reason is not None
    assert backend.unsupported_reason(K, 3000, 6, "native", params) is None


@pytest.mark.parametrize(("name", "more"), [("faiss-cpu", {"nredo": 3}), ("sklearn-lloyd", {"n_init": 3})])
def test_restarts_from_one_start_are_refused(name, more):
    backend = get_backend(name)
    reason = backend.unsupported_reason(K, 3000, 6, "native", backend.Params(init="sample", **more))
    assert "one start" in reason


@pytest.mark.parametrize("name", ALL)
def test_an_array_of_another_shape_is_named(name, tmp_path):
    np.save(tmp_path / "start.npy", np.ones((K + 1, 6)))
    with pytest.raises(ValueError, match=r"start\.npy holds \(8, 6\), k=7"):
        fitted(name, blobs(), init=f"array[file={tmp_path}/start.npy]")
    with pytest.raises(ValueError, match="cannot be read"):
        fitted(name, blobs(), init=f"array[file={tmp_path}/missing.npy]")


def test_starts_are_read():
    assert parse_start("sample").fraction == 0.1
    assert parse_start(" sample[ fraction = 0.25 ] ").fraction == 0.25
    assert parse_start("array[file=a b,c.npy]").file == "a b,c.npy"


def test_k_means_plus_plus_is_as_good_as_scikit_learns():
    X = blobs(n=2000)

    def inertia(start):
        return ((X[:, None] - start[None]) ** 2).sum(axis=2).min(axis=1).sum()

    ours = [inertia(kmeans_plus_plus(X, K, np.random.default_rng(seed))) for seed in range(20)]
    theirs = [inertia(kmeans_plusplus(X, K, random_state=seed)[0]) for seed in range(20)]
    random = [inertia(X[np.random.default_rng(seed).choice(2000, K, replace=False)]) for seed in range(20)]
    assert np.median(ours) < 1.1 * np.median(theirs)
    assert np.median(ours) < 0.7 * np.median(random)


def test_k_means_plus_plus_of_few_different_rows():
    X = np.repeat(np.eye(3, dtype=np.float32), 5, axis=0)
    start = kmeans_plus_plus(X, 8, np.random.default_rng(0))
    assert len(np.unique(start, axis=0)) == 3
    assert KMeans(3, init=start[:3], n_init=1).fit(X).inertia_ == 0
