"""A start for many centroids: as many as asked for, and nearer to the rows than random ones."""

import numpy as np
import pytest

from kmbench.tuning.index.two_level import lloyd, shares_of, two_level_start


def inertia(x, centroids):
    return min_squares(x.astype(np.float64), centroids.astype(np.float64)).sum()


def min_squares(x, centroids):
    return np.square(x[:, None] - centroids[None]).sum(axis=2).min(axis=1)


@pytest.mark.parametrize(("rows", "total"), [([100, 0, 1, 9], 20), ([1, 1, 1], 3), ([5, 5, 900], 7), ([3, 3, 3], 9)])
def test_shares_add_up_and_no_cell_has_more_centroids_than_rows(rows, total):
    shares = shares_of(np.array(rows), total)
    assert shares.sum() == total
    assert (shares <= rows).all()
    assert (shares[np.array(rows) > 0] >= 1).all()


def test_the_start_is_nearer_than_random_rows(searched):
    x = searched("clustered").base
    start = two_level_start(x, 64, seed=0)
    assert start.shape == (64, x.shape[1])
    random = x[np.random.default_rng(0).choice(len(x), 64, replace=False)]
    assert inertia(x, start) < 0.9 * inertia(x, random)
    assert inertia(x, lloyd(x, 64, 3, 0, start=start)) < inertia(x, start)


def test_directions_keep_norm_one(searched):
    x = searched("cosine").base
    found = two_level_start(x, 36, seed=0, spherical=True)
    found = lloyd(x, 36, 1, 0, start=found, spherical=True)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_duplicates_give_as_many_centroids_as_asked_for():
    x = np.repeat(np.eye(4, dtype=np.float32), 50, axis=0)
    assert two_level_start(x, 30, seed=0).shape == (30, 4)
