"""The big-ann-benchmarks formats ``.fbin .u8bin .i8bin``: n and d as uint32, then n x d values."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kmbench.datasets.base import Arguments, ArrayRows, FileFormat, Rows
from kmbench.errors import DataError

__all__ = ["BIN"]

_VALUES = {".fbin": "<f4", ".u8bin": "u1", ".i8bin": "i1"}
_HEADER_BYTES = 8


def _open_bin(path: Path, arguments: Arguments) -> Rows:
    suffix = path.suffix.lower()
    size = path.stat().st_size
    if size < _HEADER_BYTES:
        raise DataError(f"{path} has {size} bytes, a {suffix} file at least {_HEADER_BYTES}", "it is cut short")
    n, d = (int(value) for value in np.fromfile(path, dtype="<u4", count=2))
    dtype = np.dtype(_VALUES[suffix])
    wanted = _HEADER_BYTES + n * d * dtype.itemsize
    if size != wanted:
        raise DataError(
            f"{path} has {size} bytes, but {n} x {d} values of {dtype.name}, as its header says, take {wanted}",
            "it is cut short or of another format: copy or download it again",
        )
    if n == 0 or d == 0:
        return ArrayRows(np.empty((n, d), dtype=dtype))
    return ArrayRows(np.memmap(path, dtype=dtype, mode="r", offset=_HEADER_BYTES, shape=(n, d)))


BIN = FileFormat(
    name="bin",
    syntax="FILE.fbin",
    summary="big-ann-benchmarks vectors (.fbin float32, .u8bin uint8, .i8bin int8), memory-mapped",
    suffixes=tuple(_VALUES),
    open=_open_bin,
)
