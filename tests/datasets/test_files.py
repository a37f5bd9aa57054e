from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataset_files import WRITERS, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kmbench.datasets import materialise, read_spec
from kmbench.errors import DataError

INTEGERS = np.random.default_rng(0).integers(0, 100, size=(23, 5))


def test_the_same_content_is_the_same_data_whatever_the_file(tmp_path: Path) -> None:
    prints = set()
    for name, write in WRITERS.items():
        write(tmp_path / name, INTEGERS)
        np.testing.assert_array_equal(rows_of(tmp_path / name), INTEGERS, err_msg=name)
        prints.add(materialise(str(tmp_path / name), tmp_path / "out").fingerprint)
    assert len(prints) == 1


@pytest.mark.parametrize("options", ["", ":normalize", ":center", ":center,normalize"])
def test_the_same_floats_are_the_same_data_whatever_the_file(tmp_path: Path, options: str) -> None:
    X = np.random.default_rng(1).normal(size=(2000, 3)).astype(np.float32)
    names = ["x.npy", "x.npz", "x.fvecs", "x.fbin", "x.h5", "table.parquet", "vectors.parquet", "x.csv"]
    prints = set()
    for name in names:
        WRITERS[name](tmp_path / name, X)
        prints.add(materialise(f"{tmp_path / name}{options}", tmp_path / "out").fingerprint)
    for name, same in {"f": np.asfortranarray(X), "big": X.astype(">f4"), "wide": X.astype("f8")}.items():
        np.save(tmp_path / f"{name}.npy", same)
        prints.add(materialise(f"{tmp_path / name}.npy{options}", tmp_path / "out").fingerprint)
    assert len(prints) == 1


@settings(max_examples=30, deadline=None)
@given(block=st.integers(1, 40), name=st.sampled_from(sorted(WRITERS)))
def test_blocks_are_full_but_the_last_and_join_to_the_whole(
    tmp_path_factory: pytest.TempPathFactory, block: int, name: str
) -> None:
    path = tmp_path_factory.mktemp("data") / name
    WRITERS[name](path, INTEGERS)
    source = read_spec(f"{path}:limit=21,center")
    blocks = list(source.blocks(block))
    assert (source.n, source.d) == (21, 5)
    assert all(len(b) == block for b in blocks[:-1])
    assert all(b.dtype == np.float32 and b.flags.c_contiguous for b in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks), rows_of(f"{path}:limit=21,center", 23))


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", ">f4", ">f8", "i1", "u1", "i8", "?", "longdouble"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_real_type_and_order_of_npy(tmp_path: Path, dtype: str, order: str) -> None:
    X = np.asarray(INTEGERS % 2, dtype=dtype, order=order)
    np.save(tmp_path / "x.npy", X)
    source = read_spec(str(tmp_path / "x.npy"))
    assert source.source_dtype == np.dtype(dtype).name
    np.testing.assert_array_equal(rows_of(tmp_path / "x.npy"), X.astype(np.float32))


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (9, 1)])
@pytest.mark.parametrize("name", sorted(WRITERS))
def test_one_row_and_one_column(tmp_path: Path, name: str, shape: tuple[int, int]) -> None:
    X = np.arange(np.prod(shape)).reshape(shape)
    WRITERS[name](tmp_path / name, X)
    np.testing.assert_array_equal(rows_of(tmp_path / name), X)


def test_arrays_and_data_sets_are_chosen_by_key(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=INTEGERS, b=INTEGERS + 1)
    np.testing.assert_array_equal(rows_of(f"{tmp_path}/x.npz:key=b"), INTEGERS + 1)
    with pytest.raises(DataError, match=r"holds 2 arrays: a, b; choose one with :key=NAME"):
        read_spec(f"{tmp_path}/x.npz")
    with pytest.raises(DataError, match=r"no array c; it holds: a, b"):
        read_spec(f"{tmp_path}/x.npz:key=c")
    WRITERS["x.hdf5"](tmp_path / "x.hdf5", INTEGERS)
    np.testing.assert_array_equal(rows_of(f"{tmp_path}/x.hdf5:key=test"), INTEGERS[:1])
    with pytest.raises(DataError, match=r"no data set rows; it holds: .*train \(23, 5\)"):
        read_spec(f"{tmp_path}/x.hdf5:key=rows")
    with h5py.File(tmp_path / "only.hdf5", "w") as file:
        file["anything"] = INTEGERS
    np.testing.assert_array_equal(rows_of(f"{tmp_path}/only.hdf5"), INTEGERS)
    pq.write_table(pa.table({"a": INTEGERS.tolist(), "b": (INTEGERS + 1).tolist()}), tmp_path / "x.parquet")
    np.testing.assert_array_equal(rows_of(f"{tmp_path}/x.parquet:key=b"), INTEGERS + 1)
    with pytest.raises(DataError, match=r"several columns of vectors; .*: a, b; choose one with :key=NAME"):
        read_spec(f"{tmp_path}/x.parquet")


def test_parquet_leaves_text_out_and_joins_types(tmp_path: Path) -> None:
    table = pa.table({"id": ["a", "b"], "x": pa.array([1, 2], pa.int8()), "y": [0.5, 1.5], "z": [True, False]})
    pq.write_table(table, tmp_path / "x.parquet")
    np.testing.assert_array_equal(rows_of(tmp_path / "x.parquet"), [[1, 0.5, 1], [2, 1.5, 0]])


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".webp", ".gif"])
def test_images_are_pixels_of_red_green_blue(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    image = np.zeros((2, 3, 3), dtype=np.uint8)
    image[1, 2] = (255, 255, 255)
    Image.fromarray(image).save(path, **({"lossless": True} if suffix == ".webp" else {}))
    source = read_spec(str(path))
    assert (source.n, source.d, source.source_dtype) == (6, 3, "uint8")
    np.testing.assert_array_equal(rows_of(path), image.reshape(-1, 3))


def test_grey_and_transparent_images_become_rgb(tmp_path: Path) -> None:
    Image.fromarray(np.full((1, 1), 7, dtype=np.uint8)).save(tmp_path / "grey.png")
    Image.fromarray(np.full((1, 1, 4), 9, dtype=np.uint8)).save(tmp_path / "clear.png")
    np.testing.assert_array_equal(rows_of(tmp_path / "grey.png"), [[7, 7, 7]])
    np.testing.assert_array_equal(rows_of(tmp_path / "clear.png"), [[9, 9, 9]])
    Image.fromarray(np.full((1, 1), 900, dtype=np.uint16)).save(tmp_path / "deep.png")
    np.testing.assert_allclose(rows_of(tmp_path / "deep.png"), np.full((1, 3), 900 * 255 / 65535), rtol=1e-6)


@pytest.mark.parametrize(("name", "extra"), [("x.hdf5", "h5py")])
def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, extra: str) -> None:
    WRITERS[name](tmp_path / name, INTEGERS)
    monkeypatch.setitem(sys.modules, extra, None)
    with pytest.raises(DataError, match=rf"needs {extra}; pip install 'kmbench\[files\]'"):
        read_spec(str(tmp_path / name))


def test_large_arrays_are_memory_mapped_and_only_read_as_asked(tmp_path: Path) -> None:
    np.lib.format.open_memmap(tmp_path / "x.npy", mode="w+", dtype="f4", shape=(2**27, 16)).flush()
    assert (tmp_path / "x.npy").stat().st_size > 2**33
    assert len(rows_of(f"{tmp_path}/x.npy:limit=3")) == 3
