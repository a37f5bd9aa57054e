"""From what was gathered to columns: each read in the one way that is proven, or refused with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.tables.dates import Order, choose_order
from kmbench.datasets.tables.gather import Blocks, Gathered, is_code
from kmbench.datasets.tables.judge import judged
from kmbench.datasets.tables.notes_on_numbers import number_notes, plain_notes
from kmbench.datasets.tables.numbers import Decimal, Evidence, choose_decimal, read_numbers
from kmbench.datasets.tables.rows_kept import Reading, rows_of_table, slot_of
from kmbench.datasets.tables.state import State
from kmbench.datasets.tables.table import Column
from kmbench.errors import DataError
from kmbench.notes import Note, note

__all__ = ["columns_of"]


def columns_of(
    source: Blocks, gathered: Gathered, reading: Reading
) -> tuple[list[Column], NDArray[np.int64], tuple[Note, ...]]:
    """Return the columns, which rows of the file are rows of the table, and what was decided about rows.

    Raises
    ------
    DataError
        If no row is left, or a column holds a mistake or can be read in two ways.
    """
    states = gathered.states
    proven = _proven(source, gathered)
    decimals = {
        place: choose_decimal(state.evidence, delimiter=source.delimiter, others=proven, asked=reading.asked_decimal)
        for place, state in enumerate(states)
        if state.kind == "number"
    }
    rows, notes = rows_of_table(gathered, decimals, reading)
    if not len(rows):
        raise DataError(
            f"{reading.where} holds no rows", "give a table with column names in its first line and rows below"
        )
    order = _proven_order(states)
    columns = []
    last = max((place for place, state in enumerate(states) if state.known or not reading.unnamed[place]), default=-1)
    for place, state in enumerate(states[: last + 1]):
        column = _column(place, state, source, gathered, reading, decimals.get(place), order, rows)
        if column.kind != "ignored":
            column = judged(column, place, named=reading.named and not reading.vectors)
        columns.append(column)
    if len(columns) == 1 and columns[0].left_out is not None and columns[0].left_out.code == "KM123":
        columns = [replace(columns[0], left_out=None)]  # what else should it be clustered by
    return columns, rows, notes


def _proven(source: Blocks, gathered: Gathered) -> Decimal | None:
    """Return the decimal mark that the columns of a file prove, None where none or both do."""
    found: set[Decimal] = set()
    for place, state in enumerate(gathered.states):
        if state.kind == "number":
            found |= state.evidence.proven()
        elif state.kind == "plain" and source.types[place] == "text":
            found |= gathered.sampled[place].proven()
    return next(iter(found)) if len(found) == 1 else None


def _proven_order(states: Sequence[State]) -> Order | None:
    found: set[Order] = set()
    for state in states:
        if state.kind == "date":
            found |= state.dates.proven()
    return next(iter(found)) if len(found) == 1 else None


def _column(
    place: int,
    state: State,
    source: Blocks,
    gathered: Gathered,
    reading: Reading,
    decimal: Decimal | None,
    order: Order | None,
    rows: NDArray[np.int64],
) -> Column:
    """Return one column, read."""
    name, kind = reading.names[place], source.types[place]
    base: dict[str, Any] = {"name": name, "unnamed": reading.unnamed[place], "chosen": name in reading.chosen}
    if name in reading.ignored:
        told = note("KM126", column=name, concerns=[name])
        return Column(kind="ignored", how="", left_out=told, **base)
    if kind == "nested":
        told = note("KM101", column=name, reason="it holds lists or records", concerns=[name])
        return Column(kind="nested", how="lists or records", left_out=told, **base)
    examples = _examples(source, place) if kind == "text" else ()
    if not state.known:
        told = note("KM101", column=name, reason="it is empty", concerns=[name])
        return Column(kind="empty", how="empty", left_out=told, **base)
    if state.kind == "plain":
        values = _of_rows(gathered.matrix[:, state.slots[0]], rows)
        if kind == "flag":
            return Column(kind="flag", how="flag, by its type", numbers=values, examples=_shown(values), **base)
        if kind == "date":
            shown = tuple(str(np.datetime64(0, "D") + np.timedelta64(int(day), "D"))
                          for day in values[:200][~np.isnan(values[:200])][:3])  # fmt: skip
            return _dated(Column(kind="date", how="date, by its type", numbers=values, examples=shown, **base))
        comma = kind == "text" and gathered.decimal == ","
        notes = plain_notes(name, examples) if comma else ()
        how = "number, decimal comma" if notes else "number"
        return Column(
            kind="number", how=how, numbers=values, examples=examples or _shown(values), notes=notes, **base
        )
    if state.kind == "number":
        _check_numbers(state, name, decimal, reading, rows, gathered)
        assert decimal is not None
        values = _of_rows(gathered.matrix[:, slot_of(state, decimal)], rows)
        how, notes = number_notes(state.evidence, name, decimal)
        return Column(kind="number", how=how, numbers=values, examples=examples, notes=notes, **base)
    if state.kind == "date":
        chosen = choose_order(state.dates, order)
        values = _of_rows(gathered.matrix[:, state.slots[1 if chosen == "month first" else 0]], rows)
        if chosen is None and name in reading.chosen:
            example = state.dates.examples.get("open") or ", ".join(state.dates.examples.values())
            raise DataError(
                f"{reading.where}: {name!r} can be read in two ways: {example!r} may begin with the day or the month",
                "write its dates as 2024-12-31, or leave the column out",
            )
        how = "date" if not (state.dates.open or state.dates.proven()) else f"date, {chosen or 'day or month first?'}"
        return _dated(Column(kind="date", how=how, numbers=values, examples=examples, **base))
    return _texts(state, base, examples, rows, gathered, place)


def _dated(column: Column) -> Column:
    if column.chosen:
        told = note(
            "KM102", column=column.name, how=f"{column.how}, in days since 1970-01-01", concerns=[column.name]
        )
        return replace(column, notes=(*column.notes, told))
    example = column.examples[0] if column.examples else ""
    return replace(column, left_out=note("KM119", column=column.name, example=example, concerns=[column.name]))


def _texts(
    state: State,
    base: dict[str, Any],
    examples: tuple[str, ...],
    rows: NDArray[np.int64],
    gathered: Gathered,
    place: int,
) -> Column:
    """Return a column of texts, or of codes, with the reason where it might have been one of numbers."""
    name = base["name"]
    codes = None
    if state.codes is not None:
        codes = _of_rows(np.concatenate(state.codes) if state.codes else np.empty(0, np.int32), rows)
    evidence = gathered.sampled[place] if place in gathered.sampled else Evidence()
    common: dict[str, Any] = {"codes": codes, "levels": tuple(state.levels), "distinct": state.distinct,
                              "examples": examples, **base}  # fmt: skip
    if is_code(evidence) or (evidence.plain == evidence.known and evidence.known):
        return Column(kind="code", how="code, kept as text", **common)
    notes: tuple[Note, ...] = ()
    units = [unit for unit in evidence.units if unit]
    if evidence.known and evidence.numbers == evidence.known and evidence.unit() is None:
        shown = ", ".join([*units[:3], *(["none"] if "" in evidence.units else [])])
        notes = (note("KM127", column=name, units=shown, concerns=[name]),)
    elif evidence.first_misfit is not None and 2 * evidence.numbers >= evidence.known:
        row, example = evidence.first_misfit
        notes = (note("KM128", column=name, example=example[:40], place=f"value {row + 1}", concerns=[name]),)
    return Column(kind="text", how="text", notes=notes, **common)


def _check_numbers(
    state: State, name: str, decimal: Decimal | None, reading: Reading, rows: NDArray[np.int64], gathered: Gathered
) -> None:
    """Refuse a column of numbers that holds a mistake, or that nothing decides how to read."""
    evidence, where = state.evidence, reading.where
    examples = evidence.examples
    if decimal is None and len(evidence.proven()) == 2:
        raise DataError(
            f"{where}: {name!r} holds {examples['point']!r} with a decimal point and {examples['comma']!r} with a "
            "decimal comma",
            f"write one of them throughout, or leave the column out with leave_out={name}",
        )
    if decimal is None:
        example = examples.get(".") or examples[","]
        import pyarrow as pa

        read = read_numbers(pa.array([example]), Evidence())
        raise DataError(
            f"{where}: {name!r} can be read in two ways: {example!r} is {read.point[0]:.12g} or {read.comma[0]:.12g}",
            f"say decimal=point or decimal=comma, or leave the column out with leave_out={name}",
        )
    other: Decimal = "comma" if decimal == "point" else "point"
    if evidence.only[other]:
        raise DataError(
            f"{where}: {name!r} holds {examples[other]!r}, which is not a number with a decimal {decimal}",
            f"correct it, or leave the column out with leave_out={name}",
        )
    if evidence.misfits and evidence.first_misfit is not None:
        row, text = evidence.first_misfit
        if evidence.misfits == 1 and row not in rows:
            return
        raise DataError(
            f"{where} holds {text[:40]!r} in {reading.place_of(row)}, column {name!r}, in a column of numbers",
            f"correct it, or leave the column out with leave_out={name}",
        )


def _of_rows(values: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Return some rows: a view where they follow each other, since a column may be larger than memory."""
    if len(rows) and int(rows[-1]) - int(rows[0]) + 1 == len(rows):
        return values[int(rows[0]) : int(rows[-1]) + 1]
    return values[rows]


def _examples(source: Blocks, place: int) -> tuple[str, ...]:
    """Return three different texts of a column; one with a mark first, since it shows the reading."""
    known = list(dict.fromkeys(text for text in source.sample(place).to_pylist() if text is not None))
    known.sort(key=lambda text: not ("," in text or "." in text))
    return tuple(known[:3])


def _shown(values: NDArray[np.float64]) -> tuple[str, ...]:
    head = values[:200]
    return tuple(f"{value:.6g}" for value in list(dict.fromkeys(head[~np.isnan(head)].tolist()))[:3])
