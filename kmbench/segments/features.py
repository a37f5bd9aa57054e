"""From a table to the matrix that is clustered: standardised numbers, one-hot categories, and what was left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import DataError
from kmbench.notes import Note, note
from kmbench.segments.table import Column, Table

__all__ = ["Features", "Missing", "make_features"]

Missing = Literal["refuse", "mean", "median", "drop"]

MOST_LEVELS = 50
"""Different values above which a column of text is taken to name things rather than to sort them."""

_ID_NAME = re.compile(r"(?:.*[\s_.-])?(?:id|index|key|uuid|no|nr|number)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The matrix, and what its columns mean.

    Attributes
    ----------
    X : ndarray of float32, shape (rows, features)
        Numbers with mean 0 and standard deviation 1; categories as 0 or 1 in a column for each value.
    names : list of str
        Of the columns of `X`; those of categories as ``payment=invoice``.
    rows : ndarray of int64, shape (rows,)
        Rows of the table that are in `X`.
    numbers : dict of str to ndarray of float64
        Numeric columns in their own units, imputed where that was asked for.
    categories : dict of str to list of str
        Columns of text.
    notes : list of Note
        What was left out or filled in, and why.
    """

    X: NDArray[np.float32]
    names: list[str]
    rows: NDArray[np.int64]
    numbers: dict[str, NDArray[np.float64]]
    categories: dict[str, list[str]]
    notes: list[Note]


def make_features(table: Table, missing: Missing = "refuse", leave_out: Sequence[str] = ()) -> Features:
    """Return the matrix of a table.

    Parameters
    ----------
    table : Table
    missing : {"refuse", "mean", "median", "drop"}
        What becomes of missing values: an error that names them; the column's mean or median, and for text its
        most frequent value; or the rows that have any are left out.
    leave_out : sequence of str
        Columns that are not looked at.

    Raises
    ------
    DataError
        If a column that is left out does not exist, values are missing and may not be, or nothing is left.
    """
    if missing not in get_args(Missing):
        raise DataError(f"missing={missing}: no such way", f"use {', '.join(get_args(Missing))}")
    known = [column.name for column in table.columns]
    absent = [name for name in leave_out if name not in known]
    if absent:
        raise DataError(f"{table.where} has no column {absent[0]!r}", f"there are {', '.join(known)}")
    notes: list[Note] = []
    kept = []
    for place, column in enumerate(table.columns):
        reason = None if column.name in leave_out else _why_not(column, place, table.n)
        if reason is not None:
            notes.append(note("KM101", column=column.name, reason=reason, concerns=[column.name]))
        elif column.name not in leave_out:
            kept.append(column)
            if column.note is not None:
                notes.append(note("KM102", column=column.name, how=column.note, concerns=[column.name]))
    if not kept:
        told = "; ".join(map(str, notes)) or "it needs numbers or categories"
        raise DataError(f"{table.where} has no column to cluster by", told)
    kept, rows = _without_gaps(table, kept, missing, notes)
    columns: list[NDArray[np.float64]] = []
    names: list[str] = []
    numbers: dict[str, NDArray[np.float64]] = {}
    categories: dict[str, list[str]] = {}
    for column in kept:
        if column.numbers is not None:
            spread = float(column.numbers.std())
            if not spread > 1e-12 * float(np.abs(column.numbers).max(initial=0.0)):
                value = float(column.numbers[0])
                notes.append(note("KM103", column=column.name, value=value, concerns=[column.name]))
                continue
            numbers[column.name] = column.numbers
            columns.append((column.numbers - column.numbers.mean()) / spread)
            names.append(column.name)
        else:
            texts = column.texts or []
            categories[column.name] = texts
            for level in sorted(set(texts)):
                columns.append(np.array([text == level for text in texts], dtype=np.float64))
                names.append(f"{column.name}={level}")
    if not columns:
        raise DataError(f"{table.where} has no column that varies", "; ".join(map(str, notes)))
    X = np.ascontiguousarray(np.column_stack(columns), dtype=np.float32)
    return Features(X=X, names=names, rows=rows, numbers=numbers, categories=categories, notes=notes)


def _why_not(column: Column, place: int, n: int) -> str | None:
    """Return why a column says nothing about what its rows have in common, or None."""
    known = ~column.missing
    if not known.any():
        return "it is empty"
    if column.numbers is not None:
        values = column.numbers[known]
        if not np.isfinite(values).all():
            return "it holds infinite values"
        if len(values) > 1 and (values == values[0]).all():
            return f"it is {values[0]:g} in every row"
        unnamed = column.name in ("", "column 1") or column.name.startswith("Unnamed")
        whole = len(values) > 2 and len(np.unique(values)) == n and bool((values == np.rint(values)).all())
        counts_on = whole and bool((np.diff(values) == 1).all())
        if whole and (_ID_NAME.fullmatch(column.name) or (counts_on and (place == 0 or unnamed))):
            return "it numbers the rows"
        return None
    levels = Counter(text for text in column.texts or [] if text)
    if len(levels) == 1:
        return f"it is {next(iter(levels))!r} in every row"
    if len(levels) == n > 2:
        return "every row has a value of its own"
    if len(levels) > MOST_LEVELS:
        return f"it has {len(levels)} different texts, more than {MOST_LEVELS}"
    return None


def _without_gaps(
    table: Table, columns: list[Column], missing: Missing, notes: list[Note]
) -> tuple[list[Column], NDArray[np.int64]]:
    """Return the columns without missing values, and the rows that they are of."""
    gaps = {column.name: column.missing for column in columns}
    counts = {name: int(gap.sum()) for name, gap in gaps.items() if gap.any()}
    every = np.arange(table.n)
    if not counts:
        return columns, every
    told = ", ".join(f"{name} ({count})" for name, count in counts.items())
    if missing == "refuse":
        name = next(iter(counts))
        raise DataError(
            f"{table.where} lacks values in {told}; the first is {name} in row {int(gaps[name].argmax()) + 1}",
            "fill them in, or use --missing mean, median or drop",
        )
    if missing == "drop":
        whole = ~np.logical_or.reduce(list(gaps.values()))
        rows = np.flatnonzero(whole)
        if not len(rows):
            raise DataError(f"{table.where} has no row without a gap: {told}", "use --missing mean or median")
        notes.append(note("KM104", rows=table.n - len(rows), columns=told, concerns=counts))
        return [_of_rows(column, rows) for column in columns], rows
    notes.append(note("KM105", missing=missing, columns=told, concerns=counts))
    return [_imputed(column, missing) if column.name in counts else column for column in columns], every


def _of_rows(column: Column, rows: NDArray[np.int64]) -> Column:
    if column.numbers is not None:
        return replace(column, numbers=column.numbers[rows])
    texts = column.texts or []
    return replace(column, texts=[texts[row] for row in rows])


def _imputed(column: Column, missing: Missing) -> Column:
    if column.numbers is not None:
        known = column.numbers[~np.isnan(column.numbers)]
        filler = known.mean() if missing == "mean" else np.median(known)
        return replace(column, numbers=np.where(np.isnan(column.numbers), filler, column.numbers))
    texts = column.texts or []
    most = Counter(text for text in texts if text).most_common(1)[0][0]
    return replace(column, texts=[text or most for text in texts])
