"""Tables as files: text of any layout, packed or not, and spreadsheets. What they are, their content says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kmbench.datasets.base import Arguments, FileFormat, Rows
from kmbench.datasets.tables.parameters import TABLE_PARAMETERS, Asked

if TYPE_CHECKING:
    from kmbench.datasets.tables.table import Table

__all__ = ["CSV"]


def _open_csv(path: Path, arguments: Arguments) -> Rows:
    # The reader loads pandas and pyarrow, which help texts need not wait for.
    from kmbench.datasets.embeddings.json_lines import open_json_lines
    from kmbench.datasets.tables.reader import read_table
    from kmbench.datasets.tables.rows import TableRows

    if _is_json(path):
        return open_json_lines(path, arguments)
    vectors = _vectors(path, arguments)
    return TableRows(read_table(path, Asked.from_arguments(arguments))) if vectors is None else vectors


def _table(path: Path, arguments: Arguments, asked: Asked) -> Table | None:
    from kmbench.datasets.embeddings.json_lines import table_of_json_lines
    from kmbench.datasets.tables.reader import read_table

    if _is_json(path):
        return table_of_json_lines(path, arguments, asked)
    return read_table(path, asked) if _vectors(path, arguments) is None else None


def _is_json(path: Path) -> bool:
    from kmbench.datasets.tables.reader import open_source

    source = open_source(path)
    if source is None:
        return False
    with source.open_bytes() as file:
        return bool(file.read(4).removeprefix(b"\xef\xbb\xbf")[:1] == b"{")


def _vectors(path: Path, arguments: Arguments) -> Rows | None:
    """Return the vectors that a text holds, None where it is a table."""
    from kmbench.datasets.embeddings.csv_vectors import csv_vectors
    from kmbench.datasets.embeddings.word_vectors import looks_like_word_vectors, open_word_vectors
    from kmbench.datasets.tables.reader import open_source

    asked = Asked.from_arguments(arguments)
    source = open_source(path)
    if source is None:
        return None
    if asked == Asked() and looks_like_word_vectors(path):
        return open_word_vectors(path, arguments)
    return csv_vectors(source, asked)


CSV = FileFormat(
    name="csv",
    syntax="FILE.csv[:columns=A+B,decimal=comma]",
    summary="a table as text (also .tsv, .txt, .gz, .zip) or spreadsheet (.xlsx): its columns of numbers and "
    "flags, without IDs, codes, dates and texts; leave_out=A+B and id=A leave out more columns",
    suffixes=(".csv", ".tsv", ".tab", ".txt", ".psv", ".gz", ".zip", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"),
    open=_open_csv,
    table=_table,
    parameters=TABLE_PARAMETERS,
)
