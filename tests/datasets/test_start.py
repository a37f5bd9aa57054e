from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kmbench.datasets import initial_centroids, materialise
from kmbench.errors import CaseError


def nearest_rows(X: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Index of the row of X that each start came from."""
    return np.array([np.argmin(((X - row) ** 2).sum(axis=1)) for row in start])


def test_the_start_is_rows_moved_by_a_thousandth_of_their_spread() -> None:
    X = np.random.default_rng(0).normal(3, [1, 10, 100], size=(5000, 3)).astype(np.float32)
    start = initial_centroids(X, 500, 0)
    assert (start.shape, start.dtype, start.flags.c_contiguous) == ((500, 3), np.float32, True)
    rows = nearest_rows(X / [1, 10, 100], start / [1, 10, 100])
    assert len(set(rows)) == 500
    moves = start.astype(np.float64) - X[rows]
    np.testing.assert_allclose(moves.std(axis=0), 1e-3 * X.std(axis=0), rtol=0.1)
    assert (moves != 0).mean() > 0.99


@given(
    X=hnp.arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 3)), elements=st.integers(0, 2)),
    seed=st.integers(0, 5),
    data=st.data(),
)
def test_rows_differ_wherever_enough_do(X: np.ndarray, seed: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(X)))
    start = initial_centroids(X, k, seed)
    origins = np.unique(np.round(start), axis=0)
    distinct = np.unique(X, axis=0)
    assert len(origins) == min(k, len(distinct))
    assert {tuple(row) for row in origins} <= {tuple(row) for row in distinct}


def test_rare_rows_are_found_among_many_copies() -> None:
    X = np.zeros((100_000, 2), dtype=np.float32)
    X[[5, 77_777, 99_999]] = [[1, 2], [3, 4], [5, 6]]
    start = initial_centroids(X, 4, 0)
    assert {tuple(row) for row in np.round(start)} == {(0, 0), (1, 2), (3, 4), (5, 6)}


def test_repeated_rows_are_moved_apart_and_constant_columns_stay() -> None:
    X = np.array([[0, 7], [1, 7]] * 10, dtype=np.float32)
    start = initial_centroids(X, 10, 3)
    assert len(np.unique(start[:, 0])) == 10
    assert set(start[:, 1]) == {7}
    same = np.full((9, 4), 0.1, dtype=np.float32)
    np.testing.assert_array_equal(initial_centroids(same, 3, 0), same[:3])


def test_a_negative_zero_is_a_zero() -> None:
    X = np.array([[0.0], [-0.0], [1.0]], dtype=np.float32)
    for seed in range(5):
        assert {abs(float(x)) for x in np.round(initial_centroids(X, 2, seed)[:, 0])} == {0, 1}


def test_content_k_and_seed_decide_and_nothing_else(tmp_path: Path) -> None:
    info = materialise("photo", tmp_path)
    mapped = np.load(info.path, mmap_mode="r")
    start = initial_centroids(mapped, 64, 5)
    np.testing.assert_array_equal(initial_centroids(np.array(mapped), 64, 5), start)
    np.testing.assert_array_equal(initial_centroids(np.asfortranarray(mapped), 64, 5), start)
    assert not np.array_equal(initial_centroids(mapped, 64, 6), start)
    assert len(np.unique(np.round(start), axis=0)) == 64
    code = (
        "import sys, hashlib, numpy as np; from kmbench.datasets import initial_centroids;"
        "X = np.load(sys.argv[1], mmap_mode='r');"
        "print(hashlib.sha256(initial_centroids(X, 64, 5).tobytes()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code, info.path],
            env=os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(digests) == 1


def test_every_row_may_be_a_start() -> None:
    X = np.arange(20, dtype=np.float32).reshape(10, 2) * 100
    start = initial_centroids(X, 10, 0)
    assert sorted(nearest_rows(X, start)) == list(range(10))


@pytest.mark.parametrize(("k", "seed", "said"), [(0, 0, "k=0"), (4, 0, "k=4 .*3 rows"), (1, -1, "seed=-1")])
def test_cases_that_cannot_be(k: int, seed: int, said: str) -> None:
    with pytest.raises(CaseError, match=said):
        initial_centroids(np.ones((3, 1), dtype=np.float32), k, seed)
