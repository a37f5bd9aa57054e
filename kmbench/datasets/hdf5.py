"""HDF5 files: ann-benchmarks keeps the vectors in the data set ``train``; others may lie in groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kmbench.datasets.base import Arguments, FileFormat, Matrix, Rows, matrix_shape
from kmbench.datasets.parameters import Parameter
from kmbench.errors import DataError
from kmbench.notes import Note, note

__all__ = ["HDF5"]

_MOST_NAMED = 20


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
        raise DataError(f"{path}: reading HDF5 needs h5py", "pip install 'kmbench[files]'") from None
    try:
        with h5py.File(path, "r") as file:
            names = _data_sets(file)
            key = arguments["key"]
            if key is None:
                key = _default(file, names)
            stored = file.get(str(key))
            if not isinstance(stored, h5py.Dataset):
                listed = ", ".join(f"{name} {file[name].shape}" for name in names[:_MOST_NAMED]) or "none"
                more = f", … ({len(names)} in all)" if len(names) > _MOST_NAMED else ""
                raise DataError(
                    f"{path} has no data set {key}; it holds: {listed}{more}", "choose one with :key=NAME"
                )
            if _holds_sets(file) and len(stored.shape or ()) == 1:
                raise DataError(
                    f"{path} holds sets of numbers (type=sparse, for the Jaccard distance), not vectors",
                    "kmbench has no distance of sets: embed them first, or use data with L2, cosine or inner product",
                )
            n, d = matrix_shape(stored.shape or (), f"{path}: {key}")
            rows = _Hdf5Rows(path, str(key), n, d, stored.dtype)
            rows.notes = _about_metric(file)
            return rows
    except (OSError, RuntimeError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not a readable HDF5 file: {error}", "copy or download it again") from None


def _about_metric(file: Any) -> tuple[Note, ...]:
    """Tell of a metric that the file names and k-means does not measure."""
    metric = file.attrs.get("distance")
    if isinstance(metric, bytes):
        metric = metric.decode("utf-8", "replace")
    if not isinstance(metric, str) or metric in ("euclidean", "l2"):
        return ()
    hint = {"angular": "normalize clusters by direction", "cosine": "normalize clusters by direction"}.get(metric)
    return (note("KM159", metric=metric, hint=hint or "check that this is what you want"),)


def _data_sets(file: Any) -> list[str]:
    """Return the names of all data sets, those in groups with their path."""
    import h5py

    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return names


def _default(file: Any, names: list[str]) -> str:
    """Return the data set that is meant where the SPEC names none: the only one, ``train``, or the only matrix."""
    if len(names) == 1:
        return names[0]
    if "train" in names:
        return "train"
    matrices = [name for name in names if len(file[name].shape or ()) == 2 and file[name].dtype.kind in "biuf"]
    return matrices[0] if len(matrices) == 1 else "train"


def _holds_sets(file: Any) -> bool:
    kind = file.attrs.get("type", "")
    return (kind.decode("utf-8", "replace") if isinstance(kind, bytes) else str(kind)) == "sparse"


HDF5 = FileFormat(
    name="hdf5",
    syntax="FILE.hdf5[:key=train]",
    summary="a data set in an HDF5 file: the only one, or train of ann-benchmarks; key=group/name chooses another",
    suffixes=(".hdf5", ".h5", ".hdf"),
    open=_open_hdf5,
    parameters=(Parameter(name="key", kind="text"),),
)
