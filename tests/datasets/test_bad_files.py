from __future__ import annotations

import contextlib
import os
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataset_files import WRITERS, rows_of

from kmbench.datasets import FILE_FORMATS, materialise
from kmbench.errors import DataError, KmbenchError

X = np.random.default_rng(0).integers(0, 100, size=(23, 5))


def message(spec: object) -> str:
    with pytest.raises(DataError) as caught:
        rows_of(spec)
    said = str(caught.value)
    assert "\n" not in said
    assert Path(str(spec)).name.split(":")[0] in said
    return said


@pytest.mark.parametrize("suffix", sorted(FILE_FORMATS))
def test_a_missing_file_a_folder_nothing_and_garbage(tmp_path: Path, suffix: str) -> None:
    assert "does not exist" in message(tmp_path / f"missing{suffix}:limit=3")
    (tmp_path / f"folder{suffix}").mkdir()
    assert "is a folder" in message(tmp_path / f"folder{suffix}")
    (tmp_path / f"empty{suffix}").touch()
    assert "is empty" in message(tmp_path / f"empty{suffix}")
    (tmp_path / f"text{suffix}").write_text("This is not what its name says.\n" * 3)
    message(tmp_path / f"text{suffix}")


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npy")
    assert "not a regular file" in message(tmp_path / "pipe.npy")
    assert "cannot be read" in message(tmp_path / ("x" * 300 + ".npy"))
    with pytest.raises(DataError, match="cannot be read"):
        rows_of("a\0b.npy")
    (tmp_path / "x.npy").touch()
    assert "cannot be read" in message(tmp_path / "x.npy" / "y.npy")


@pytest.mark.parametrize("name", sorted(set(WRITERS) - {"x.csv"}))
def test_a_file_that_is_cut_short(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name, X)
    whole = (tmp_path / name).read_bytes()
    for size in (len(whole) - 1, len(whole) // 2, 5):
        (tmp_path / "torn").with_suffix(Path(name).suffix).write_bytes(whole[:size])
        message((tmp_path / "torn").with_suffix(Path(name).suffix))


def test_bytes_behind_the_end_are_not_passed_over(tmp_path: Path) -> None:
    for name in ("x.fvecs", "x.fbin", "x.u8bin"):
        WRITERS[name](tmp_path / name, X)
        with (tmp_path / name).open("ab") as file:
            file.write(b"more")
        assert "bytes" in message(tmp_path / name)


def test_vecs_whose_rows_differ_in_length(tmp_path: Path) -> None:
    WRITERS["x.fvecs"](tmp_path / "x.fvecs", X)
    content = bytearray((tmp_path / "x.fvecs").read_bytes())
    content[20 * 24] = 4
    (tmp_path / "x.fvecs").write_bytes(content)
    assert "4 columns at row 20, but 5 at row 0" in message(tmp_path / "x.fvecs")


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "exploded"),)

    bomb = np.empty((2, 2), dtype=object)
    bomb[:] = [[Bomb(), 1], [2, 3]]
    np.save(tmp_path / "x.npy", bomb, allow_pickle=True)
    np.savez(tmp_path / "x.npz", bomb)
    (tmp_path / "y.npy").write_bytes(bomb.dumps())
    for name in ("x.npy", "x.npz"):
        assert "Python objects, which are never unpickled" in message(tmp_path / name)
    message(tmp_path / "y.npy")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.hdf5"])
@pytest.mark.parametrize(
    ("shape", "hint"),
    [((), "reshape(-1, 1)"), ((7,), "reshape(-1, 1)"), ((2, 3, 4), "reshape(len(X), -1)")],
)
def test_other_shapes_say_what_to_do(tmp_path: Path, name: str, shape: tuple[int, ...], hint: str) -> None:
    if name == "x.hdf5":
        with h5py.File(tmp_path / name, "w") as file:
            file["train"] = np.zeros(shape)
    else:
        WRITERS[name](tmp_path / name, np.zeros(shape))
    said = message(tmp_path / name)
    assert str(shape) in said
    assert hint in said


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.fbin", "x.hdf5"])
@pytest.mark.parametrize("shape", [(0, 5), (5, 0)])
def test_no_rows_or_no_columns(tmp_path: Path, name: str, shape: tuple[int, int]) -> None:
    WRITERS[name](tmp_path / name, np.zeros(shape))
    assert f"{shape[0]} rows x {shape[1]} columns" in message(tmp_path / name)


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (np.ones((2, 2), dtype=complex), "complex128"),
        (np.array([["a", "b"]]), "<U1"),
        (np.array([["2020-01-01"]], dtype="M8[D]"), "datetime64[D]"),
        (np.zeros((2, 2), dtype=[("a", "f4")]), "'a'"),
    ],
)
def test_types_that_are_not_real_numbers(tmp_path: Path, array: np.ndarray, kind: str) -> None:
    np.save(tmp_path / "x.npy", array)
    said = message(tmp_path / "x.npy")
    assert kind in said
    assert "not real numbers" in said


def test_parquet_with_gaps_ragged_vectors_or_nothing_numeric(tmp_path: Path) -> None:
    tables = {
        "b": ({"v": [[1.0, 2.0], [3.0]]}, "v has 1 values at row 1, but 2 at row 0"),
        "c": ({"v": [[1.0, 2.0], [3.0, None]]}, "no value at row 1, column v[1]"),
        "d": ({"v": [[1.0], None]}, "no value at row 1, column v"),
        "e": ({"name": ["x"]}, "has no column of numbers"),
    }
    for name, (columns, said) in tables.items():
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
        assert said in message(tmp_path / f"{name}.parquet")
    pq.write_table(pa.table({"a": [1, None, 4], "b": [3, 5, 9]}), tmp_path / "gap.parquet")
    with pytest.raises(DataError, match="lacks a value in row 2, column 'a'"):
        materialise(f"{tmp_path}/gap.parquet", tmp_path / "out")


def test_damaged_bytes_raise_nothing_but_our_errors_and_leave_nothing(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name, write in WRITERS.items():
        write(tmp_path / name, X)
        whole = (tmp_path / name).read_bytes()
        for _ in range(20):
            content = bytearray(whole)
            for place in random.integers(0, min(len(whole), 300), size=3):
                content[place] = random.integers(0, 256)
            (tmp_path / name).unlink()
            (tmp_path / name).write_bytes(content)
            with contextlib.suppress(KmbenchError):
                materialise(str(tmp_path / name), tmp_path / "out")
    assert not list((tmp_path / "out").glob(".*"))
