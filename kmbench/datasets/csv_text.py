"""Tables as files: text of any layout, packed or not, and spreadsheets. What they are, their content says."""

from __future__ import annotations

from pathlib import Path

from kmbench.datasets.base import Arguments, FileFormat, Rows
from kmbench.datasets.tables.parameters import TABLE_PARAMETERS, Asked

__all__ = ["CSV"]


def _open_csv(path: Path, arguments: Arguments) -> Rows:
    # The reader loads pandas and pyarrow, which help texts need not wait for.
    from kmbench.datasets.tables.reader import read_table
    from kmbench.datasets.tables.rows import TableRows

    return TableRows(read_table(path, Asked.from_arguments(arguments)))


CSV = FileFormat(
    name="csv",
    syntax="FILE.csv[:columns=A+B,decimal=comma]",
    summary="a table as text (also .tsv, .txt, .gz, .zip) or spreadsheet (.xlsx): its columns of numbers and flags, "
    "without IDs, codes, dates and texts; leave_out=A+B and id=A leave more out",
    suffixes=(".csv", ".tsv", ".tab", ".txt", ".psv", ".gz", ".zip", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"),
    open=_open_csv,
    parameters=TABLE_PARAMETERS,
)
