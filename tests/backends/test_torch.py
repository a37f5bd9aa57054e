"""The torch backend's device-independent code, on torch's CPU device; `-m gpu` runs the same on a GPU."""

import dataclasses

import numpy as np
import pytest
from sklearn.cluster import KMeans

from kmbench.backends.base import Job
from kmbench.backends.numpy_lloyd import NumpyLloyd
from kmbench.backends.torch_kmeans import TorchKmeans, TorchParams
from kmbench.backends.torch_kmeans.build import why_no_cuda, why_no_torch
from kmbench.errors import CaseError
from kmbench.shards import StoredFile

needs_torch = pytest.mark.skipif(why_no_torch() is not None, reason=str(why_no_torch()))
DEVICES = [
    pytest.param("cpu", marks=needs_torch),
    pytest.param("cuda", marks=[pytest.mark.gpu, pytest.mark.skipif(bool(why_no_cuda()), reason=str(why_no_cuda()))]),
]
on_each_device = pytest.mark.parametrize("device", DEVICES)


def fitted(X, init, iterations=6, **params):
    if isinstance(X, np.ndarray):
        X.flags.writeable = False
    backend = TorchKmeans(TorchParams(**params))
    backend.prepare(X, Job(k=len(init), protocol="matched", iterations=iterations, seed=0, threads=1, init=init))
    backend.fit()
    backend.synchronize()
    return backend


@pytest.fixture
def blobs():
    rng = np.random.default_rng(6)  # no row is nearly tied
    centres = rng.normal(scale=3.0, size=(20, 16))
    X = np.ascontiguousarray(centres[rng.integers(0, 20, 5000)] + rng.normal(size=(5000, 16)), dtype=np.float32)
    return X, np.ascontiguousarray(X[:20] + np.float32(1e-3))


def inertia(X, centroids):
    """In float64, by differences."""
    distances = [((X.astype(np.float64) - c) ** 2).sum(axis=1) for c in centroids.astype(np.float64)]
    return np.min(distances, axis=0).sum()


@on_each_device
@pytest.mark.parametrize("residence", ["device", "stream"])
@pytest.mark.parametrize("block_rows", [None, 17])
def test_blocks_and_streams_give_scikit_learns_answer(device, residence, block_rows, blobs):
    X, init = blobs
    backend = fitted(X, init, device=device, residence=residence, block_rows=block_rows)
    result = backend.result()
    expected = KMeans(20, init=init, n_init=1, max_iter=6, tol=0).fit(X.astype(np.float64))
    np.testing.assert_allclose(result.centroids, expected.cluster_centers_, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(result.labels, backend.assign(X.copy()))


@on_each_device
def test_rows_that_stay_in_their_file_give_the_bits_of_those_in_memory(device, blobs):
    X, init = blobs
    init[3] = 50.0  # it draws no row, and takes one of the farthest
    stored = StoredFile(X)
    found = [fitted(X, init, device=device, residence="stream", block_rows=700).result(),
             fitted(stored.shards, init, device=device, residence="file", block_rows=700).result()]  # fmt: skip
    stored.close()
    np.testing.assert_array_equal(found[0].centroids, found[1].centroids)
    np.testing.assert_array_equal(found[0].labels, found[1].labels)
    assert found[0].empty_events == found[1].empty_events > 0


@on_each_device
def test_empty_clusters_take_the_farthest_rows_as_scikit_learns_do(device):
    # Worked example: the start at 100 draws no row. Row 9 lies farthest from its centre and becomes its cluster.
    X = np.array([[0.0], [1.0], [2.0], [9.0]], dtype=np.float32)
    init = np.array([[1.0], [100.0]], dtype=np.float32)
    result = fitted(X, init, iterations=1, device=device).result()
    np.testing.assert_allclose(result.centroids, [[1.0], [9.0]])
    assert result.empty_events == 1
    assert result.labels.tolist() == [0, 0, 0, 1]


@on_each_device
def test_sums_do_not_drift_over_a_million_rows(device):
    # A float32 sum that has reached 1e9 moves in steps of 64: added one by one, 1000 + 2**-11 would come out wrong.
    rows = 2**20
    X = np.empty((2 * rows, 1), dtype=np.float32)
    X[:rows:2], X[1:rows:2], X[rows:] = 1000.0, 1000.0 + 2.0**-10, -1000.0
    init = np.array([[999.0], [-999.0]], dtype=np.float32)
    centroids = fitted(X, init, iterations=1, device=device).result().centroids
    assert centroids.ravel().tolist() == [1000.0 + 2.0**-11, -1000.0]


@on_each_device
@pytest.mark.parametrize(("scale", "offset"), [(1.0, 1000.0), (1e-9, 0.0), (1e9, 0.0)])
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("tf32", 1e-3), ("float16", 1e-3)])
def test_no_precision_is_lost_far_from_the_origin_or_at_any_scale(device, scale, offset, precision, tolerance, blobs):
    X, init = blobs
    there, start = (np.ascontiguousarray(m * np.float32(scale) + np.float32(offset)) for m in (X, init))
    got = inertia(there, fitted(there, start, device=device, precision=precision).result().centroids)
    best = KMeans(20, init=start, n_init=1, max_iter=6, tol=0).fit(there.astype(np.float64))
    assert got == pytest.approx(inertia(there, best.cluster_centers_), rel=tolerance)


@needs_torch
def test_rounding_to_tf32_keeps_ten_bits_and_rounds_ties_to_even():
    import torch

    from kmbench.backends.torch_kmeans.nearest import rounded_to_tf32

    step = 2.0**-10
    values = [1.0, 1 + step, 1 + 0.49 * step, 1 + 0.5 * step, 1 + 1.5 * step, -(1 + 0.75 * step), 0.0, 3e38]
    expected = [1.0, 1 + step, 1.0, 1.0, 1 + 2 * step, -(1 + step), 0.0]
    rounded = rounded_to_tf32(torch.tensor(values)).tolist()
    assert rounded[:-1] == expected
    assert rounded[-1] == pytest.approx(3e38, rel=2**-11)


@needs_torch
def test_a_lower_precision_changes_labels_so_it_is_not_ignored(blobs):
    X, init = blobs
    scores = {
        p: fitted(X, init, iterations=10, precision=p).result().centroids for p in ("float32", "tf32", "float16")
    }
    assert not np.array_equal(scores["float32"], scores["tf32"])
    assert not np.array_equal(scores["float32"], scores["float16"])


@needs_torch
def test_native_starts_work(blobs):
    X, _ = blobs
    for init in (None, "random", "k-means++", "sample[fraction=0.2]"):
        backend = TorchKmeans(TorchParams(init=init))
        backend.prepare(X, Job(k=20, protocol="native", iterations=None, seed=1, threads=1, init=None))
        backend.fit()
        first = backend.result()
        assert 1 <= first.n_iter <= 300
        backend.fit()
        np.testing.assert_array_equal(backend.result().centroids, first.centroids)


@needs_torch
def test_a_matched_job_without_a_start_is_refused(blobs):
    X, init = blobs
    work = Job(k=20, protocol="matched", iterations=3, seed=0, threads=1, init=init)
    for broken in ({"init": None}, {"iterations": None}, {"init": init[:5]}):
        with pytest.raises(CaseError, match="initial centroids"):
            TorchKmeans(TorchParams()).prepare(X, dataclasses.replace(work, **broken))


def test_cuda_is_unavailable_with_the_reason_and_cpu_is_not_affected():
    reason = TorchKmeans.unavailable_with(TorchParams(device="cuda"))
    assert reason == why_no_cuda()
    if why_no_torch() is not None:
        assert "kmbench[torch]" in reason
    assert TorchKmeans.unavailable_with(TorchParams()) == why_no_torch()


def test_a_start_that_needs_all_rows_is_refused_in_the_plan_where_they_stay_in_their_file():
    for init, refused in [("k-means++", True), ("sample[fraction=0.5]", True), ("random", False), (None, False)]:
        torch_params = TorchParams(residence="file", init=init)
        numpy_params = NumpyLloyd.Params(read="pass", init=init)
        for backend, params in [(TorchKmeans, torch_params), (NumpyLloyd, numpy_params)]:
            reason = backend.unsupported_reason(k=3, n=50, d=4, protocol="native", params=params)
            assert (reason is not None) == refused, (backend, init)
            assert not refused or "needs all rows in memory" in reason
