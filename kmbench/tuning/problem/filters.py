"""Which rows a filtered search may return: ``--filter mask.npy``, ``ids.npy`` or ``FILE.parquet:COLUMN=VALUE``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import DataError, TuneError

__all__ = ["RowFilter", "RowSelector", "read_filter", "read_filters"]

Mask = NDArray[np.bool_]

_KINDS = "give FILE.npy of bool (one for each row), FILE.npy of row numbers, or FILE.parquet:COLUMN=VALUE"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowFilter:
    """Rows that a search may return.

    Attributes
    ----------
    name : str
        As it was given, without folders.
    allowed : ndarray of bool, shape (n,)
        For each row of the data.
    """

    name: str
    allowed: Mask

    @property
    def share(self) -> float:
        """Share of the rows that are allowed."""
        return float(self.allowed.mean())

    def without(self, rows: NDArray[np.int64] | None) -> RowFilter:
        """Return the filter of the data without some of its rows: queries that were drawn from it.

        Raises
        ------
        TuneError
            If no other row is allowed.
        """
        if rows is None:
            return self
        allowed = np.delete(self.allowed, rows)
        if not allowed.any():
            raise TuneError(
                f"--filter {self.name} allows only rows that were drawn as queries", "give queries with --queries"
            )
        return RowFilter(name=self.name, allowed=allowed)


class RowSelector:
    """A filter as FAISS takes it: one bit for each row.

    Attributes
    ----------
    faiss : faiss.IDSelectorBitmap
        Valid as long as this object lives.
    """

    def __init__(self, allowed: Mask) -> None:
        import faiss

        self._bits = np.packbits(allowed, bitorder="little")
        selector: Any = faiss.IDSelectorBitmap
        self.faiss: Any = selector(self._bits)


def read_filters(given: Sequence[str | Path | NDArray[Any]], n: int) -> list[RowFilter]:
    """Read filters of n rows of data, each as `read_filter` does."""
    return [read_filter(one, n) for one in given]


def read_filter(given: str | Path | NDArray[Any], n: int) -> RowFilter:
    """Read a filter of n rows of data.

    Parameters
    ----------
    given : str, Path or ndarray
        A file, or an array of bool (n,) or of row numbers.

    Raises
    ------
    KmbenchError
        If it cannot be read, is of other data, or allows no row.
    """
    if isinstance(given, np.ndarray):
        return _of_array("an array", given, n)
    text = str(given)
    path, _, condition = text.rpartition(":")
    if condition.count("=") and path.lower().endswith((".parquet", ".pq")):
        column, _, value = condition.partition("=")
        name = f"{Path(path).name}:{condition}"
        return _checked(name, _of_column(name, Path(path), column, value, n))
    file = Path(text)
    if file.suffix.lower() != ".npy":
        raise TuneError(f"--filter {text}: unknown kind of filter", _KINDS)
    if not file.is_file():
        raise DataError(f"--filter {text}: the file does not exist", "check the path")
    try:
        found = np.load(file, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"--filter {text} cannot be read: {error}", _KINDS) from None
    return _of_array(file.name, found, n)


def _of_array(name: str, found: NDArray[Any], n: int) -> RowFilter:
    if found.ndim != 1 or found.dtype.kind not in "biu":
        raise DataError(f"--filter {name} holds {found.dtype} of shape {found.shape}", _KINDS)
    if found.dtype.kind == "b":
        if len(found) != n:
            raise DataError(
                f"--filter {name} is a mask of {len(found):,} rows, the data has {n:,}", "make it for these rows"
            )
        return _checked(name, found)
    if len(found) == n and len(found) > 2 and int(found.max()) <= 1 and int(found.min()) >= 0:
        raise DataError(
            f"--filter {name} holds {n:,} zeros and ones, which may be a mask or row numbers",
            "save a mask as bool: numpy.save(FILE, mask.astype(bool))",
        )
    if len(found) and (int(found.min()) < 0 or int(found.max()) >= n):
        outside = int(found.min()) if int(found.min()) < 0 else int(found.max())
        raise DataError(f"--filter {name} names row {outside:,}, the data has {n:,} rows", "rows count from 0")
    allowed = np.zeros(n, dtype=bool)
    allowed[found.astype(np.int64)] = True
    return _checked(name, allowed)


def _checked(name: str, allowed: Mask) -> RowFilter:
    if not allowed.any():
        raise DataError(f"--filter {name} allows no row", "check the filter: a search with it would find nothing")
    return RowFilter(name=name, allowed=allowed)


def _of_column(name: str, path: Path, column: str, value: str, n: int) -> Mask:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise DataError(f"--filter {name}: {path} does not exist", "check the path")
    try:
        known = pq.read_schema(path).names
        if column not in known:
            some = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
            raise DataError(f"--filter {name}: there is no column {column!r}", f"columns: {some}")
        found = pq.read_table(path, columns=[column]).column(0)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"--filter {name} cannot be read: {str(error).splitlines()[0]}", "check the file") from None
    if len(found) != n:
        raise DataError(
            f"--filter {name}: the file has {len(found):,} rows, the data has {n:,}", "give a file of the same rows"
        )
    return _equal(name, found, value)


def _equal(name: str, found: Any, value: str) -> Mask:
    """Return which values of a column are the one that was written; missing values are not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = found.type
    if pa.types.is_dictionary(kind):
        found, kind = found.cast(kind.value_type), kind.value_type
    try:
        if pa.types.is_boolean(kind):
            sought = pa.scalar({"true": True, "false": False}[value.lower()])
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
            sought = pa.scalar(value, type=kind)
        else:
            sought = pa.scalar(value).cast(kind)
        equal = pc.equal(found, sought)
    except (KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DataError(
            f"--filter {name}: {value!r} is not a value of a column of {kind}", "check the value"
        ) from None
    mask: Mask = np.asarray(pc.fill_null(equal, False).combine_chunks().to_numpy(zero_copy_only=False), dtype=bool)
    return mask
