"""Files of typed columns, Parquet and Arrow: the column of vectors where there is one, else a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmbench.datasets.base import Arguments, FileFormat, Rows
from kmbench.datasets.embeddings.columns import VectorColumn, VectorRows
from kmbench.datasets.parameters import Parameter
from kmbench.datasets.tables.parameters import TABLE_PARAMETERS, Asked

if TYPE_CHECKING:
    from kmbench.datasets.tables.table import Table

__all__ = ["columnar_format"]

FindVectors = Callable[[Path, object, bool], tuple[int, VectorColumn | None]]
"""From a file, the column asked for, and whether to look for vectors: the number of rows, and the column if any."""

ReadBatches = Callable[[Path, int, str], Iterator[Any]]
"""From a file, rows in a batch and a column: its batches."""


def columnar_format(
    *, name: str, syntax: str, summary: str, suffixes: tuple[str, ...], find: FindVectors, batches: ReadBatches
) -> FileFormat:
    """Return a format whose files hold a column of vectors or a table.

    Parameters
    ----------
    name, syntax, summary, suffixes
        As in `FileFormat`.
    find, batches : callable
        How such a file is looked into and read.
    """

    def open_rows(path: Path, arguments: Arguments) -> Rows:
        asked = Asked.from_arguments(arguments)
        n, column = find(path, arguments["key"], not asked.columns)
        if column is not None:
            return VectorRows(str(path), column, n, lambda rows: batches(path, rows, column.path[0]))
        from kmbench.datasets.tables.reader import read_table
        from kmbench.datasets.tables.rows import TableRows

        return TableRows(read_table(path, asked))

    def table(path: Path, arguments: Arguments, asked: Asked) -> Table | None:
        from kmbench.datasets.tables.reader import read_table

        column = find(path, arguments["key"], not asked.columns)[1]
        return read_table(path, asked) if column is None else None

    return FileFormat(
        name=name,
        syntax=syntax,
        summary=summary,
        suffixes=suffixes,
        open=open_rows,
        table=table,
        parameters=(Parameter(name="key", kind="text"), *TABLE_PARAMETERS),
    )
