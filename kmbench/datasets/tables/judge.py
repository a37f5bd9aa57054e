"""What a column is for: an amount, a flag, a date, an ID, a row number. Each rule with its evidence in `ids`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.tables.flags import flag_values
from kmbench.datasets.tables.ids import counts_on, is_address_name, is_id_name, is_number_name
from kmbench.datasets.tables.table import Column
from kmbench.notes import note

__all__ = ["judged"]

_GLANCE = 1000
LEAST_MONOTONE = 20
"""Rows below which numbers that only go up are no sign of anything."""


def judged(column: Column, place: int, *, named: bool) -> Column:
    """Return a column with what its values and its name say it is for.

    Parameters
    ----------
    column : Column
        As it was read.
    place : int
        Its place in the table, from 0.
    named : bool
        Whether the file names its columns.
    """
    column = _as_flag(column)
    if column.kind == "number":
        column = _as_date(column)
    if column.chosen:
        return _kept_as_chosen(column)
    if column.kind == "flag":
        return column
    who: dict[str, Any] = {"column": column.name, "concerns": [column.name]}
    whole = column.kind == "number" and _is_whole(column.numbers)
    names_things = whole or column.kind in ("text", "code")
    if named and names_things and is_id_name(column.name):
        return replace(column, left_out=note("KM121", **who))
    if named and names_things and is_address_name(column.name):
        return replace(column, left_out=note("KM122", **who))
    if not whole:
        return column
    assert column.numbers is not None
    values = column.numbers
    index = named and column.unnamed and place == 0
    if counts_on(values) and (index or (place == 0 and values[0] in (0, 1)) or (named and column.unnamed)):
        return replace(column, left_out=note("KM123", **who))
    numbering = named and is_number_name(column.name)
    rising = named and len(values) >= LEAST_MONOTONE and bool((np.diff(values) > 0).all())
    if (numbering or index) and (rising or _is_unique(values)):
        return replace(column, left_out=note("KM123", **who))
    if rising:
        why = "its whole numbers only go up, as row numbers do"
        return replace(column, notes=(*column.notes, note("KM125", why=why, **who)))
    if numbering:
        why = "its name is one that row numbers have"
        return replace(column, notes=(*column.notes, note("KM125", why=why, **who)))
    return column


def _kept_as_chosen(column: Column) -> Column:
    """Return a column that the user named; numbers that turned out to be dates are told as days."""
    if column.kind != "date" or column.left_out is None:
        return column
    how = f"{column.how}, in days since 1970-01-01"
    told = note("KM102", column=column.name, how=how, concerns=[column.name])
    return replace(column, left_out=None, notes=(*column.notes, told))


def _as_flag(column: Column) -> Column:
    """Return a column that says yes or no as one of 1 and 0."""
    if column.kind == "number" and column.numbers is not None:
        values = column.numbers
        for part in (values[:_GLANCE], values):
            known = part[~np.isnan(part)]
            if not ((known == 0) | (known == 1)).all():
                return column
        if len(known) == 0 or known.min() == known.max():
            return column
        return replace(column, kind="flag", how="flag, 0 and 1")
    if column.kind != "text" or column.codes is None or len(column.levels) > 4:
        return column
    coded = flag_values(column.levels)
    if coded is None:
        return column
    table = np.array([*(coded[level] for level in column.levels), np.nan])
    yes = next(level for level in column.levels if coded[level] == 1)
    no = next(level for level in column.levels if coded[level] == 0)
    told = note("KM118", column=column.name, yes=yes, no=no, concerns=[column.name])
    return replace(
        column,
        kind="flag",
        how=f"flag, {yes} is 1 and {no} is 0",
        numbers=table[column.codes],
        codes=None,
        levels=(),
        notes=(*column.notes, told),
    )


def _as_date(column: Column) -> Column:
    """Return whole numbers such as 20241231, every one of them a day of this century or the last, as dates.

    Chance hits one such number in 250; at three different ones it is no chance.
    """
    assert column.numbers is not None
    for part in (column.numbers[:_GLANCE], column.numbers):
        known = part[~np.isnan(part)]
        if len(known) < 3 or not (_is_whole(known) and (known >= 19000101).all() and (known <= 20991231).all()):
            return column
    days = known.astype(np.int64)
    year, month, day = days // 10000, days // 100 % 100, days % 100
    sound = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    if not sound.all() or len(np.unique(days[:_GLANCE])) < 3:
        return column
    first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]").astype("datetime64[D]")
    numbers = np.full(len(column.numbers), np.nan)
    numbers[~np.isnan(column.numbers)] = first.astype(np.int64) + day - 1
    told = note("KM119", column=column.name, example=column.examples[0] if column.examples else "",
                concerns=[column.name])  # fmt: skip
    return replace(column, kind="date", how="date, year month day", numbers=numbers, left_out=told)


def _is_whole(values: NDArray[np.float64] | None) -> bool:
    """Tell whether there are three values or more, all of them whole numbers."""
    if values is None or len(values) < 3:
        return False
    parts = (values[:_GLANCE], values)
    return all(bool(np.isfinite(part).all() and (part == np.rint(part)).all()) for part in parts)


def _is_unique(values: NDArray[np.float64]) -> bool:
    return len(np.unique(values)) == len(values)
