"""Which lines of a table are rows: not blank ones, totals and footnotes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.tables.gather import Gathered
from kmbench.datasets.tables.numbers import Decimal
from kmbench.datasets.tables.state import State
from kmbench.datasets.tables.totals import is_total, is_total_word
from kmbench.notes import Note, note

__all__ = ["Reading", "rows_of_table", "slot_of"]

MOST_FOOTERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known of a table beside its values.

    Attributes
    ----------
    names : list of str
    unnamed : list of bool
        Which columns have no name in the file.
    named, vectors : bool
        Whether the file names its columns, and whether all the same they mean nothing each.
    chosen, ignored : frozenset of str
        Columns that the user asked for, and those that are not to be looked at.
    place_of : callable
        Where a row of the file stands.
    """

    where: str
    names: Sequence[str]
    unnamed: Sequence[bool]
    named: bool
    vectors: bool
    asked_decimal: Decimal | None
    chosen: frozenset[str]
    ignored: frozenset[str]
    place_of: Callable[[int], str]


def slot_of(state: State, decimal: Decimal | None) -> int:
    """Return where on the spool the numbers of a column stand as they are read."""
    return state.slots[1] if decimal == "comma" and len(state.slots) > 1 else state.slots[0]


def rows_of_table(
    gathered: Gathered, decimals: dict[int, Decimal | None], reading: Reading
) -> tuple[NDArray[np.int64], tuple[Note, ...]]:
    """Return the rows that are rows, and notes about the others: blank ones, totals, footnotes."""
    filled = gathered.filled > 0
    blank = len(filled) - int(filled.sum())
    notes: list[Note] = []
    rows = np.flatnonzero(filled)
    if blank and len(rows):
        notes.append(note("KM110", count=blank, place=reading.place_of(int(np.flatnonzero(~filled)[0]))))
    if not reading.named or reading.vectors:
        return rows, tuple(notes)
    states = gathered.states
    numeric = [place for place, state in enumerate(states) if state.slots and state.kind != "date"]
    others = [place for place, state in enumerate(states) if state.kind in ("text", "date", "number")]
    slots = [slot_of(states[place], decimals.get(place)) for place in numeric]
    for _ in range(MOST_FOOTERS):
        if len(rows) < 3:
            break
        row = int(rows[-1])
        footnote = _footnote(states, gathered, row)
        if footnote is None:
            break
        notes.append(note("KM113", place=reading.place_of(row), example=footnote[:40]))
        rows = rows[:-1]
    for at_end in (True, False):
        for _ in range(MOST_FOOTERS):
            if len(rows) < 3:
                break
            row = int(rows[-1 if at_end else 0])
            rest = rows[:-1] if at_end else rows[1:]
            found = _total(states, gathered, row, rest, numeric, slots, others)
            if found is None:
                break
            sums, text = found
            if not sums:
                notes.append(note("KM114", place=reading.place_of(row), example=text))
                break
            notes.append(note("KM112", place=reading.place_of(row), example=text))
            rows = rest
    return rows, tuple(notes)


def _footnote(states: Sequence[State], gathered: Gathered, row: int) -> str | None:
    """Return the text of a last row that holds nothing but a text in its first column."""
    if gathered.filled[row] != 1 or len(states) < 3 or not states[0].known:
        return None
    text = states[0].text_at(row)
    if text is None or is_total_word(text):
        return None
    return text if states[0].kind == "text" or np.isnan(gathered.matrix[row, states[0].slots[0]]) else None


def _total(
    states: Sequence[State],
    gathered: Gathered,
    row: int,
    rest: NDArray[np.int64],
    numeric: Sequence[int],
    slots: Sequence[int],
    others: Sequence[int],
) -> tuple[bool, str] | None:
    """Return whether a row holds totals, with what shows it; None where nothing hints at it."""
    values = gathered.matrix[row, list(slots)] if slots else np.empty(0)
    texts = [
        states[place].text_at(row)
        for place in others
        if states[place].kind != "number" or np.isnan(gathered.matrix[row, list(states[place].slots)]).all()
    ]
    word = next((text for text in texts if is_total_word(text)), None)
    sparse = any(text is None for text in texts) or not texts
    if word is None and (not sparse or np.isnan(values).all()):
        return None
    table = gathered.matrix
    sums, counts = np.zeros(len(slots)), np.zeros(len(slots))
    for start in range(0, len(rest), 100_000):
        part = table[rest[start : start + 100_000]][:, list(slots)]
        sums += np.nansum(part, axis=0)
        counts += (~np.isnan(part)).sum(axis=0)
    means = sums / np.maximum(counts, 1)
    found = is_total(values, sums, means, texts, len(rest))
    if not found and word is None:
        return None
    shown = word or ", ".join(f"{value:.12g}" for value in values[~np.isnan(values)][:3])
    return found, shown
