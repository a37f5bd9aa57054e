"""Columns of vectors in an Arrow table: which one is meant, and its values as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from kmbench.datasets.base import Matrix, Rows, rechunk
from kmbench.datasets.embeddings.arrow_types import depth_of, is_text, leaves, number_type, one_array, plain
from kmbench.datasets.embeddings.text_vectors import looks_like_vector, vector_column
from kmbench.errors import DataError
from kmbench.notes import Note, note

__all__ = ["SAMPLE_ROWS", "Batches", "VectorColumn", "VectorRows", "choose_vectors", "listed"]

SAMPLE_ROWS = 1000
"""Rows in which the lists of a column are compared, where several columns hold lists."""

_BATCH_VALUES = 2**20
_MOST_NAMED = 12

Batches = Callable[[int], Iterator[Any]]
"""Given a number of rows, yields record batches of at most so many, from the first row on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorColumn:
    """A column in which each row is a vector.

    Attributes
    ----------
    path : tuple of str
        Name of the column, and of the fields inside it.
    shape : tuple of int
        Lengths of the lists from the outer to the inner; d is their product.
    dtype : numpy.dtype
        Of the values.
    notes : tuple of Note
        Why it was chosen.
    """

    path: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    notes: tuple[Note, ...] = ()

    @property
    def name(self) -> str:
        """As a SPEC names it."""
        return ".".join(self.path)

    @property
    def d(self) -> int:
        """Number of values of each vector."""
        return prod(self.shape)


def choose_vectors(where: str, schema: Any, key: object, sample: Any) -> VectorColumn | None:
    """Return the column of vectors of a table; None where it has none.

    Of several columns, the one whose lists have one length is taken, where there is one alone.

    Parameters
    ----------
    where : str
        The file, for messages.
    schema : pyarrow.Schema
    key : str or None
        Name of the column, as the SPEC has it.
    sample : pyarrow.Table or pyarrow.RecordBatch
        The first rows.

    Raises
    ------
    DataError
        If `key` names no column of vectors, or there are several to choose from.
    """
    paths = list(leaves(schema))
    found = [
        path
        for path, kind in paths
        if depth_of(kind) or (is_text(kind) and looks_like_vector(_first(one_array(sample, path))))
    ]
    names = {".".join(path): path for path in found}
    if key is not None:
        if not isinstance(key, str) or key not in names:
            raise DataError(f"{where} has no column of vectors {key}", f"its columns of vectors: {listed(names)}")
        return _measured(where, names[key], sample, ())
    if not found:
        return None
    if len(found) == 1:
        return _measured(where, found[0], sample, _unused(paths, found[0]))
    even = [path for path in found if _is_even(one_array(sample, path))]
    if len(even) != 1:
        raise DataError(
            f"{where} holds several columns of vectors; its columns of vectors: {listed(names)}",
            "choose one with :key=NAME",
        )
    chosen = ".".join(even[0])
    why = note("KM150", column=chosen, columns=listed(names), concerns=[chosen])
    return _measured(where, even[0], sample, (why, *_unused(paths, even[0])))


def _measured(where: str, path: tuple[str, ...], sample: Any, notes: tuple[Note, ...]) -> VectorColumn:
    """Return a column with the lengths and the type of its first value."""
    column, name = one_array(sample, path), ".".join(path)
    if is_text(column.type):
        text = _first(column)
        width = vector_column([text], f"{where}: {name}").shape[1] if text is not None else 0
        return VectorColumn(path=path, shape=(width,), dtype=np.dtype(np.float64), notes=notes)
    shape: list[int] = []
    values = plain(column).drop_null()[:1]
    for _ in range(depth_of(column.type)):
        fixed = getattr(values.type, "list_size", None)
        shape.append(int(fixed) if fixed is not None else len(values[0] or ()) if len(values) else 0)
        values = plain(values.flatten())[:1]
    if len(shape) > 1:
        sizes = " x ".join(map(str, shape))
        notes = (*notes, note("KM152", column=name, shape=sizes, d=prod(shape), concerns=[name]))
    dtype = number_type(values.type)
    assert dtype is not None
    return VectorColumn(path=path, shape=tuple(shape), dtype=dtype, notes=notes)


def _unused(paths: Sequence[tuple[tuple[str, ...], Any]], chosen: tuple[str, ...]) -> tuple[Note, ...]:
    """Return the note that names the other columns that could be clustered."""
    others = [".".join(path) for path, kind in paths if path != chosen and number_type(kind) is not None]
    name = ".".join(chosen)
    return (note("KM151", column=name, others=listed(others), concerns=[name]),) if others else ()


def _first(column: Any) -> Any:
    known = column.drop_null()
    return known[0].as_py() if len(known) else None


def _is_even(column: Any) -> bool:
    """Tell whether all vectors of a column have one length, of two values or more."""
    import pyarrow.compute as pc

    if is_text(column.type):
        lengths = {text.count(",") for text in column.drop_null().to_pylist()}
    else:
        lengths = set(pc.list_value_length(plain(column).drop_null()).to_pylist())
    return len(lengths) == 1 and min(lengths) > 1


class VectorRows(Rows):
    """Rows of one column of vectors, read a batch at a time.

    Parameters
    ----------
    where : str
        The file, for messages.
    column : VectorColumn
    n : int
    batches : callable
        See `Batches`; the batches hold the column.
    """

    def __init__(self, where: str, column: VectorColumn, n: int, batches: Batches) -> None:
        super().__init__(n, column.d, column.dtype)
        self._where, self._column, self._batches = where, column, batches
        self.notes = column.notes

    def blocks(self, rows: int) -> Iterator[Matrix]:
        """Yield blocks of `rows` rows each."""
        return rechunk(self._matrices(rows), rows)

    def _matrices(self, rows: int) -> Iterator[Matrix]:
        start = 0
        for batch in self._batches(max(1, min(rows, _BATCH_VALUES // max(1, self.d)))):
            yield self._stack(one_array(batch, self._column.path), start)
            start += len(batch)

    def _stack(self, column: Any, start: int) -> Matrix:
        import pyarrow.compute as pc

        name = self._column.name
        if column.null_count:
            raise self._gap(start + _first_null(column), name)
        if is_text(column.type):
            return vector_column(column.to_pylist(), f"{self._where}: {name}", start, self.d)
        values, above = plain(column), 1
        for length in self._column.shape:
            if values.null_count:
                raise self._gap(start + _first_null(values) // above, name)
            lengths = pc.list_value_length(values).to_numpy(zero_copy_only=False)
            wrong = np.flatnonzero(lengths != length)
            if len(wrong):
                row = start + int(wrong[0]) // above
                raise DataError(
                    f"{self._where}: {name} has {lengths[wrong[0]]} values at row {row}, but {length} at row 0",
                    "give all vectors the same length",
                )
            values, above = plain(values.flatten()), above * length
        if values.null_count:
            gap = _first_null(values)
            raise self._gap(start + gap // self.d, f"{name}[{gap % self.d}]")
        if self.dtype == np.float64:
            values = values.cast("float64")  # decimals
        stacked: Matrix = values.to_numpy(zero_copy_only=False).astype(self.dtype, copy=False)
        return stacked.reshape(-1, self.d)

    def _gap(self, row: int, name: str) -> DataError:
        return DataError(f"{self._where} has no value at row {row}, column {name}", "remove or replace such rows")


def _first_null(values: Any) -> int:
    return int(np.argmax(values.is_null().to_numpy(zero_copy_only=False)))


def listed(names: Iterable[str]) -> str:
    """Return the first of some names, with commas, and how many there are in all."""
    known = list(names)
    more = f", … ({len(known)} in all)" if len(known) > _MOST_NAMED else ""
    return (", ".join(known[:_MOST_NAMED]) or "none") + more
