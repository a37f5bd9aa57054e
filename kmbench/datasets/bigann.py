"""The formats of big-ann-benchmarks and cuVS Bench: n and d as uint32, then n x d values.

``.ibin`` holds the numbers of neighbours: the ids alone (cuVS), or all ids and then all distances
(big-ann-benchmarks, ``dataset_io.knn_result_read``); the size of the file tells which. A part of a large file
is called ``base.1B.u8bin.crop_nb_10000000``, its header holds its own n.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from kmbench.datasets.base import Arguments, ArrayRows, FileFormat, Rows
from kmbench.errors import DataError

__all__ = ["BIN", "CROPPED", "is_neighbours", "open_neighbours"]

CROPPED = re.compile(r"\.crop_nb_\d+$", re.IGNORECASE)
"""What stands behind the suffix of a part of a file."""

_VALUES = {".fbin": "<f4", ".f16bin": "<f2", ".u8bin": "u1", ".i8bin": "i1", ".ibin": "<i4"}
_HEADER_BYTES = 8


def _open_bin(path: Path, arguments: Arguments) -> Rows:
    suffix = Path(CROPPED.sub("", path.name)).suffix.lower()
    if suffix == ".ibin":
        return open_neighbours(path)
    n, d = _header(path)
    size = path.stat().st_size
    dtype = np.dtype(_VALUES[suffix])
    wanted = _HEADER_BYTES + n * d * dtype.itemsize
    if size != wanted:
        hint = "it is cut short or has another format: copy or download it again"
        raise DataError(
            f"{path} has {size} bytes, but {n} x {d} values of {dtype.name}, as its header says, take {wanted}",
            "it has the size of neighbours with distances: give it as --truth" if is_neighbours(path) else hint,
        )
    return _mapped(path, n, d, dtype)


def is_neighbours(path: Path) -> bool:
    """Tell whether a file of any name has the size of a table of neighbours with their distances."""
    size = path.stat().st_size
    if size < _HEADER_BYTES:
        return False
    n, k = _header(path)
    return n > 0 and k > 0 and size == _HEADER_BYTES + 8 * n * k


def open_neighbours(path: Path) -> Rows:
    """Open a table of row numbers, int32 of shape (queries, k), whichever of its two layouts it has.

    Raises
    ------
    DataError
        If the size of the file is that of neither.
    """
    n, k = _header(path)
    size = path.stat().st_size
    alone, both = _HEADER_BYTES + 4 * n * k, _HEADER_BYTES + 8 * n * k
    if size not in (alone, both):
        raise DataError(
            f"{path} has {size} bytes, but {n} x {k} neighbours, as its header says, take {alone}, "
            f"or {both} with distances",
            "it is cut short, or belongs to a range search: copy it again, or leave it out",
        )
    return _mapped(path, n, k, np.dtype("<i4"))


def _header(path: Path) -> tuple[int, int]:
    size = path.stat().st_size
    if size < _HEADER_BYTES:
        raise DataError(f"{path} has {size} bytes, but such a file has at least {_HEADER_BYTES}", "it is cut short")
    n, d = (int(value) for value in np.fromfile(path, dtype="<u4", count=2))
    return n, d


def _mapped(path: Path, n: int, d: int, dtype: np.dtype[np.generic]) -> Rows:
    if n == 0 or d == 0:
        return ArrayRows(np.empty((n, d), dtype=dtype))
    return ArrayRows(np.memmap(path, dtype=dtype, mode="r", offset=_HEADER_BYTES, shape=(n, d)))


BIN = FileFormat(
    name="bin",
    syntax="FILE.fbin",
    summary="big-ann-benchmarks vectors (.fbin .f16bin .u8bin .i8bin, neighbours .ibin), memory-mapped",
    suffixes=tuple(_VALUES),
    open=_open_bin,
)
