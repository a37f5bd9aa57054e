"""Inertia is float64's answer, wherever the data lies and however it is stored."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.cluster import KMeans

from kmbench.metrics import evaluate, inertia_of_labels
from kmbench.metrics import inertia as module


def all_squares(X, centroids):
    """Squared distances of every row to every centroid, by difference, in extended precision."""
    difference = X.astype(np.longdouble)[:, None, :] - centroids.astype(np.longdouble)[None, :, :]
    return (difference**2).sum(axis=2)


def blobs(seed=0, n=600, d=5, k=7):
    rng = np.random.default_rng(seed)
    centres = rng.normal(scale=4, size=(k, d))
    X = (centres[rng.integers(k, size=n)] + rng.normal(size=(n, d))).astype(np.float32)
    return X, X[rng.choice(n, k, replace=False)]


def test_agrees_with_scikit_learn_fit():
    X = blobs()[0].astype(np.float64)
    fitted = KMeans(7, n_init=1, random_state=0).fit(X)
    found = evaluate(X, fitted.cluster_centers_)
    assert found.inertia == pytest.approx(fitted.inertia_, rel=1e-12)
    assert np.array_equal(found.labels, fitted.labels_)
    assert inertia_of_labels(X, fitted.cluster_centers_, fitted.labels_) == found.inertia


def two_far_groups():
    X, centroids = blobs(1)
    side = np.where(np.arange(len(X)) % 2, 1e4, -1e4).astype(np.float32)[:, None]
    return X + side, np.concatenate([centroids + np.float32(1e4), centroids - np.float32(1e4)])


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(lambda: blobs(2), id="near the origin"),
        pytest.param(lambda: tuple(part + np.float32(10_000) for part in blobs(2)), id="shifted by 10000"),
        pytest.param(two_far_groups, id="two groups at 10000 and -10000"),
    ],
)
def test_is_exact_where_float32_expansions_fail(case):
    X, centroids = case()
    squares = all_squares(X, centroids)
    found = evaluate(X, centroids)
    assert found.inertia == pytest.approx(float(squares.min(axis=1).sum()), rel=1e-9)
    assert np.array_equal(found.labels, squares.argmin(axis=1))


def test_subtracts_the_offset_before_it_expands():
    # At 1e7 float32 holds whole numbers only, and even float64 squares lose them without centring.
    rng = np.random.default_rng(7)
    X = rng.integers(0, 9, size=(300, 8)).astype(np.float32) + np.float32(1e7)
    centroids = rng.uniform(0, 9, size=(20, 8)) + 1e7
    expected = float(all_squares(X, centroids).min(axis=1).sum())
    assert evaluate(X, centroids).inertia == pytest.approx(expected, rel=1e-9)


def test_says_which_clusters_are_empty():
    X = np.array([[0.0], [0.1], [5.0]], dtype=np.float32)
    found = evaluate(X, np.array([[0.0], [100.0], [5.0], [-100.0]]))
    assert found.labels.tolist() == [0, 0, 2]
    assert found.labels.dtype == np.int32
    assert found.counts.tolist() == [2, 0, 1, 0]
    assert found.counts.dtype == np.int64
    assert found.empty_clusters == 2


@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 6), st.data())
@settings(max_examples=60, deadline=None)
def test_any_block_length_gives_the_brute_force_answer(n, d, k, data):
    values = st.integers(-50, 50)
    X = data.draw(hnp.arrays(np.float32, (n, d), elements=values))
    centroids = data.draw(hnp.arrays(np.float32, (k, d), elements=values))
    block_rows = data.draw(st.integers(1, n + 3))
    found = evaluate(X, centroids, block_rows=block_rows)
    squares = all_squares(X, centroids)
    assert found.inertia == pytest.approx(float(squares.min(axis=1).sum()), rel=1e-12)
    assert inertia_of_labels(X, centroids, found.labels, block_rows=block_rows) == pytest.approx(
        found.inertia, rel=1e-12
    )
    assert found.counts.sum() == n
    assert found.counts.shape == (k,)


def test_inertia_of_labels_takes_the_labels_at_their_word():
    X, centroids = blobs(3)
    labels = np.random.default_rng(0).integers(len(centroids), size=len(X))
    squares = all_squares(X, centroids)
    expected = float(squares[np.arange(len(X)), labels].sum())
    assert inertia_of_labels(X, centroids, labels, block_rows=100) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8, np.uint8])
@pytest.mark.parametrize("order", ["C", "F"])
def test_takes_every_real_type_and_order(dtype, order):
    X = np.asarray(np.random.default_rng(4).integers(0, 100, size=(50, 3)), dtype=dtype, order=order)
    centroids = np.array([[10, 200, 30], [90, 20, 250]], dtype=np.float32)
    expected = float(all_squares(X, centroids).min(axis=1).sum())
    assert evaluate(X, centroids).inertia == pytest.approx(expected, rel=1e-12)


def test_reads_a_memory_map_and_leaves_it_alone(tmp_path):
    X, centroids = blobs(5)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert evaluate(mapped, centroids).inertia == evaluate(X, centroids).inertia


def test_scratch_stays_small_with_many_centroids(monkeypatch):
    monkeypatch.setattr(module, "_SCRATCH_CELLS", 64)
    X, centroids = blobs(6)
    assert module._block_length(8192, len(centroids)) == 9
    assert evaluate(X, centroids).inertia == pytest.approx(
        float(all_squares(X, centroids).min(axis=1).sum()), rel=1e-12
    )
    assert module._block_length(8192, 1000) == 1


def test_threads_over_blocks_change_no_digit():
    X, centroids = blobs(7)
    alone = evaluate(X, centroids, block_rows=50)
    with ThreadPoolExecutor(4) as pool:
        shared = evaluate(X, centroids, block_rows=50, each=pool.map)
        again = inertia_of_labels(X, centroids, alone.labels, block_rows=50, each=pool.map)
    assert shared.inertia == again == alone.inertia
    assert np.array_equal(shared.labels, alone.labels)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_centroids_that_are_not_finite_are_named(value):
    X, centroids = blobs()
    centroids[3, 1] = value
    with pytest.raises(ValueError, match=r"1 of 7 centroids are not finite, the first is 3"):
        evaluate(X, centroids)
    with pytest.raises(ValueError, match=r"the first is 3"):
        inertia_of_labels(X, centroids, np.zeros(len(X), dtype=int))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_rows_that_are_not_finite_are_named(value):
    X, centroids = blobs()
    X[321, 0] = value
    with pytest.raises(ValueError, match="row 321 of X"):
        evaluate(X, centroids, block_rows=100)
    with pytest.raises(ValueError, match="row 321 of X"):
        inertia_of_labels(X, centroids, np.zeros(len(X), dtype=int), block_rows=100)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 7], r"label 7 of row 1 is outside 0\.\.1"),
        ([-1, 0], r"label -1 of row 0 is outside 0\.\.1"),
        ([0], "labels must be 2 integers"),
        ([0.0, 1.0], "labels must be 2 integers"),
    ],
)
def test_labels_that_name_no_centroid_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        inertia_of_labels(np.zeros((2, 1)), np.zeros((2, 1)), np.array(labels))


@pytest.mark.parametrize("shape", [(2, 3), (0, 2), (2,)])
def test_centroids_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match="centroids"):
        evaluate(np.zeros((4, 2)), np.zeros(shape))


def test_a_block_needs_a_row():
    with pytest.raises(ValueError, match="block_rows must be at least 1"):
        evaluate(np.zeros((4, 2)), np.zeros((1, 2)), block_rows=0)
