"""All rows of a table in one pass: numbers onto the spool, texts as codes, and what the values of a column prove.

A column begins as what a sample of it looks like. Where a later value does not fit, the column is read again as
texts, and so by the rules: no value is dropped, and none is read in a way that the rest of its column disproves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.tables.dates import DateEvidence, read_dates
from kmbench.datasets.tables.numbers import Decimal, Evidence, plain_numbers, read_numbers
from kmbench.datasets.tables.spool import Spool
from kmbench.datasets.tables.state import Kind, State

__all__ = ["Blocks", "Gathered", "Typed", "gather"]

Typed = Literal["text", "float", "flag", "date", "nested"]
"""What the file itself says a column holds; a text file says text of all of them."""

FEW = 0.05
"""Share of values that are no numbers up to which they are mistakes in a column of numbers."""


class Blocks(Protocol):
    """A table that can be read block by block, as often as needed."""

    @property
    def delimiter(self) -> str | None:
        """Sign between the fields of a text file."""

    @property
    def types(self) -> Sequence[Typed]:
        """What the file says each column holds."""

    def sample(self, place: int) -> Any:
        """Return the first texts of a column, null where missing."""

    def blocks(self, kinds: Sequence[Kind], decimal: str) -> Iterator[list[Any]]:
        """Yield for each column its values: float64 where its kind is plain, else texts, null where missing.

        Where a plain column holds anything else, its texts stand in place of the numbers, and where it holds marks
        or gaps, and so may not be whole numbers as they look, the array is a masked one.
        """


@dataclass(frozen=True, slots=True)
class Gathered:
    """A table read: the spool, states of columns, how many values each row holds, what samples of texts say."""

    matrix: NDArray[np.float64]
    states: list[State]
    filled: NDArray[np.int32]
    decimal: str
    sampled: dict[int, Evidence]


def gather(source: Blocks, ignored: set[int], asked: Decimal | None, numbers: set[int]) -> Gathered:
    """Read all rows of a table.

    Parameters
    ----------
    source : Blocks
    ignored : set of int
        Columns that the user leaves out: nothing in them can be wrong.
    asked : {"point", "comma"} or None
        Decimal mark that the user named.
    numbers : set of int
        Columns that are to be numbers though they look like codes.
    """
    types = source.types
    samples = {place: source.sample(place) for place, kind in enumerate(types) if kind == "text"}
    sampled = {place: evidence_of(sample) for place, sample in samples.items()}
    decimal = "," if asked == "comma" else "." if asked == "point" else _common_mark(samples)
    states = [
        State("text")  # for a word such as Total in it
        if place in ignored and kind == "text"
        else State("ignored" if place in ignored or kind == "nested" else "plain")
        if kind != "text"
        else State(_first_kind(samples[place], sampled[place], source.delimiter, decimal, asked, place in numbers))
        for place, kind in enumerate(types)
    ]
    while True:
        matrix, filled, again = _one_pass(source, states, decimal)
        if not again:
            again = _second_thoughts(source, states, matrix, decimal, numbers, sampled)
        if not again:
            return Gathered(matrix, states, filled, decimal, sampled)
        for place, kind in again.items():
            states[place].kind = kind


def _one_pass(
    source: Blocks, states: Sequence[State], decimal: str
) -> tuple[NDArray[np.float64], NDArray[np.int32], dict[int, Kind]]:
    """Read all rows once; return the spool, which rows are filled, and the columns that turned out otherwise."""
    width = 0
    for state in states:
        state.begin()
        slots = {"plain": 1, "number": 2, "date": 2}.get(state.kind, 0)
        state.slots = tuple(range(width, width + slots))
        width += slots
    spool, filled, row = Spool(width), [], 0
    try:
        for block in source.blocks([state.kind for state in states], decimal):
            rows = len(block[0])
            again = {
                place: _kind_of_misfit(state, values)
                for place, (state, values) in enumerate(zip(states, block, strict=True))
                if state.kind == "plain" and not isinstance(values, np.ndarray)
            }
            if again:
                spool.close()
                return np.empty((0, 0)), np.empty(0, np.int32), again
            count = np.zeros(rows, dtype=np.int32)
            columns: list[NDArray[np.float64]] = []
            for state, values in zip(states, block, strict=True):
                spooled, known = state.add(values, row)
                columns += spooled
                count += known
            spool.append(columns, rows)
            filled.append(count)
            row += rows
    except BaseException:
        spool.close()
        raise
    return spool.matrix(), np.concatenate(filled) if filled else np.empty(0, np.int32), {}


def _common_mark(samples: dict[int, Any]) -> str:
    """Return the decimal mark that the C reader is told: the one that more columns of plain numbers have."""
    counts = {".": 0, ",": 0}
    for sample in samples.values():
        for mark in counts:
            if plain_numbers(sample, mark) and not plain_numbers(sample, "," if mark == "." else "."):
                counts[mark] += 1
    return "," if counts[","] > counts["."] else "."


def _first_kind(
    sample: Any, evidence: Evidence, delimiter: str | None, decimal: str, asked: Decimal | None, number: bool
) -> Kind:
    """Return how a column is to be read, from a sample of it."""
    import pyarrow.compute as pc

    known = len(sample) - sample.null_count
    if known == 0:
        return "plain"
    if is_code(evidence) and not number:
        return "text"
    if plain_numbers(sample, decimal):
        certain = asked is not None or (delimiter == "," and decimal == ".")
        mark = "point" if decimal == "." else "comma"
        marks = pc.any(pc.match_substring(sample, decimal)).as_py()
        plain = delimiter is not None and (certain or not marks or evidence.proven() == {mark})
        return "plain" if plain else "number"
    if 2 * evidence.numbers >= evidence.known:
        return "number"
    dates = DateEvidence()
    read_dates(sample, dates)
    return "date" if dates.dates >= 0.9 * dates.known else "text"


def evidence_of(texts: Any) -> Evidence:
    """Return what some texts of a column say about how its numbers are written."""
    evidence = Evidence()
    read_numbers(texts, evidence)
    return evidence


def is_code(evidence: Evidence) -> bool:
    """Tell whether digits are codes, such as post codes, and no amounts.

    They all have one length, and some begin with 0; or most begin with 0, as phone numbers do. Of 6,127 columns of
    real tables three are so, all of them codes; pandas makes numbers of them.
    """
    if not evidence.leading_zeros or evidence.plain != evidence.known:
        return False
    return (len(evidence.lengths) == 1 and max(evidence.lengths) > 1) or 2 * evidence.leading_zeros > evidence.known


def _kind_of_misfit(state: State, texts: Any) -> Kind:
    """Return how to read a column in which the C reader met something else."""
    if state.known:
        return "number"
    kind = _first_kind(texts, evidence_of(texts), None, ".", None, number=False)
    return "number" if kind == "plain" else kind


def is_typo(evidence: Evidence) -> bool:
    """Tell whether the few values that are no numbers are mistakes, and not what makes the column one of texts.

    At most one in twenty, or one among four and more, and the numbers are many: ``0, 1, 2, 3+`` are four groups.
    """
    few = evidence.misfits <= FEW * evidence.known or (evidence.misfits == 1 and evidence.known >= 4)
    return evidence.misfits > 0 and few


def _second_thoughts(
    source: Blocks,
    states: Sequence[State],
    matrix: NDArray[np.float64],
    decimal: str,
    numbers: set[int],
    sampled: dict[int, Evidence],
) -> dict[int, Kind]:
    """Return the columns that all rows together show to be of another kind than the sample did."""
    again: dict[int, Kind] = {}
    safe = source.delimiter == "," and decimal == "."
    for place, state in enumerate(states):
        if source.types[place] != "text":
            continue
        if state.kind == "plain" and state.known:
            sample = sampled[place]
            whole = sample.plain == sample.known
            values = matrix[:, state.slots[0]]
            if whole and not safe and state.marked:
                again[place] = "number"
            elif whole and len(sample.lengths) == 1 and place not in numbers:
                length = next(iter(sample.lengths))
                least, most = np.nanmin(values), np.nanmax(values)
                if length > 1 and 0 <= least < 10 ** (length - 1) and most < 10**length:
                    again[place] = "number"
        elif state.kind == "number":
            evidence = state.evidence
            code = is_code(evidence) and place not in numbers
            mixed = evidence.misfits > 0 and not _is_column_of_numbers(matrix, state)
            if code or mixed or evidence.unit() is None:
                again[place] = "text"
        elif state.kind == "date" and state.dates.dates < state.dates.known:
            again[place] = "text"
    return again


def _is_column_of_numbers(matrix: NDArray[np.float64], state: State) -> bool:
    """Tell whether a column with values that are no numbers is one of numbers all the same, with mistakes in it."""
    evidence = state.evidence
    if not is_typo(evidence):
        return False
    values = matrix[:100_000, state.slots[0]]
    other = matrix[:100_000, state.slots[1]]
    known = np.where(np.isnan(values), other, values)
    known = known[~np.isnan(known)]
    return len(np.unique(known)) > min(10, len(known) / 2)
