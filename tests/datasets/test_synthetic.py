from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from dataset_files import rows_of
from hypothesis import given, settings
from hypothesis import strategies as st

from kmbench.datasets import initial_centroids, materialise, read_spec
from kmbench.datasets.base import block_rows

KINDS = ["blobs:centers=5,", "uniform:", "embeddings:centers=5,rank=3,"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides(kind: str) -> None:
    X = rows_of(f"{kind}n=50,d=8,seed=1")
    assert X.shape == (50, 8)
    np.testing.assert_array_equal(X, rows_of(f"{kind}n=50,d=8,seed=1"))
    assert not np.array_equal(X, rows_of(f"{kind}n=50,d=8,seed=2"))


@functools.cache
def whole_of(kind: str) -> np.ndarray:
    return rows_of(f"{kind}n=10000,d=256", 10_000)


@settings(max_examples=10, deadline=None)
@given(kind=st.sampled_from(KINDS), block=st.integers(1000, 20_000), n=st.integers(5, 10_000))
def test_neither_the_block_size_nor_n_changes_a_row(kind: str, block: int, n: int) -> None:
    assert block_rows(256) < 5000
    np.testing.assert_array_equal(rows_of(f"{kind}n={n},d=256", block), whole_of(kind)[:n])


def test_pieces_do_not_repeat() -> None:
    full = block_rows(64)
    X = rows_of(f"uniform:n={2 * full},d=64", full)
    assert not np.array_equal(X[:full], X[full:])


def test_blobs_have_spread_one_around_centers_as_far_apart_as_asked() -> None:
    for d in (2, 32, 500):
        X = rows_of(f"blobs:n=5000,d={d},centers=1", 5000)
        np.testing.assert_allclose(X.std(axis=0), 1, atol=0.08)
        far = rows_of(f"blobs:n=3000,d={d},centers=3000,separation=100", 3000)
        distances = np.linalg.norm(far[:1500] - far[1500:], axis=1)
        kept = distances[distances > 5]
        assert np.sqrt((kept**2).mean()) == pytest.approx(100, rel=0.1)


def test_uniform_fills_the_unit_cube() -> None:
    X = rows_of("uniform:n=20000,d=3", 20_000)
    assert X.min() >= 0
    assert X.max() < 1
    np.testing.assert_allclose(X.mean(axis=0), 0.5, atol=0.01)
    np.testing.assert_allclose(X.var(axis=0), 1 / 12, atol=0.003)


def test_embeddings_are_unit_vectors_of_low_intrinsic_dimension() -> None:
    def of_top(columns: int, spec: str) -> float:
        X = rows_of(spec, 2000)
        np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, rtol=1e-5)
        values = np.linalg.svd(X - X.mean(axis=0), compute_uv=False) ** 2
        return float(values[:columns].sum() / values.sum())

    assert of_top(8, "embeddings:n=2000,d=256,rank=8") > 0.8
    assert of_top(8, "embeddings:n=2000,d=256,rank=128") < 0.5


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_blobs_take_more_than_ten_lloyd_iterations(tmp_path: Path, seed: int) -> None:
    from sklearn.cluster import KMeans

    info = materialise(f"blobs:n=20000,d=32,centers=64,seed={seed}", tmp_path)
    X = np.load(info.path, mmap_mode="r")
    start = initial_centroids(X, 64, 0)
    assert KMeans(64, init=start, n_init=1, tol=0, max_iter=14).fit(X).n_iter_ == 14


def test_reading_imports_no_heavy_package() -> None:
    code = (
        "import sys; from kmbench.datasets import read_spec;"
        "[read_spec(spec) for spec in ('digits', 'blobs:n=10')];"
        "heavy = {'sklearn', 'pandas', 'scipy', 'h5py', 'pyarrow', 'PIL'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_source_type_is_float32() -> None:
    assert read_spec("blobs:n=1,d=1").source_dtype == "float32"


def test_an_offset_is_added_to_every_column_and_raw_leaves_it_there():
    near, far = (rows_of(f"blobs:n=300,d=3,centers=4,seed=1{more}") for more in ("", ",offset=1000,raw"))
    np.testing.assert_allclose(far - near, 1000, atol=1e-3)
