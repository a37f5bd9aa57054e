"""The TEXMEX formats ``.fvecs .bvecs .ivecs``: each row is its own length d (int32) and then d values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.base import Arguments, FileFormat, Matrix, Rows
from kmbench.errors import DataError

__all__ = ["VECS"]

_VALUES = {".fvecs": "<f4", ".bvecs": "u1", ".ivecs": "<i4"}
_LARGEST_D = 2**20


class _VecsRows(Rows):
    """Memory-mapped records; the length that stands before each row is checked when the row is read."""

    def __init__(self, path: Path, records: NDArray[Any]) -> None:
        vectors = records.dtype["x"]
        super().__init__(len(records), vectors.shape[0], vectors.base)
        self._path = path
        self._records = records

    def blocks(self, rows: int) -> Iterator[Matrix]:
        for start in range(0, self.n, rows):
            records = self._records[start : start + rows]
            wrong = np.flatnonzero(records["d"] != self.d)
            if len(wrong):
                row = int(wrong[0])
                raise DataError(
                    f"{self._path} has {records['d'][row]} columns at row {start + row}, but {self.d} at row 0",
                    f"write it again: all rows of a {self._path.suffix} file have the same length",
                )
            yield records["x"]


def _open_vecs(path: Path, arguments: Arguments) -> Rows:
    suffix = path.suffix.lower()
    size = path.stat().st_size
    head = np.fromfile(path, dtype="<i4", count=1)
    d = int(head[0]) if len(head) else 0
    if not 1 <= d <= _LARGEST_D:
        raise DataError(f"{path} is not a {suffix} file: its first row would have {d} columns", "check the format")
    record = np.dtype([("d", "<i4"), ("x", _VALUES[suffix], (d,))])
    if size % record.itemsize:
        raise DataError(
            f"{path} has {size} bytes, which is not a multiple of the {record.itemsize} that a row of {d} columns "
            "takes",
            "it is cut short: copy or download it again",
        )
    return _VecsRows(path, np.memmap(path, dtype=record, mode="r"))


VECS = FileFormat(
    name="vecs",
    syntax="FILE.fvecs",
    summary="TEXMEX vectors (.fvecs float32, .bvecs uint8, .ivecs int32), memory-mapped",
    suffixes=tuple(_VALUES),
    open=_open_vecs,
)
