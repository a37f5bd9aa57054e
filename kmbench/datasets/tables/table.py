"""A table that was read: its columns with what became of them, its rows, and the file that it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kmbench.notes import Note

__all__ = ["Column", "ColumnKind", "Table"]

ColumnKind = Literal["number", "flag", "date", "code", "text", "empty", "nested", "ignored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as it was read.

    Attributes
    ----------
    name : str
    kind : str
        ``number``; ``flag``, a yes or no as 1 and 0; ``date``, in days since 1970-01-01; ``code``, digits that are no
        amounts; ``text``; ``empty``; ``nested``, lists or records; ``ignored``, as the user asked.
    how : str
        How its values were read, for people, such as ``number, decimal comma``.
    numbers : ndarray of float64, shape (n,), or None
        Of numbers, flags and dates, NaN where one is missing; of a date with an order of day and month.
    codes : ndarray of int32, shape (n,), or None
        Of texts and codes: the place of each row's text in `levels`, -1 where it is missing; None where there are
        more different ones than are kept.
    levels : tuple of str
        The different texts, in the order in which they occur.
    distinct : int
        Different texts; where they were not all counted, one more than were.
    examples : tuple of str
        The first different values, as they stand in the file.
    left_out : Note or None
        Why its values say nothing about what its rows are like; None where they may.
    unnamed : bool
        Whether the file gives it no name.
    chosen : bool
        Whether the user named it in ``columns=``.
    notes : tuple of Note
        How it was read, where that was decided by a rule.
    """

    name: str
    kind: ColumnKind
    how: str
    numbers: NDArray[np.float64] | None = field(default=None, repr=False)
    codes: NDArray[np.int32] | None = field(default=None, repr=False)
    levels: tuple[str, ...] = ()
    distinct: int = 0
    examples: tuple[str, ...] = ()
    left_out: Note | None = None
    unnamed: bool = False
    chosen: bool = False
    notes: tuple[Note, ...] = ()

    @property
    def missing(self) -> NDArray[np.bool_] | None:
        """Which values are missing; None where that is not known."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        return None if self.codes is None else self.codes < 0

    def of_rows(self, rows: NDArray[np.int64]) -> Column:
        """Return the column with these rows alone."""
        return replace(
            self,
            numbers=None if self.numbers is None else self.numbers[rows],
            codes=None if self.codes is None else self.codes[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table by columns.

    Attributes
    ----------
    where : str
        Its name in messages.
    columns : list of Column
        Without those at its end that have neither name nor values.
    named : bool
        Whether the file names its columns: then they mean something each, else the rows are vectors.
    rows : ndarray of int64, shape (n,)
        Which rows of the file are rows of the table.
    notes : tuple of Note
        What was decided about the table as a whole.
    line_of : callable
        Where a row of the file stands, for messages, such as ``line 17``.
    with_column : callable
        ``with_column(name, values)`` yields the bytes of the table with one more column, a value for each row of the
        file.
    """

    where: str
    columns: Sequence[Column]
    named: bool
    rows: NDArray[np.int64] = field(repr=False)
    file_rows: int
    notes: tuple[Note, ...]
    line_of: Callable[[int], str] = field(repr=False)
    with_column: Callable[[str, Sequence[str]], Iterator[bytes]] = field(repr=False)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def head(self, n: int) -> Table:
        """Return the table with its first rows alone."""
        first = np.arange(min(n, self.n))
        return replace(self, columns=[column.of_rows(first) for column in self.columns], rows=self.rows[:n])

    def place_of(self, row: int) -> str:
        """Return where a row of the table stands in the file, for messages."""
        return self.line_of(int(self.rows[row]))
