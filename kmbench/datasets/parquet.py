"""Parquet files: a table of numeric columns, or one column of vectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kmbench.datasets.base import Arguments, FileFormat, Matrix, Rows, rechunk
from kmbench.datasets.parameters import Parameter
from kmbench.errors import DataError

__all__ = ["PARQUET"]

_BATCH_VALUES = 2**20


class _ParquetRows(Rows):
    """Rows of some columns, or of one column of lists, read a batch at a time."""

    def __init__(self, path: Path, n: int, d: int, dtype: np.dtype[Any], names: list[str], vectors: bool) -> None:
        super().__init__(n, d, dtype, None if vectors else tuple(names))
        self._path = path
        self._names = names
        self._vectors = vectors

    def blocks(self, rows: int) -> Iterator[Matrix]:
        return rechunk(self._batches(rows), rows)

    def _batches(self, rows: int) -> Iterator[Matrix]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        start = 0
        size = max(1, min(rows, _BATCH_VALUES // self.d))
        try:
            with pq.ParquetFile(self._path) as file:
                for batch in file.iter_batches(batch_size=size, columns=self._names):
                    yield self._stack(batch, start) if self._vectors else self._side_by_side(batch, start)
                    start += len(batch)
        except (OSError, pa.ArrowException) as error:
            raise _torn(self._path, error) from None

    def _side_by_side(self, batch: Any, start: int) -> Matrix:
        block = np.empty((len(batch), self.d), dtype=self.dtype)
        for index, name in enumerate(self._names):
            column = batch.column(name)
            self._no_gaps(column, start, name)
            block[:, index] = column.to_numpy(zero_copy_only=False)
        return block

    def _stack(self, batch: Any, start: int) -> Matrix:
        import pyarrow.compute as pc

        name = self._names[0]
        column = batch.column(name)
        self._no_gaps(column, start, name)
        lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
        wrong = np.flatnonzero(lengths != self.d)
        if len(wrong):
            row = int(wrong[0])
            raise DataError(
                f"{self._path}: {name} has {lengths[row]} values at row {start + row}, but {self.d} at row 0",
                "make all vectors as long",
            )
        values = column.flatten()
        if values.null_count:
            gap = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False)))
            raise self._gap(start + gap // self.d, f"{name}[{gap % self.d}]")
        stacked: Matrix = values.to_numpy(zero_copy_only=False).astype(self.dtype, copy=False)
        return stacked.reshape(-1, self.d)

    def _no_gaps(self, column: Any, start: int, name: str) -> None:
        if column.null_count:
            raise self._gap(start + int(np.argmax(column.is_null().to_numpy(zero_copy_only=False))), name)

    def _gap(self, row: int, name: str) -> DataError:
        return DataError(f"{self._path} has no value at row {row}, column {name}", "remove or replace such rows")


def _open_parquet(path: Path, arguments: Arguments) -> Rows:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise DataError(f"{path}: reading Parquet takes pyarrow", "pip install 'kmbench[files]'") from None
    try:
        with pq.ParquetFile(path) as file:
            schema, n = file.schema_arrow, file.metadata.num_rows
            vectors = [field.name for field in schema if _is_list(field.type) and _dtype(field.type.value_type)]
            numbers = [field.name for field in schema if _dtype(field.type)]
            if vectors or arguments["key"] is not None:
                name = _one(path, arguments["key"], vectors)
                field = schema.field(name)
                d = _length(file, name, field.type)
                return _ParquetRows(path, n, d, np.dtype(_dtype(field.type.value_type)), [name], vectors=True)
    except (OSError, pa.ArrowException) as error:
        raise _torn(path, error) from None
    if not numbers:
        raise DataError(
            f"{path} has no numeric column and no column of vectors", f"its columns: {_listed(schema.names)}"
        )
    if len(set(schema.names)) < len(schema.names):
        raise DataError(f"{path} has two columns of one name among {_listed(schema.names)}", "rename one of them")
    dtype = np.result_type(*(np.dtype(_dtype(schema.field(name).type)) for name in numbers))
    return _ParquetRows(path, n, len(numbers), dtype, numbers, vectors=False)


def _one(path: Path, key: object, vectors: list[str]) -> str:
    """Return the column of vectors to read."""
    if key is None and len(vectors) == 1:
        return vectors[0]
    if isinstance(key, str) and key in vectors:
        return key
    found = f"its columns of vectors: {_listed(vectors)}"
    if key is None:
        raise DataError(f"{path} holds several columns of vectors; {found}", "choose one with :key=NAME")
    raise DataError(f"{path} has no column of vectors {key}", found)


def _length(file: Any, name: str, kind: Any) -> int:
    """Return the length of the vectors; where the type does not fix it, that of the first."""
    if hasattr(kind, "list_size"):
        return int(kind.list_size)
    for batch in file.iter_batches(batch_size=1, columns=[name]):
        return len(batch.column(name)[0] or ())
    return 0


def _is_list(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_fixed_size_list(kind) or types.is_list(kind) or types.is_large_list(kind))


def _dtype(kind: Any) -> str | None:
    """Return the NumPy name of a numeric Arrow type, or None for any other."""
    import pyarrow.types as types

    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return str(np.dtype(kind.to_pandas_dtype()).name)
    return None


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _torn(path: Path, error: BaseException) -> DataError:
    return DataError(f"{path} is not a readable Parquet file: {error}", "copy or download it again")


PARQUET = FileFormat(
    name="parquet",
    syntax="FILE.parquet[:key=COLUMN]",
    summary="the column of vectors, chosen with key= where there are several, else all numeric columns",
    suffixes=(".parquet",),
    open=_open_parquet,
    parameters=(Parameter(name="key", kind="text"),),
)
