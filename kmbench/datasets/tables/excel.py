"""Spreadsheets: the first sheet that holds anything, as the text table that it would be exported as."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kmbench.errors import DataError

__all__ = ["sheet_as_text"]


def sheet_as_text(path: Path) -> bytes:
    """Return a sheet as text with commas and decimal points, so that every number in it is certain.

    Raises
    ------
    DataError
        If the library is not installed, or the file is damaged, encrypted or empty.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise DataError(
            f"{path}: reading spreadsheets needs python-calamine",
            "pip install 'kmbench[tables]', or export it as .csv",
        ) from None
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [book.get_sheet_by_name(name).to_python(skip_empty_area=True) for name in book.sheet_names]
    except (CalamineError, OSError) as error:
        raise DataError(
            f"{path} is not a readable spreadsheet: {error}", "save it without a password, or export it as .csv"
        ) from None
    rows = next((sheet for sheet in sheets if any(_text(cell) for row in sheet for cell in row)), None)
    if rows is None:
        raise DataError(f"{path} holds only empty sheets", "give a table")
    return _as_csv(rows)


def _as_csv(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([_text(cell) for cell in row])
    return text.getvalue().encode()


def _text(cell: Any) -> str:
    """Return a cell as programs write it: spreadsheets keep every number as a float."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ") if cell.time() != datetime.time() else cell.date().isoformat()
    return "" if cell is None else str(cell)
