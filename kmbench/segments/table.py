"""Tables as people export them: with an index, thousands separators, semicolons, gaps."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "Table", "read_table", "table_of_frame"]

_MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "-", "?"))
_DELIMITERS = ",;\t|"
_UNITS = ("%", "€", "$", "£", "¥")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:([,' \u00a0\u202f])\d{3})(?:\1\d{3})*(?:\.\d+)?")
_EUROPEAN = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?")


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it was read.

    Attributes
    ----------
    numbers : ndarray of float64, shape (n,), or None
        Its values where they are numbers, NaN where one is missing.
    texts : list of str or None
        Its values where they are not; None for a missing one is kept as the empty text.
    """

    name: str
    numbers: NDArray[np.float64] | None
    texts: list[str] | None
    note: str | None = None

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Which values are missing."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        return np.array([text == "" for text in self.texts or []], dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Table:
    """A table by columns, and its lines as they were for writing it again.

    Attributes
    ----------
    header, lines : lists of str
        Fields as they stood in the file.
    delimiter : str
        Between fields.
    """

    where: str
    columns: list[Column]
    header: list[str]
    lines: list[list[str]]
    delimiter: str = ","

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.lines)

    def with_column(self, name: str, values: list[str]) -> bytes:
        """Return the table with one more column at its end, as a file."""
        with io.StringIO(newline="") as text:
            writer = csv.writer(text, delimiter=self.delimiter, lineterminator="\n")
            writer.writerow([*self.header, name])
            writer.writerows([*line, value] for line, value in zip(self.lines, values, strict=True))
            return text.getvalue().encode()


def read_table(path: Path) -> Table:
    """Read a ``.csv`` file: with a header, fields separated by commas, semicolons, tabs or bars.

    Raises
    ------
    DataError
        If it cannot be read, is torn, or holds no rows.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", "check the path") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder", "give one .csv file") from None
    except UnicodeDecodeError:
        text = path.read_bytes().decode("cp1252", "replace")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "check its permissions") from None
    if "\x00" in text:
        raise DataError(f"{path} is not a text table", "export it as .csv")
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if line]
    except csv.Error as error:
        raise DataError(f"{path} is not a readable .csv file: {error}", "write comma-separated lines") from None
    if len(lines) < 2:
        raise DataError(f"{path} holds no rows below a header", "give a table with names in its first line")
    for number, line in enumerate(lines, start=1):
        if len(line) != len(lines[0]):
            raise DataError(
                f"{path} has {len(line)} fields in line {number}, but {len(lines[0])} in the first",
                'correct the line; a number with a thousands separator stands in quotes: "1,234"',
            )
    header = lines.pop(0)
    if all(_number(field) is not None for field in header):
        lines.insert(0, header)
        header = [f"column {place}" for place in range(1, len(header) + 1)]
    names = _distinct([name.strip() or f"column {place}" for place, name in enumerate(header, start=1)])
    columns = [_column(name, [line[place].strip() for line in lines], delimiter) for place, name in enumerate(names)]
    return Table(str(path), columns, header, lines, delimiter)


def table_of_frame(frame: pd.DataFrame) -> Table:
    """Take a table from a data frame; columns of numbers and bools are numbers, all others categories."""
    columns, texts = [], []
    for name in frame.columns:
        series = frame[name]
        values = ["" if missing else str(value) for value, missing in zip(series, series.isna(), strict=True)]
        texts.append(values)
        if series.dtype.kind in "iufb":
            columns.append(Column(str(name), series.to_numpy(dtype=np.float64, na_value=np.nan), None))
        else:
            columns.append(Column(str(name), None, values))
    if not len(frame):
        raise DataError("the data frame holds no rows", "give at least as many as segments")
    lines = [list(line) for line in zip(*texts, strict=True)]
    return Table("the data frame", columns, [str(name) for name in frame.columns], lines)


def _distinct(names: list[str]) -> list[str]:
    """Return names of which those that occurred before have a number behind them."""
    seen: dict[str, int] = {}
    for place, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        names[place] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return names


def _column(name: str, values: list[str], delimiter: str) -> Column:
    """Read a column as numbers if all its values are, in one of the ways in which numbers are written."""
    values, unit = _without_unit(values)
    known = [value for value in values if value.lower() not in _MISSING]
    plain = [_number(value) for value in known]
    if known and all(value is not None for value in plain):
        return Column(name, _filled(values, iter(plain)), None, unit)
    if known and all(_THOUSANDS.fullmatch(value) or _number(value) is not None for value in known):
        read = (float(re.sub(r"[,' \u00a0\u202f]", "", value)) for value in known)
        return Column(name, _filled(values, read), None, "thousands separators were read as such")
    if known and delimiter != "," and all(_EUROPEAN.fullmatch(value) for value in known):
        read = (float(value.replace(".", "").replace(",", ".")) for value in known)
        return Column(name, _filled(values, read), None, "decimal commas were read as such")
    if not known:
        return Column(name, np.full(len(values), np.nan), None)
    return Column(name, None, ["" if value.lower() in _MISSING else value for value in values])


def _without_unit(values: list[str]) -> tuple[list[str], str | None]:
    """Take off a currency sign or a percent sign that all values have, and tell of it."""
    known = [value for value in values if value.lower() not in _MISSING]
    if not known:
        return values, None
    for sign in _UNITS:
        if all(value.startswith(sign) or value.endswith(sign) for value in known):
            bare = [value.removeprefix(sign).removesuffix(sign).strip() for value in values]
            return bare, f"its values were read without {sign}"
    return values, None


def _filled(values: list[str], known: object) -> NDArray[np.float64]:
    numbers = iter(known)  # type: ignore[call-overload]
    return np.array([np.nan if value.lower() in _MISSING else next(numbers) for value in values], dtype=np.float64)


def _number(text: str) -> float | None:
    """Return a number as Python writes it; ``nan`` and ``1_000`` are none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return None if "_" in text or value != value else value
