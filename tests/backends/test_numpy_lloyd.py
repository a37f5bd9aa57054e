"""The whole trajectory of numpy-lloyd, against a plain Lloyd in float64 and against scikit-learn."""

import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from kmbench.backends.base import Job
from kmbench.backends.numpy_lloyd import NumpyLloyd
from kmbench.errors import CaseError

PATHS = ["dense", "k-major"]


def fitted(X, init, iterations=10, *, threads=1, **params):
    backend = NumpyLloyd(NumpyLloyd.Params(**params))
    job = Job(k=len(init), protocol="matched", iterations=iterations, seed=0, threads=threads, init=init)
    backend.prepare(X, job)
    backend.fit()
    return backend


def native(X, k, *, seed=0, iterations=None, **params):
    backend = NumpyLloyd(NumpyLloyd.Params(**params))
    backend.prepare(X, Job(k=k, protocol="native", iterations=iterations, seed=seed, threads=1, init=None))
    backend.fit()
    return backend


def plain_lloyd(X, init, iterations):
    """Lloyd by the definition: all distances by difference, in float64. No cluster may run empty."""
    X, centres = X.astype(np.float64), init.astype(np.float64)
    for _ in range(iterations):
        labels = cdist(X, centres, "sqeuclidean").argmin(axis=1)
        centres = np.stack([X[labels == j].mean(axis=0) for j in range(len(centres))])
    return centres, cdist(X, centres, "sqeuclidean").argmin(axis=1)


def sklearn_lloyd(X, init, iterations):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct rows than clusters
        return KMeans(len(init), init=init, n_init=1, tol=0, max_iter=iterations).fit(X)


def inertia(X, centroids, labels):
    return float(np.square(X.astype(np.float64) - centroids.astype(np.float64)[labels]).sum())


def overlapping_blobs(n, d, k, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(k, d)) * np.sqrt(12 / d)
    X = (centres[rng.integers(k, size=n)] + rng.normal(size=(n, d))).astype(np.float32)
    return X, X[rng.choice(n, k, replace=False)]


@pytest.fixture(scope="module", params=[(3000, 3, 16), (4000, 16, 12), (4000, 40, 64), (1500, 100, 30)], ids=str)
def blobs(request):
    return overlapping_blobs(*request.param)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("iterations", [1, 2, 3, 8, 25])
def test_every_step_is_that_of_plain_lloyd_in_float64(blobs, path, iterations):
    X, init = blobs
    centres, labels = plain_lloyd(X, init, iterations)
    result = fitted(X, init, iterations, path=path).result()
    assert result.n_iter == iterations
    assert result.empty_events == 0
    np.testing.assert_array_equal(result.labels, labels)
    np.testing.assert_allclose(result.centroids, centres, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("iterations", [1, 4, 20])
def test_every_step_is_that_of_scikit_learn(blobs, path, iterations):
    X, init = blobs
    expected = sklearn_lloyd(X, init, iterations)
    result = fitted(X, init, iterations, path=path).result()
    np.testing.assert_array_equal(result.labels, expected.labels_)
    np.testing.assert_allclose(result.centroids, expected.cluster_centers_, rtol=1e-5, atol=1e-5)
    own = inertia(X, result.centroids, result.labels)
    theirs = inertia(X, expected.cluster_centers_, expected.labels_)
    assert own == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_shift_of_all_rows_by_ten_thousand_costs_nothing(path, precision):
    X, init = overlapping_blobs(3000, 16, 12)
    X, init = X + np.float32(1e4), init + np.float32(1e4)  # rounded to 1e-3 here, before any fit
    centres, labels = plain_lloyd(X, init, 10)
    backend = fitted(X, init, path=path, precision=precision)
    np.testing.assert_array_equal(backend.result().labels, labels)
    np.testing.assert_allclose(backend.result().centroids, centres, rtol=1e-7)
    np.testing.assert_array_equal(backend.assign(X), labels)


@pytest.mark.parametrize("path", PATHS)
def test_float64_reaches_what_float32_cannot_tell_apart(path):
    X, init = overlapping_blobs(2000, 8, 10)
    centres, labels = plain_lloyd(X, init, 10)
    backend = fitted(X, init, path=path, precision="float64")
    outcome = backend._outcome
    np.testing.assert_allclose(outcome.centres + outcome.mean, centres, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(outcome.labels, labels)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("chunk_rows", [16, 100, 256, 5000])
def test_the_size_of_chunks_changes_nothing(path, chunk_rows):
    X, init = overlapping_blobs(2500, 12, 20)
    _, labels = plain_lloyd(X, init, 6)
    backend = fitted(X, init, 6, path=path, chunk_rows=chunk_rows)
    assert backend.settings()["chunk_rows"] == chunk_rows
    np.testing.assert_array_equal(backend.result().labels, labels)


@pytest.mark.parametrize("k", [256, 512, 1024])
def test_scores_that_are_widened_for_the_cache_give_the_same_labels(k):
    X, init = overlapping_blobs(6000, 6, k)
    expected = sklearn_lloyd(X, init, 3)
    np.testing.assert_array_equal(fitted(X, init, 3, path="dense").result().labels, expected.labels_)


def test_two_threads_give_the_very_same_answer_as_one():
    X, init = overlapping_blobs(30000, 24, 64)
    one, two = (fitted(X, init, threads=threads, path="dense") for threads in (1, 2))
    assert not one.settings()["chunk_threads"]
    assert two.settings()["chunk_threads"]
    assert two.settings()["threads"] == 2
    np.testing.assert_array_equal(one.result().labels, two.result().labels)
    np.testing.assert_array_equal(one.result().centroids, two.result().centroids)
    np.testing.assert_array_equal(one.assign(X), two.assign(X))


@pytest.mark.parametrize("path", PATHS)
def test_a_second_fit_starts_afresh(path):
    X, init = overlapping_blobs(3000, 8, 16)
    backend = fitted(X, init, path=path)
    first = backend.result()
    backend.fit()
    second = backend.result()
    np.testing.assert_array_equal(first.centroids, second.centroids)
    np.testing.assert_array_equal(first.labels, second.labels)
    assert first.labels is not second.labels


@pytest.mark.parametrize("path", PATHS)
def test_fit_keeps_no_copy_of_the_data_and_assign_makes_none(path):
    X, init = overlapping_blobs(200_000, 24, 16)
    tracemalloc.start()
    try:
        backend = fitted(X, init, 1, path=path)
        kept, peak = tracemalloc.get_traced_memory()
        assert kept < 0.1 * X.nbytes
        assert 1.0 * X.nbytes < peak < 1.4 * X.nbytes  # the copy is made in fit
        tracemalloc.reset_peak()
        backend.assign(X)
        assert tracemalloc.get_traced_memory()[1] - kept < 0.3 * X.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("path", PATHS)
def test_the_data_and_the_start_are_only_read(tmp_path, path):
    X, init = overlapping_blobs(3000, 8, 16)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    start = init.copy()
    start.flags.writeable = False
    result = fitted(mapped, start, path=path).result()
    np.testing.assert_array_equal(mapped, X)
    np.testing.assert_array_equal(start, init)
    np.testing.assert_array_equal(result.labels, fitted(X, init, path=path).result().labels)


@pytest.mark.parametrize("path", PATHS)
def test_assign_labels_other_rows_by_the_final_centroids(path):
    X, init = overlapping_blobs(3000, 8, 16)
    backend = fitted(X, init, path=path)
    others, _ = overlapping_blobs(777, 8, 16, seed=5)
    labels = backend.assign(others)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, cdist(others, backend.result().centroids).argmin(axis=1))
    np.testing.assert_array_equal(backend.assign(X), backend.result().labels)


def test_native_starts_from_rows_and_stops_as_scikit_learn_does():
    X, _ = overlapping_blobs(3000, 8, 6)
    rows = np.random.default_rng(3).choice(len(X), 6, replace=False)
    expected = KMeans(6, init=X[rows], n_init=1, tol=1e-4, max_iter=300).fit(X)
    backend = native(X, 6, seed=3)
    result = backend.result()
    assert result.n_iter == expected.n_iter_ < 300
    np.testing.assert_array_equal(result.labels, expected.labels_)
    assert backend.settings()["tol"] == 1e-4


def test_native_without_tolerance_stops_when_labels_no_longer_change():
    X, _ = overlapping_blobs(2000, 4, 5)
    rows = np.random.default_rng(1).choice(len(X), 5, replace=False)
    expected = KMeans(5, init=X[rows], n_init=1, tol=0, max_iter=300).fit(X)
    result = native(X, 5, seed=1, tol=0).result()
    assert result.n_iter == expected.n_iter_ < 300
    np.testing.assert_array_equal(result.labels, expected.labels_)
    assert native(X, 5, seed=1, tol=0, max_iterations=2).result().n_iter == 2
    assert native(X, 5, seed=1, tol=0, iterations=3).result().n_iter == 3


def test_matched_goes_on_after_convergence():
    X, init = overlapping_blobs(500, 3, 3)
    assert fitted(X, init, 200).result().n_iter == 200


@pytest.mark.parametrize(
    ("n", "d", "k", "threads", "path"),
    [
        (1_000_000, 3, 16, 1, "k-major"),
        (1_000_000, 3, 16, 2, "k-major"),
        (100_000, 32, 48, 1, "k-major"),
        (100_000, 32, 48, 2, "dense"),
        (100_000, 3, 49, 1, "dense"),
        (100_000, 128, 256, 2, "dense"),
    ],
)
def test_the_rule_for_the_path(n, d, k, threads, path):
    from kmbench.backends.numpy_lloyd.plan import make_plan

    plan = make_plan(n, d, k, threads=threads)
    assert plan.path == path
    assert plan.threads == (1 if path == "k-major" else threads)


def test_parameters_have_bounds():
    for wrong in (
        {"chunk_rows": 15},
        {"chunk_rows": 2**21},
        {"path": "fast"},
        {"precision": "float16"},
        {"tol": -1.0},
        {"depth": 1},
    ):
        with pytest.raises(ValidationError):
            NumpyLloyd.Params(**wrong)


def test_matched_refuses_a_stopping_rule():
    assert "native" in NumpyLloyd.unsupported_reason(3, 10, 2, "matched", NumpyLloyd.Params(tol=0.1))
    assert NumpyLloyd.unsupported_reason(3, 10, 2, "native", NumpyLloyd.Params(tol=0.1)) is None
    assert NumpyLloyd.unsupported_reason(3, 10, 2, "matched", NumpyLloyd.Params(path="dense")) is None


def test_a_job_that_does_not_fit_is_named():
    X, init = overlapping_blobs(100, 3, 4)
    with pytest.raises(CaseError, match="shape"):
        fitted(X, init[:, :2])
    with pytest.raises(CaseError, match="iterations"):
        fitted(X, init, None)
    backend = NumpyLloyd(NumpyLloyd.Params())
    backend.prepare(X, Job(k=4, protocol="matched", iterations=1, seed=0, threads=1, init=init))
    with pytest.raises(RuntimeError, match="fit"):
        backend.result()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), path=st.sampled_from(PATHS))
def test_permuting_rows_permutes_labels(seed, path):
    X, init = overlapping_blobs(400, 5, 7, seed)
    order = np.random.default_rng(seed).permutation(len(X))
    labels = fitted(X, init, 4, path=path).result().labels
    np.testing.assert_array_equal(fitted(X[order], init, 4, path=path).result().labels, labels[order])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.sampled_from([-4096.0, -1.0, 0.5, 2048.0]), path=st.sampled_from(PATHS))
def test_shifting_the_data_changes_no_label(seed, shift, path):
    # Multiples of 1/256 below 64 stay exact under the shift.
    X, init = (np.round(a * 256) / np.float32(256) for a in overlapping_blobs(400, 5, 7, seed))
    labels = fitted(X, init, 4, path=path).result().labels
    moved = fitted(X + np.float32(shift), init + np.float32(shift), 4, path=path).result().labels
    np.testing.assert_array_equal(moved, labels)
