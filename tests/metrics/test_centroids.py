"""The centroid index: as a brute force by difference counts it, wherever the centroids lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmbench.metrics import centroid_index, centroids

CORNERS = np.array([[0.0, 0.0], [0.0, 10.0], [10.0, 0.0], [10.0, 10.0]])


def brute(A, B):
    distances = ((A[:, None, :] - B[None, :, :]) ** 2).sum(axis=2)
    return max(
        len(B) - len(set(distances.argmin(axis=1).tolist())), len(A) - len(set(distances.argmin(axis=0).tolist()))
    )


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 5), st.integers(0, 2**32 - 1), st.integers(1, 50))
@settings(max_examples=200, deadline=None)
def test_index_is_that_of_a_brute_force_in_any_order(ka, kb, d, seed, cells):
    rng = np.random.default_rng(seed)
    A, B = rng.normal(size=(ka, d)), rng.normal(size=(kb, d))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(centroids, "_SCRATCH_CELLS", cells)
        found = centroid_index(A, B)
    assert found == brute(A, B) == centroid_index(B, A)
    assert found == centroid_index(A[rng.permutation(ka)], B[rng.permutation(kb)])
    assert abs(ka - kb) <= found < max(ka, kb)
    assert isinstance(found, int)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=9), st.data())
@settings(max_examples=100, deadline=None)
def test_of_equally_near_centroids_the_first_is_nearest(points, data):
    others = data.draw(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=9))
    A, B = np.array(points, dtype=float), np.array(others, dtype=float)
    assert centroid_index(A, B) == brute(A, B) == centroid_index(B, A)


def test_order_of_clusters_is_no_difference():
    assert centroid_index(CORNERS, CORNERS[[1, 0, 2, 3]]) == 0
    assert centroid_index(CORNERS, CORNERS + 0.5) == 0


def test_two_centroids_in_one_cluster_leave_one_orphan():
    # A splits B's cluster at the origin and has one centroid for two clusters on the right.
    A = np.array([[0.0, -1.0], [0.0, 1.0], [0.0, 10.0], [10.0, 5.1]])
    assert centroid_index(A, CORNERS) == centroid_index(CORNERS, A) == 1


def test_clusters_misplaced_twice_count_twice():
    rng = np.random.default_rng(0)
    B = 100.0 * np.arange(10)[:, None] + rng.normal(size=(10, 3))
    A = B.copy()
    A[8], A[9] = B[0] + 1.0, B[1] + 1.0
    assert centroid_index(A, B) == 2


def test_another_number_of_clusters():
    assert centroid_index(CORNERS[:1], CORNERS) == 3
    assert centroid_index(CORNERS[:1], CORNERS[:1] + 7) == 0


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e8])
def test_neighbours_closer_than_the_expansion_resolves(offset):
    # Pairs of centroids 1e-7 apart within a set 1000 wide: scores near 1e6 round at 1e-10, the squares are 1e-14.
    rng = np.random.default_rng(1)
    A = rng.uniform(-500, 500, size=(40, 3))
    A = np.concatenate([A, A + 1e-7]) + offset
    assert len(np.unique(A, axis=0)) == 80
    assert centroid_index(A, A[::-1]) == 0


@pytest.mark.parametrize("scale", [1e-200, 1e-3, 1e200])
def test_scale_is_no_difference(scale):
    rng = np.random.default_rng(2)
    A, B = rng.normal(size=(30, 4)), rng.normal(size=(30, 4))
    assert centroid_index(A * scale, B * scale) == brute(A, B)


def test_float32_and_a_centroid_held_twice():
    doubled = CORNERS[[0, 1, 2, 2]].astype(np.float32)
    assert centroid_index(doubled, doubled) == 1
    assert centroid_index(np.zeros((5, 2), dtype=np.float32), np.zeros((3, 2))) == 4


@pytest.mark.parametrize(
    ("A", "B", "message"),
    [
        (np.zeros((2, 3)), np.zeros((2, 2)), "A has 3 columns and B has 2"),
        (np.zeros(3), np.zeros((2, 2)), r"A must be a matrix of one centroid or more, got shape \(3,\)"),
        (np.zeros((2, 2)), np.zeros((0, 2)), r"B must be a matrix of one centroid or more, got shape \(0, 2\)"),
        (np.zeros((2, 1)), np.array([[0.0], [np.nan]]), "1 of 2 centroids in B are not finite, the first is 1"),
    ],
)
def test_centroids_that_cannot_be_compared_are_refused(A, B, message):
    with pytest.raises(ValueError, match=message):
        centroid_index(A, B)
