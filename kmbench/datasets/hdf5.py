"""HDF5 files in the layout of ann-benchmarks: the vectors are the data set ``train``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kmbench.datasets.base import Arguments, FileFormat, Matrix, Rows, matrix_shape
from kmbench.datasets.parameters import Parameter
from kmbench.errors import DataError

__all__ = ["HDF5"]


class _Hdf5Rows(Rows):
    """Rows of one data set; the file is open only while its rows are walked."""

    def __init__(self, path: Path, key: str, n: int, d: int, dtype: np.dtype[Any]) -> None:
        super().__init__(n, d, dtype)
        self._path = path
        self._key = key

    def blocks(self, rows: int) -> Iterator[Matrix]:
        import h5py

        try:
            with h5py.File(self._path, "r") as file:
                stored = file[self._key]
                for start in range(0, self.n, rows):
                    yield stored[start : start + rows]
        except OSError as error:
            raise DataError(f"{self._path}: {self._key} is damaged: {error}", "copy or download it again") from None


def _open_hdf5(path: Path, arguments: Arguments) -> Rows:
    try:
        import h5py
    except ImportError:
        raise DataError(f"{path}: reading HDF5 takes h5py", "pip install 'kmbench[files]'") from None
    try:
        with h5py.File(path, "r") as file:
            names = [name for name in file if isinstance(file.get(name), h5py.Dataset)]
            key = arguments["key"]
            if key is None:
                key = names[0] if len(names) == 1 else "train"
            stored = file.get(key)
            if not isinstance(stored, h5py.Dataset):
                listed = ", ".join(f"{name} {file[name].shape}" for name in names) or "none"
                raise DataError(f"{path} has no data set {key}; it holds: {listed}", "choose one with :key=NAME")
            n, d = matrix_shape(stored.shape or (), f"{path}: {key}")
            return _Hdf5Rows(path, str(key), n, d, stored.dtype)
    except (OSError, RuntimeError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not a readable HDF5 file: {error}", "copy or download it again") from None


HDF5 = FileFormat(
    name="hdf5",
    syntax="FILE.hdf5[:key=train]",
    summary="a data set of an HDF5 file (.hdf5 .h5), ann-benchmarks' train where key= does not say else",
    suffixes=(".hdf5", ".h5"),
    open=_open_hdf5,
    parameters=(Parameter(name="key", kind="text"),),
)
