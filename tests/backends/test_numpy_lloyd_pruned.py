"""The pruned path: labels are those of a float64 search, on data that suit the bound and on data that do not."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from kmbench.backends.base import Job
from kmbench.backends.numpy_lloyd import NumpyLloyd
from kmbench.backends.numpy_lloyd.bound import Basis, Head, leading_directions
from kmbench.backends.numpy_lloyd.lloyd import lloyd
from kmbench.backends.numpy_lloyd.plan import make_plan
from kmbench.backends.numpy_lloyd.reference import reference_lloyd
from kmbench.shards import Shards


def low_rank(n, d, k, rank, noise=0.05, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(k, rank)) * 2
    latent = centres[rng.integers(k, size=n)] + rng.normal(size=(n, rank))
    X = latent @ rng.normal(size=(rank, d)) / np.sqrt(d) + noise * rng.normal(size=(n, d))
    return X.astype(np.float32)


def normal(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def rows_of(X, k, seed=0):
    return X[np.random.default_rng(seed).choice(len(X), k, replace=False)]


def fit(X, init, iterations, *, threads=1, **params):
    backend = NumpyLloyd(NumpyLloyd.Params(**({"path": "pruned"} | params)))
    job = Job(k=len(init), protocol="matched", iterations=iterations, seed=0, threads=threads, init=init)
    backend.prepare(X, job)
    backend.fit()
    return backend


def inertia(X, centroids, labels):
    return float(np.square(X.astype(np.float64) - centroids.astype(np.float64)[labels]).sum())


DATA = {
    "low rank": (low_rank(6000, 96, 40, 8), 40),
    "low rank, little noise": (low_rank(3000, 64, 30, 4, noise=1e-4), 30),
    "exactly low rank": (low_rank(3000, 64, 30, 4, noise=0), 30),
    "full rank": (normal(3000, 40), 25),
    "far from the origin": (low_rank(3000, 64, 30, 6) + np.float32(1e3), 30),
    "scales apart": (low_rank(3000, 64, 30, 6) * np.logspace(-3, 3, 64, dtype=np.float32), 30),
    "each row five times": (np.repeat(low_rank(800, 48, 20, 6), 5, axis=0), 20),
    "nearly as many clusters as rows": (low_rank(400, 48, 20, 6), 380),
    "one column": (normal(2000, 1), 12),
    "two columns": (normal(2000, 2), 12),
    "three columns": (normal(2000, 3), 12),
    "one cluster": (normal(500, 20), 1),
    "tiny values": (low_rank(2000, 48, 20, 6) * np.float32(1e-17), 20),
    "huge values": (low_rank(2000, 48, 20, 6) * np.float32(1e15), 20),
}


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("iterations", [1, 2, 3, 6, 30])
def test_every_step_is_that_of_the_float64_reference(name, iterations):
    X, k = DATA[name]
    init = rows_of(X, k)
    expected = reference_lloyd(X, init, iterations, 1)
    result = fit(X, init, iterations).result()
    np.testing.assert_array_equal(result.labels, expected.labels)
    assert result.empty_events == sum(expected.empty_events)
    own = inertia(X, result.centroids, result.labels)
    assert own == pytest.approx(expected.inertia, rel=1e-6, abs=1e-6 * inertia(X, X[:1], np.zeros(len(X), dtype=int)))


@pytest.mark.parametrize("threads", [1, 2])
def test_centroids_are_those_of_the_dense_path_bit_by_bit(threads):
    X = low_rank(40_000, 64, 60, 10)
    init = rows_of(X, 60)
    dense, pruned = fit(X, init, 12, path="dense"), fit(X, init, 12, threads=threads)
    assert pruned.settings()["pruned_passes"] == 12  # all but the first, and the labels at the end
    np.testing.assert_array_equal(pruned.result().labels, dense.result().labels)
    np.testing.assert_array_equal(pruned.result().centroids, dense.result().centroids)


@pytest.mark.parametrize("chunk_rows", [16, 100, 4096])
def test_the_size_of_chunks_changes_nothing(chunk_rows):
    X = low_rank(5000, 64, 30, 6)
    init = rows_of(X, 30)
    np.testing.assert_array_equal(
        fit(X, init, 5, chunk_rows=chunk_rows).result().labels, reference_lloyd(X, init, 5, 1).labels
    )


def test_in_float64_it_tells_apart_what_float32_cannot():
    X = low_rank(3000, 64, 30, 6)
    init = rows_of(X, 30)
    outcome = fit(X, init, 10, precision="float64")._outcome
    expected = reference_lloyd(X, init, 10, 1)
    np.testing.assert_array_equal(outcome.labels, expected.labels)
    np.testing.assert_allclose(outcome.centres + outcome.mean, expected.centroids, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("path", ["pruned", "dense", "k-major"])
def test_copies_of_centres_leave_the_rows_to_the_first_and_are_relocated(path):
    X = low_rank(4000, 48, 20, 6)
    init = np.concatenate([rows_of(X, 20), rows_of(X, 20)])
    expected = reference_lloyd(X, init, 8, 1)
    result = fit(X, init, 8, path=path).result()
    assert result.empty_events == sum(expected.empty_events) >= 20
    np.testing.assert_array_equal(result.labels, expected.labels)


def test_far_centres_run_empty_as_in_the_reference():
    X = low_rank(4000, 48, 20, 6)
    init = np.concatenate([rows_of(X, 20), np.full((5, 48), 500, dtype=np.float32)])
    expected = reference_lloyd(X, init, 8, 1)
    result = fit(X, init, 8).result()
    assert result.empty_events == sum(expected.empty_events) >= 5
    np.testing.assert_array_equal(result.labels, expected.labels)


def test_all_rows_equal_end_in_an_answer():
    X = np.full((500, 24), 0.1, dtype=np.float32)
    result = fit(X, X[:4].copy(), 4).result()
    np.testing.assert_allclose(result.centroids, X[:4], rtol=1e-6)


def test_scores_beyond_single_precision_are_left_to_the_dense_path():
    X = low_rank(2000, 48, 20, 6) * np.float32(1e18)
    init = rows_of(X, 20)
    backend = fit(X, init, 4)
    assert backend.settings()["path"] == "dense"
    np.testing.assert_array_equal(backend.result().labels, fit(X, init, 4, path="dense").result().labels)


def test_long_runs_look_only_at_centres_that_moved():
    X = low_rank(20_000, 32, 200, 8)
    init = rows_of(X, 200)
    expected = reference_lloyd(X, init, 60, 1)
    backend = fit(X, init, 60)
    np.testing.assert_array_equal(backend.result().labels, expected.labels)
    assert backend.settings()["pruned_passes_over_moved_centres"] > 5


def test_the_rule_takes_it_where_the_rank_is_low_and_not_where_it_is_full():
    n, d, k = 12_000, 320, 900
    low, full = low_rank(n, d, 200, 12, noise=0.02), normal(n, d)
    found = fit(low, rows_of(low, k), 3, path="auto").settings()
    assert found["path"] == "pruned"
    assert found["pruned_passes"] == 3
    assert 12 <= found["pruning_directions"] <= 64
    assert found["pruning_rows_computed"] < 0.8
    assert found["pruning_estimated_cost"] < 0.7
    left = fit(full, rows_of(full, k), 1, path="auto").settings()
    assert left["path"] == "dense"
    assert left["pruned_passes"] == 0
    assert left["pruning_estimated_cost"] > 0.7


@pytest.mark.parametrize(
    ("n", "d", "k", "path", "tried"),
    [
        (50_000, 768, 512, "auto", True),
        (50_000, 768, 512, "dense", False),
        (50_000, 255, 5120, "auto", False),
        (1000, 768, 512, "auto", False),
        (1_000_000, 3, 16, "auto", False),
        (1000, 8, 3, "pruned", True),
    ],
)
def test_when_the_bound_is_tried(n, d, k, path, tried):
    assert (make_plan(n, d, k, path=path).pruning != "never") == tried


def test_heads_take_a_small_part_of_the_memory_and_are_not_kept():
    X = low_rank(30_000, 384, 100, 12, noise=0.02)
    init = rows_of(X, 100)
    tracemalloc.start()
    try:
        backend = fit(X, init, 2)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    directions = backend.settings()["pruning_directions"]
    assert kept < 0.1 * X.nbytes
    assert peak < (1 + (directions + 3) / 384 + 0.25) * X.nbytes  # the rows, their heads, and blocks of fixed size


def test_rows_of_a_file_are_left_to_the_dense_path_with_the_same_bits(tmp_path):
    X = low_rank(6000, 64, 30, 6)
    init = rows_of(X, 30)
    np.save(tmp_path / "x.npy", X)
    plan = make_plan(*X.shape, 30, path="pruned")
    stored, streamed = (lloyd(data, init, plan, iterations=6) for data in (X, Shards.of(tmp_path / "x.npy")))
    assert stored.pruning is not None
    assert stored.pruning.passes == 6
    assert streamed.pruning is None
    np.testing.assert_array_equal(streamed.labels, stored.labels)
    np.testing.assert_array_equal(streamed.centres, stored.centres)


def bounds_of(X, centres, q, dtype=np.float32):
    """Return lower bounds, upper bounds and margins, each in the precision of the rows, and the true scores."""
    rows = np.concatenate([X, np.ones((len(X), 1))], axis=1).astype(dtype)
    head = Head(Basis.of(leading_directions(centres, q).astype(dtype)))
    heads, norms = np.empty((len(X), q + 2), dtype=dtype), np.empty(len(X), dtype=dtype)
    head.of_rows(rows, heads, norms)
    weights = head.of_centres(centres)
    lower = heads @ weights.weights.T
    upper = lower + 4 * heads[:, q, np.newaxis] * weights.tails
    stored = rows[:, :-1].astype(np.longdouble)
    true = np.square(centres.astype(np.longdouble)).sum(axis=1) - 2 * stored @ centres.T.astype(np.longdouble)
    return lower, upper, head.margins(norms, weights.largest)[:, np.newaxis], true


SHAPES = st.tuples(st.integers(1, 60), st.integers(1, 40), st.integers(1, 12))


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=SHAPES,
    rank=st.integers(1, 8),
    noise=st.sampled_from([0.0, 1e-6, 1e-3, 1.0]),
    scale=st.sampled_from([1e-12, 1.0, 1e12]),
    offset=st.sampled_from([0.0, 100.0]),
    q=st.integers(1, 10),
)
def test_the_true_score_lies_between_the_bounds(seed, shape, rank, noise, scale, offset, q):
    n, d, k = shape
    X = ((low_rank(n, d, k, rank, noise, seed) + offset) * scale).astype(np.float32)
    centres = X[np.random.default_rng(seed).integers(n, size=k)].astype(np.float64)
    lower, upper, margins, true = bounds_of(X, centres, min(q, d))
    assert (lower <= true + margins).all()
    assert (true <= upper + margins).all()


def test_the_bound_is_of_use():
    # Else the tests above would hold for a bound that never proves anything.
    X = low_rank(2000, 256, 20, 6, noise=0.01)
    labels = np.random.default_rng(0).integers(20, size=2000)
    centres = np.stack([X[labels == j].mean(axis=0, dtype=np.float64) for j in range(20)])
    lower, upper, margins, true = bounds_of(X, centres, 16)
    spread = true.max() - true.min()
    assert float(np.median(upper - lower)) < 0.02 * spread
    assert float(margins.max()) < 0.01 * spread


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(30, 400), st.integers(1, 40), st.integers(1, 25)),
    rank=st.integers(1, 8),
    noise=st.sampled_from([0.0, 0.01, 1.0]),
    iterations=st.integers(1, 12),
)
def test_any_data_end_with_the_labels_of_a_float64_search(seed, shape, rank, noise, iterations):
    n, d, k = shape
    X = low_rank(n, d, k, rank, noise, seed)
    outcome = fit(X, rows_of(X, k, seed), iterations)._outcome
    stored = (X - outcome.mean).astype(np.float64)
    distances = cdist(stored, outcome.centres, "sqeuclidean")
    np.testing.assert_allclose(distances[np.arange(n), outcome.labels], distances.min(axis=1), rtol=1e-12, atol=1e-14)
