"""What is known of a column while a table is read."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.tables.dates import DateEvidence, read_dates
from kmbench.datasets.tables.numbers import Evidence, read_numbers

__all__ = ["Kind", "State"]

Kind = Literal["plain", "number", "date", "text", "ignored"]
"""How a column is read: by the C reader, as numbers by the rules, as dates, as texts, or not at all."""

MOST_LEVELS = 10_000
"""Different texts up to which each row's text is kept."""

MOST_COUNTED = 100_000

NEAR = 4
"""Texts at either end of a column that are kept with their rows."""


@dataclass(slots=True)
class State:
    """What is known of a column while it is read, and when it has been."""

    kind: Kind
    evidence: Evidence = field(default_factory=Evidence)
    dates: DateEvidence = field(default_factory=DateEvidence)
    levels: dict[str, int] = field(default_factory=dict)
    codes: list[NDArray[np.int32]] | None = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    slots: tuple[int, ...] = ()
    known: int = 0
    marked: bool = False
    early: list[tuple[int, str]] = field(default_factory=list)
    recent: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=NEAR))

    def begin(self) -> None:
        """Forget what was read, before another pass."""
        self.evidence, self.dates = Evidence(), DateEvidence()
        self.levels, self.codes, self.seen = {}, [], set()
        self.known, self.marked, self.early = 0, False, []
        self.recent.clear()

    def add(self, values: Any, first_row: int) -> tuple[list[NDArray[np.float64]], NDArray[np.bool_]]:
        """Take a block; return what goes onto the spool, and which values are known."""
        import pyarrow.compute as pc

        if self.kind == "plain":
            if isinstance(values, np.ma.MaskedArray):
                self.marked, values = True, values.data
            known = ~np.isnan(values)
            self.known += int(known.sum())
            return [values], known
        known = np.asarray(pc.is_valid(values))
        self.known += int(known.sum())
        self._remember(values, known, first_row)
        if self.kind == "number":
            read = read_numbers(values, self.evidence, first_row)
            return [read.point, read.comma], known
        if self.kind == "date":
            days = read_dates(values, self.dates, compact=True)
            return [days.day_first, days.month_first], known
        if self.kind == "text":
            self._add_texts(values)
        return [], known

    def _remember(self, texts: Any, known: NDArray[np.bool_], first_row: int) -> None:
        """Keep the first and the last texts with their rows: lines of totals stand there."""
        places = np.flatnonzero(known)
        if len(self.early) < NEAR:
            first = places[: NEAR - len(self.early)]
            self.early += [(first_row + int(row), texts[int(row)].as_py()) for row in first]
        self.recent.extend((first_row + int(row), texts[int(row)].as_py()) for row in places[-NEAR:])

    def text_at(self, row: int) -> str | None:
        """Return the text of one of the first or last rows, None where it is missing, far away or was a number."""
        return next((text for place, text in (*self.early, *self.recent) if place == row), None)

    def _add_texts(self, values: Any) -> None:
        import pyarrow.compute as pc

        if len(self.seen) > MOST_COUNTED:
            return
        if self.codes is None:
            self.seen.update(text for text in pc.unique(values).to_pylist() if text is not None)
            return
        encoded = pc.dictionary_encode(values)
        words = encoded.dictionary.to_pylist()
        numbers = np.array([self.levels.setdefault(word, len(self.levels)) for word in words], dtype=np.int32)
        indices = np.asarray(pc.fill_null(encoded.indices, -1)).astype(np.int64)
        numbers = np.append(numbers, np.int32(-1))
        self.codes.append(numbers[indices])
        if len(self.levels) > MOST_LEVELS:
            self.seen = set(self.levels)
            self.levels, self.codes = {}, None

    @property
    def distinct(self) -> int:
        """Different texts, up to `MOST_COUNTED` and one more."""
        return len(self.seen) if self.codes is None else len(self.levels)
