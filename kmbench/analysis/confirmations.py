"""What became of the changes of a history when both sides were measured again, as kept beside asv's results."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from kmbench.errors import OutputError
from kmbench.wording import count_text, interval_text

__all__ = ["CONFIRMATIONS_FILE", "Confirmation", "Finding", "confirmation_of", "read_confirmations"]

CONFIRMATIONS_FILE = "confirmations.jsonl"
"""In asv's results folder; asv itself reads only what ends with ``.json``."""


class Finding(StrEnum):
    """What measuring both sides of a change came to."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    NOT_MEASURED = "not measured"

    @property
    def is_final(self) -> bool:
        """Whether it stays so, and is not measured again."""
        return self is not Finding.UNDECIDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A change of a history that was measured again.

    Attributes
    ----------
    metric : str
        Which figure, such as ``track_fit_predict_ratio``.
    cells : tuple of str
        Those that were measured.
    up : bool
        Whether the figure rose.
    commits : tuple of str
        The commits of the history between which the change was looked for, the oldest first.
    found : Finding
    before, at : str or None
        Of a confirmed change: the last commit of the old level and the first of the new one. They lie next to each
        other unless those between could not be measured.
    ratio, low, high : float or None
        New over old, of the first cell; a time has its 95 % interval.
    pairs : int
        Epochs in which both sides took turns.
    reason : str or None
        Why it could not be measured or decided.
    skipped : dict of str to str
        Commits that could not be measured, with the reason.
    measured_at : str
        Date and time.
    """

    metric: str
    cells: tuple[str, ...]
    up: bool
    commits: tuple[str, ...]
    found: Finding
    before: str | None = None
    at: str | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    pairs: int = 0
    reason: str | None = None
    skipped: dict[str, str] = dataclasses.field(default_factory=dict)
    measured_at: str = ""

    def is_of(self, metric: str, cells: Iterable[str], up: bool, after: str) -> bool:
        """Tell whether it is of a change of these cells in this direction at the commit `after`."""
        same = (self.metric, self.up) == (metric, up) and not {*self.cells}.isdisjoint(cells)
        return same and after in (*self.commits[1:], self.at)

    def to_line(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(dataclasses.asdict(self))

    @property
    def text(self) -> str:
        """What was found, as a person reads it: ``confirmed at 1a2b3c4d: 1.24x (1.21–1.27), 8 pairs``."""
        told = self.found.value if self.at is None else f"{self.found.value} at {self.at[:8]}"
        figures = []
        if self.ratio is not None and self.low is not None and self.high is not None:
            figures.append(interval_text(self.ratio, self.low, self.high))
        elif self.ratio is not None:
            figures.append(f"{self.ratio:.4g}x")
        if self.pairs:
            figures.append(count_text(self.pairs, "pair"))
        if self.reason is not None:
            figures.append(self.reason)
        if self.skipped:
            figures.append(f"{count_text(len(self.skipped), 'commit')} could not be measured")
        return f"{told}: {', '.join(figures)}" if figures else told


def read_confirmations(folder: Path) -> list[Confirmation]:
    """Return what is kept in asv's results folder, the latest last.

    Raises
    ------
    OutputError
        If a line cannot be read.
    """
    file = folder / CONFIRMATIONS_FILE
    if not file.is_file():
        return []
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found.append(_from_line(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise OutputError(f"{file}: line {number} is not a confirmation: {error}", "remove the line") from None
    return found


def _from_line(values: dict[str, Any]) -> Confirmation:
    told = {"found": Finding(values["found"]), "cells": tuple(values["cells"]), "commits": tuple(values["commits"])}
    return Confirmation(**(values | told))


def confirmation_of(
    kept: Sequence[Confirmation], metric: str, cells: Iterable[str], up: bool, after: str
) -> Confirmation | None:
    """Return what a change came to the last time that it was measured, or None."""
    listed = [*cells]
    return next((one for one in reversed(kept) if one.is_of(metric, listed, up, after)), None)
