"""How precisely a data set determines the inertia that engines are held to."""

import numpy as np
import pytest

from kmbench.runner.referee import Referee


@pytest.fixture
def spread(tmp_path):
    def of(X, k, iterations):
        np.save(tmp_path / "X.npy", X)
        referee = Referee()
        referee.open(str(tmp_path / "X.npy"), threads=1)
        referee.draw(k, 0, str(tmp_path / "start.npy"))
        referee.reference(iterations, str(tmp_path / "kept.npz"))
        return referee.sensitivity(iterations)["spread"]

    return of


def test_rounding_in_a_late_iteration_moves_the_inertia_of_rows_without_clusters(spread):
    # In this noise some row comes to lie between two clusters, and what follows from its label goes on for long.
    X = np.random.default_rng(1).random((5000, 8), dtype=np.float32)
    assert spread(X, 64, 100) > 1e-6


def test_clusters_that_are_far_apart_leave_nothing_open(spread):
    rng = np.random.default_rng(0)
    centres = rng.normal(scale=50.0, size=(6, 8))
    X = (centres[rng.integers(0, 6, 3000)] + rng.normal(size=(3000, 8))).astype(np.float32)
    assert spread(X, 6, 100) < 1e-9
