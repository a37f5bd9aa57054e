"""A table as rows of numbers: what `run`, `data` and the other commands cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from kmbench.datasets.base import Matrix, Rows
from kmbench.datasets.tables.table import Column, Table
from kmbench.errors import DataError
from kmbench.notes import Note, note

__all__ = ["TableRows"]


class TableRows(Rows):
    """The columns of numbers and flags of a table, in float64.

    Parameters
    ----------
    table : Table

    Attributes
    ----------
    table : Table
        With a reason at every column that is not used.

    Raises
    ------
    DataError
        If no column is left; says why for each.
    """

    def __init__(self, table: Table) -> None:
        columns = [_without_texts(column, table) for column in table.columns]
        used = [column for column in columns if is_used(column)]
        notes = [*table.notes]
        for column in columns:
            if is_used(column):
                notes += column.notes
            elif column.left_out and column.kind != "ignored":
                notes.append(column.left_out)
        if not used:
            reasons = "; ".join(str(column.left_out) for column in columns if column.left_out)
            raise DataError(
                f"{table.where} has no column of numbers", reasons or "give at least one that is not left out"
            )
        names = tuple(column.name for column in used)
        super().__init__(table.n, len(used), np.dtype(np.float64), names if table.named else None)
        self.table = replace(table, columns=columns)
        self.notes: tuple[Note, ...] = tuple(notes)
        self._used = used

    def blocks(self, rows: int) -> Iterator[Matrix]:
        """Yield blocks of `rows` rows each.

        Raises
        ------
        DataError
            At the first missing value; names line and column.
        """
        for start in range(0, self.n, rows):
            block = np.column_stack([_values(column)[start : start + rows] for column in self._used])
            gaps = np.isnan(block)
            if gaps.any():
                row, place = (int(index) for index in np.argwhere(gaps)[0])
                name = self._used[place].name
                raise DataError(
                    f"{self.table.where} lacks a value in {self.table.place_of(start + row)}, column {name!r}",
                    f"fill it in, remove the line, or leave the column out with leave_out={name}",
                )
            yield block


def is_used(column: Column) -> bool:
    """Tell whether a column is one of the matrix."""
    return column.left_out is None and column.numbers is not None


def _values(column: Column) -> Matrix:
    assert column.numbers is not None
    return column.numbers


def _without_texts(column: Column, table: Table) -> Column:
    """Return a column with the reason why it is none of numbers, where it is not."""
    if column.left_out is not None or column.kind == "ignored" or column.numbers is not None:
        return column
    example = column.examples[0][:40] if column.examples else ""
    if column.chosen:
        raise DataError(
            f"{table.where}: {column.name!r} is not a column of numbers: it holds texts such as {example!r}",
            "`kmbench segment` and `choose-k` turn texts into columns of 0 and 1",
        )
    code = "KM120" if column.kind == "code" else "KM124"
    told = note(code, column=column.name, example=_first_code(column) or example, concerns=[column.name])
    return replace(column, left_out=told, notes=(*column.notes, told))


def _first_code(column: Column) -> str | None:
    """Return a code that begins with 0."""
    texts = (*column.examples, *column.levels)
    return next((text for text in texts if text.startswith("0")), None) if column.kind == "code" else None
