"""Data far from the origin keeps the digits that tell its rows apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from kmbench import choose_k
from kmbench.datasets import materialise
from kmbench.errors import DataError


def groups(offset: float, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Return three groups on a line of standard deviation 1, moved."""
    random = np.random.default_rng(5)
    truth = np.repeat([0, 1, 2], n // 3)
    return truth[:, None] * 8.0 + random.normal(size=(n, 2)) + offset, truth


@pytest.mark.parametrize("power", [12, 20, 26, 30])
def test_groups_far_away_are_found_and_centroids_are_in_the_numbers_of_the_data(tmp_path: Path, power: int) -> None:
    X, truth = groups(2.0**power)
    found = choose_k(X, "2:5", threads=1)
    assert [note.code for note in found.notes] == ["KM140"]
    assert found.recommended == 3
    assert adjusted_rand_score(truth, found.labels) > 0.99
    means = np.array([X[truth == group].mean(axis=0) for group in range(3)])
    centroids = found.centroids[3]
    np.testing.assert_allclose(centroids[np.argsort(centroids[:, 0])], means, rtol=0, atol=0.05)


def test_what_is_written_is_the_data_less_one_constant(tmp_path: Path) -> None:
    X, _ = groups(2.0**24)
    np.save(tmp_path / "x.npy", X)
    info = materialise(f"{tmp_path}/x.npy", tmp_path, shift=True)
    np.testing.assert_array_equal(np.load(info.path), (X - np.array(info.offset)).astype(np.float32))
    raw = materialise(f"{tmp_path}/x.npy:raw", tmp_path, shift=True)
    np.testing.assert_array_equal(np.load(raw.path), X.astype(np.float32))
    assert raw.offset == ()
    assert [note.code for note in raw.notes] == ["KM141"]


def test_near_the_origin_nothing_is_subtracted(tmp_path: Path) -> None:
    X, _ = groups(200.0)
    np.save(tmp_path / "x.npy", X)
    info = materialise(f"{tmp_path}/x.npy", tmp_path, shift=True)
    assert info.offset == ()
    assert info.notes == ()


def test_whether_all_rows_are_equal_is_judged_before_the_rounding(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.full((50, 2), 1e9))
    with pytest.raises(DataError, match="all 50 rows are equal;"):
        choose_k(f"{tmp_path}/x.npy", "2:3", threads=1)
    np.save(tmp_path / "y.npy", 1e9 + np.arange(50).reshape(-1, 1) / 50)
    with pytest.raises(DataError, match="all 50 rows are equal as float32; leave raw out"):
        choose_k(f"{tmp_path}/y.npy:raw", "2:3", threads=1)
