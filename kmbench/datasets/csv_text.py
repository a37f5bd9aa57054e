"""Tables as files: text of any layout, packed or not, and spreadsheets. What they are, their content says."""

from __future__ import annotations

from pathlib import Path

from kmbench.datasets.base import Arguments, FileFormat, Rows
from kmbench.datasets.tables.parameters import TABLE_PARAMETERS, Asked

__all__ = ["CSV"]


def _open_csv(path: Path, arguments: Arguments) -> Rows:
    # The reader loads pandas and pyarrow, which help texts need not wait for.
    from kmbench.datasets.embeddings.csv_vectors import csv_vectors
    from kmbench.datasets.embeddings.json_lines import open_json_lines
    from kmbench.datasets.embeddings.word_vectors import looks_like_word_vectors, open_word_vectors
    from kmbench.datasets.tables.reader import open_source, read_table
    from kmbench.datasets.tables.rows import TableRows

    asked = Asked.from_arguments(arguments)
    source = open_source(path)
    if source is not None:
        with source.open_bytes() as file:
            first = file.read(4).removeprefix(b"\xef\xbb\xbf")[:1]
        if first == b"{":
            return open_json_lines(path, arguments)
        if asked == Asked() and looks_like_word_vectors(path):
            return open_word_vectors(path, arguments)
        vectors = csv_vectors(source, asked)
        if vectors is not None:
            return vectors
    return TableRows(read_table(path, asked))


CSV = FileFormat(
    name="csv",
    syntax="FILE.csv[:columns=A+B,decimal=comma]",
    summary="a table as text (also .tsv, .txt, .gz, .zip) or spreadsheet (.xlsx): its columns of numbers and flags, "
    "without IDs, codes, dates and texts; leave_out=A+B and id=A leave more out",
    suffixes=(".csv", ".tsv", ".tab", ".txt", ".psv", ".gz", ".zip", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"),
    open=_open_csv,
    parameters=TABLE_PARAMETERS,
)
