"""Writers of every format, so that one matrix can be read back from each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kmbench.datasets import read_spec


def rows_of(spec: object, block: int = 7) -> np.ndarray:
    return np.concatenate(list(read_spec(str(spec)).blocks(block)))


def write_npz(path: Path, X: np.ndarray) -> None:
    np.savez(path, X=X)


def write_vecs(path: Path, X: np.ndarray) -> None:
    values = {".fvecs": "<f4", ".bvecs": "u1", ".ivecs": "<i4"}[path.suffix]
    records = np.empty(len(X), dtype=[("d", "<i4"), ("x", values, (X.shape[1],))])
    records["d"] = X.shape[1]
    records["x"] = X
    records.tofile(path)


def write_bin(path: Path, X: np.ndarray) -> None:
    values = {".fbin": "<f4", ".u8bin": "u1", ".i8bin": "i1"}[path.suffix]
    path.write_bytes(np.array(X.shape, dtype="<u4").tobytes() + X.astype(values).tobytes())


def write_hdf5(path: Path, X: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file["train"] = X
        file["test"] = X[:1]
        file["neighbors"] = np.zeros((1, 1), dtype=np.int32)


def write_table(path: Path, X: np.ndarray) -> None:
    pq.write_table(pa.table({f"x{j}": np.ascontiguousarray(X[:, j]) for j in range(X.shape[1])}), path)


def write_vectors(path: Path, X: np.ndarray) -> None:
    flat = pa.array(np.ascontiguousarray(X).ravel())
    vectors = pa.FixedSizeListArray.from_arrays(flat, X.shape[1])
    pq.write_table(pa.table({"id": np.arange(len(X)), "v": vectors}), path, row_group_size=4)


def write_lists(path: Path, X: np.ndarray) -> None:
    pq.write_table(pa.table({"v": pa.array(X.tolist())}), path)


def write_csv(path: Path, X: np.ndarray) -> None:
    path.write_text("".join(",".join(map(repr, row)) + "\n" for row in X.tolist()))


WRITERS: dict[str, Callable[[Path, np.ndarray], None]] = {
    "x.npy": np.save,
    "x.npz": write_npz,
    "x.fvecs": write_vecs,
    "x.bvecs": write_vecs,
    "x.ivecs": write_vecs,
    "x.fbin": write_bin,
    "x.u8bin": write_bin,
    "x.i8bin": write_bin,
    "x.hdf5": write_hdf5,
    "x.h5": write_hdf5,
    "table.parquet": write_table,
    "vectors.parquet": write_vectors,
    "lists.parquet": write_lists,
    "x.csv": write_csv,
}
