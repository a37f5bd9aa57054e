"""Text tables: the columns of numbers of a ``.csv``, read in blocks and never whole.

NumPy parses the numbers: exactly, in every version, and without the start-up time of pandas.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from kmbench.datasets.base import Arguments, FileFormat, Matrix, Rows
from kmbench.errors import DataError

__all__ = ["CSV"]

_PREVIEW_ROWS = 200
_MISSING = frozenset(("", "na", "n/a", "null", "none"))


class _CsvRows(Rows):
    """Some columns of a text table, parsed as float64 each time they are walked."""

    def __init__(self, path: Path, header: bool, n: int, chosen: list[int], names: tuple[str, ...] | None) -> None:
        super().__init__(n, len(chosen), np.dtype(np.float64), names)
        self._path = path
        self._header = header
        self._chosen = chosen

    def blocks(self, rows: int) -> Iterator[Matrix]:
        with _text(self._path) as lines:
            if self._header:
                next(_fields(lines))
            filled = (line for line in lines if line.strip("\r\n"))
            for start in range(0, self.n, rows):
                yield self._parse(filled, min(rows, self.n - start))

    def _parse(self, lines: Iterator[str], rows: int) -> Matrix:
        try:
            block: Matrix = np.loadtxt(
                lines,
                delimiter=",",
                quotechar='"',
                comments=None,
                usecols=self._chosen,
                max_rows=rows,
                ndmin=2,
            )
        except ValueError as error:
            raise self._bad_number(error) from None
        return block

    def _bad_number(self, error: ValueError) -> DataError:
        """Return the error that names the first value that is no number."""
        with _text(self._path) as lines:
            for row, fields in enumerate(islice(_fields(lines), int(self._header), None)):
                for index, column in enumerate(self._chosen):
                    if not _is_number(fields[column]):
                        name = f" ('{self.columns[index]}')" if self.columns else ""
                        return DataError(
                            f"{self._path} holds '{fields[column][:40]}' at row {row}, column {column}{name}, "
                            "counting from 0, in a column of numbers",
                            "correct it, or remove the row or the column",
                        )
        return DataError(f"{self._path} is not a readable .csv file: {error}", "write plain decimal numbers")


def _open_csv(path: Path, arguments: Arguments) -> Rows:
    try:
        with _text(path) as lines:
            head = list(islice(_fields(lines), _PREVIEW_ROWS))
        n = _count_rows(path)
    except csv.Error as error:
        raise DataError(f"{path} is not a readable .csv file: {error}", "write comma-separated lines") from None
    header = _has_header(head)
    firsts = _first_values(head[int(header) :])
    # A column without any value in sight is kept, so that its gaps are an error and not dropped unseen.
    chosen = [column for column, value in enumerate(firsts) if value is None or _is_number(value)]
    if header and head[0][0] == "":
        chosen = [column for column in chosen if column != 0]  # the index that pandas writes
    if not any(firsts[column] for column in chosen):
        raise DataError(f"{path} has no column of numbers", "give at least one, with commas between columns")
    names = tuple(head[0][column] for column in chosen) if header else None
    return _CsvRows(path, header, n - header, chosen, names)


def _count_rows(path: Path) -> int:
    """Return the number of lines that are not blank, which must all have the same number of fields."""
    count, width = 0, 0
    with _text(path) as lines:
        for count, fields in enumerate(_fields(lines), start=1):
            width = width or len(fields)
            if len(fields) != width:
                raise DataError(
                    f"{path} has {len(fields)} fields in line {count}, but {width} in the first",
                    "correct the line (blank ones are not counted)",
                )
    return count


def _has_header(head: Sequence[list[str]]) -> bool:
    """Tell whether the first line names the columns.

    It does where a text stands above a number, or where it counts 0, 1, 2, ... as the default names of
    pandas do, with or without an index before them.
    """
    if len(head) < 2:
        return False
    first = head[0]
    named = first[1:] if first[0] == "" else first
    if named == [str(i) for i in range(len(named))] and (len(named) >= 3 or len(named) < len(first)):
        return True
    below = _first_values(head[1:])
    return any(
        not _is_missing(name) and not _is_number(name) and value is not None and _is_number(value)
        for name, value in zip(first, below, strict=False)
    )


def _first_values(rows: Sequence[list[str]]) -> list[str | None]:
    """Return the first value of each column, None where it has none."""
    columns = zip(*rows, strict=False)
    return [next((value for value in column if not _is_missing(value)), None) for column in columns]


def _is_missing(text: str) -> bool:
    return text.strip().lower() in _MISSING


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # Python reads 1_000, files of numbers do not hold it


def _fields(lines: TextIO) -> Iterator[list[str]]:
    """Yield the fields of each line that is not blank."""
    return filter(None, csv.reader(lines))


def _text(path: Path) -> TextIO:
    """Open a file; what is not UTF-8 can only stand in columns of text, which are left out."""
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


CSV = FileFormat(
    name="csv",
    syntax="FILE.csv",
    summary="columns of numbers, comma separated, with or without a header; columns of text are left out",
    suffixes=(".csv",),
    open=_open_csv,
)
