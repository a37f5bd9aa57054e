"""From a table to the matrix that is clustered: standardised numbers, one-hot categories, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.tables.table import Column, Table
from kmbench.errors import DataError
from kmbench.notes import Note, note

__all__ = ["Category", "Encoder", "Features", "Missing", "make_features"]

Missing = Literal["refuse", "mean", "median", "drop"]

MOST_LEVELS = 50
"""Different values above which a column of text is taken to name things rather than to sort them."""


@dataclass(frozen=True, slots=True)
class Category:
    """A column of text: for each row the place of its text among the levels, none missing."""

    codes: NDArray[np.int32]
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Encoder:
    """How a column of the table becomes a column of the matrix.

    Attributes
    ----------
    column : str
        Of the table.
    level : str or None
        The value that is 1, where the column holds texts; None for numbers, dates and flags.
    mean, deviation : float
        What is subtracted, and then divided by: 0 and 1 for flags and texts.
    filler : float or str
        Stands for a missing value, as `missing` asks.
    """

    column: str
    level: str | None
    mean: float
    deviation: float
    filler: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The matrix, and what its columns mean.

    Attributes
    ----------
    X : ndarray of float32, shape (rows, features)
        Numbers with mean 0 and standard deviation 1; flags as 0 or 1, however they are coded; categories as 0 or 1
        in a column for each value.
    encoders : list of Encoder
        What made each column of `X`.
    names : list of str
        Of the columns of `X`; those of categories as ``payment=invoice``.
    rows : ndarray of int64, shape (rows,)
        Rows of the table that are in `X`.
    numbers : dict of str to ndarray of float64
        Columns of numbers and flags in their own units, imputed where that was asked for.
    categories : dict of str to Category
        Columns of text.
    notes : list of Note
        How columns were read, what was left out or filled in, and why.
    """

    X: NDArray[np.float32]
    names: list[str]
    rows: NDArray[np.int64]
    numbers: dict[str, NDArray[np.float64]]
    categories: dict[str, Category]
    notes: list[Note]
    encoders: list[Encoder]


def make_features(table: Table, missing: Missing = "refuse", leave_out: Sequence[str] = ()) -> Features:
    """Return the matrix of a table.

    Parameters
    ----------
    table : Table
    missing : {"refuse", "mean", "median", "drop"}
        What becomes of missing values: an error that names them; the column's mean or median, and for text and
        flags the most frequent value; or the rows that have any are left out.
    leave_out : sequence of str
        Columns that are not looked at, beside those of the table that are not.

    Raises
    ------
    DataError
        If a column that is left out does not exist, values are missing and may not be, or nothing is left.
    """
    if missing not in get_args(Missing):
        raise DataError(f"missing={missing} is not a known value", f"use {', '.join(get_args(Missing))}")
    known = [column.name for column in table.columns]
    absent = [name for name in leave_out if name not in known]
    if absent:
        raise DataError(f"{table.where} has no column {absent[0]!r}", f"known: {', '.join(known)}")
    notes: list[Note] = list(table.notes)
    kept = []
    for column in table.columns:
        if column.kind == "ignored" or column.name in leave_out:
            continue
        told = column.left_out or _says_nothing(column, table.n)
        if told is not None:
            notes.append(told)
        else:
            kept.append(column)
            notes += column.notes
    if not kept:
        told_all = "; ".join(map(str, notes)) or "it needs numbers or categories"
        raise DataError(f"{table.where} has no column to cluster by", told_all)
    kept, rows = _without_gaps(table, kept, missing, notes)
    return _matrix(table, kept, rows, notes, missing)


def _matrix(
    table: Table, kept: Sequence[Column], rows: NDArray[np.int64], notes: list[Note], missing: Missing
) -> Features:
    """Put the columns side by side."""
    names: list[str] = []
    parts: list[tuple[Column, NDArray[np.float64] | None]] = []
    encoders: list[Encoder] = []
    numbers: dict[str, NDArray[np.float64]] = {}
    categories: dict[str, Category] = {}
    for column in kept:
        if column.numbers is not None:
            values = column.numbers
            spread = float(values.std())
            if not spread > 1e-12 * float(np.abs(values).max(initial=0.0)):
                notes.append(note("KM103", column=column.name, value=float(values[0]), concerns=[column.name]))
                continue
            numbers[column.name] = values
            parts.append((column, values))
            names.append(column.name)
            scaled = column.kind in ("number", "date")
            mean, deviation = (float(values.mean()), spread) if scaled else (0.0, 1.0)
            filler = float(np.median(values)) if missing == "median" else float(values.mean())
            filler = filler if scaled else float(values.mean() > 0.5)
            encoders.append(Encoder(column.name, None, mean, deviation, filler))
        elif column.codes is not None:
            present = np.unique(column.codes)
            levels = sorted((column.levels[code], int(code)) for code in present)
            categories[column.name] = Category(column.codes, column.levels)
            most = column.levels[int(np.bincount(column.codes).argmax())]
            encoders += [Encoder(column.name, level, 0.0, 1.0, most) for level, _ in levels]
            for level, code in levels:
                parts.append((column, (column.codes == code).astype(np.float64)))
                names.append(f"{column.name}={level}")
    if not parts:
        raise DataError(f"{table.where} has no column that varies", "; ".join(map(str, notes)))
    X = np.empty((len(rows), len(parts)), dtype=np.float32)
    for place, (column, part) in enumerate(parts):
        assert part is not None
        X[:, place] = (part - part.mean()) / part.std() if column.kind in ("number", "date") else part
    return Features(X=X, names=names, rows=rows, numbers=numbers, categories=categories, notes=notes,
                    encoders=encoders)  # fmt: skip


def _says_nothing(column: Column, n: int) -> Note | None:
    """Return a note where a column says nothing about what its rows have in common, or None."""

    def left_out(reason: str) -> Note:
        return note("KM101", column=column.name, reason=reason, concerns=[column.name])

    if column.numbers is not None:
        values = column.numbers[~np.isnan(column.numbers)]
        if not len(values):
            return left_out("it is empty")
        if not np.isfinite(values).all():
            return left_out("it holds infinite values")
        if len(values) > 1 and (values == values[0]).all():
            return left_out(f"it is {values[0]:g} in every row")
        return None
    present = np.empty(0, np.int64) if column.codes is None else np.unique(column.codes[column.codes >= 0])
    distinct = column.distinct if column.codes is None else len(present)
    if distinct == 1:
        return left_out(f"it is {column.levels[int(present[0])]!r} in every row")
    if column.kind == "code" and distinct > MOST_LEVELS:
        return note("KM120", column=column.name, example=_code(column), concerns=[column.name])
    if distinct == n > 2:
        return left_out("every row has a different value")
    if distinct > MOST_LEVELS:
        return left_out(f"it has {distinct} different texts, more than {MOST_LEVELS}")
    return None


def _code(column: Column) -> str:
    """Return a code that shows that it is one."""
    texts = (*column.examples, *column.levels)
    return next((text for text in texts if text.startswith("0")), texts[0])


def _without_gaps(
    table: Table, columns: list[Column], missing: Missing, notes: list[Note]
) -> tuple[list[Column], NDArray[np.int64]]:
    """Return the columns without missing values, and the rows that they are of."""
    gaps: dict[str, NDArray[np.bool_]] = {}
    for column in columns:
        gap = column.missing
        if gap is not None and gap.any():
            gaps[column.name] = gap
    every = np.arange(table.n)
    if not gaps:
        return columns, every
    counts = {name: int(gap.sum()) for name, gap in gaps.items()}
    told = ", ".join(f"{name} ({count})" for name, count in counts.items())
    if missing == "refuse":
        name = next(iter(counts))
        first = table.place_of(int(gaps[name].argmax()))
        raise DataError(
            f"{table.where} lacks values in {told}; the first is {name} in {first}",
            "fill them in, or use --missing mean, median or drop",
        )
    if missing == "drop":
        whole = ~np.logical_or.reduce(list(gaps.values()))
        rows = np.flatnonzero(whole)
        if not len(rows):
            raise DataError(f"{table.where} has no row without a gap: {told}", "use --missing mean or median")
        notes.append(note("KM104", rows=table.n - len(rows), columns=told, concerns=counts))
        return [column.of_rows(rows) for column in columns], rows
    notes.append(note("KM105", missing=missing, columns=told, concerns=counts))
    return [_imputed(column, missing) if column.name in counts else column for column in columns], every


def _imputed(column: Column, missing: Missing) -> Column:
    if column.numbers is not None:
        known = column.numbers[~np.isnan(column.numbers)]
        filler: Any = known.mean() if missing == "mean" else np.median(known)
        if column.kind == "flag":
            filler = float(known.mean() > 0.5)
        return replace(column, numbers=np.where(np.isnan(column.numbers), filler, column.numbers))
    assert column.codes is not None
    most = int(np.bincount(column.codes[column.codes >= 0]).argmax())
    return replace(column, codes=np.where(column.codes < 0, np.int32(most), column.codes))
