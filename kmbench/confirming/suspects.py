"""The changes that a history shows, each with the cells to measure and the commits to look at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from kmbench.analysis.history import Change, changes
from kmbench.analysis.time_changes import Candidate, LineStep, candidates

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TIMES", "Suspect", "SuspectCell", "suspects_of"]

TIMES = ("track_fit_predict_ratio", "track_fit_predict_seconds")

MOST_CELLS = 3
"""Cells of a change that are measured: those that moved most."""

BESIDE = 1
"""Commits by which the vote may be off, and by which the sides of a change of time are moved apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectCell:
    """A cell that moved: its name in the history, what makes it, and the logarithm of new over old."""

    name: str
    backend: str
    parameters: dict[str, Any]
    log_step: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A change that a history shows.

    Attributes
    ----------
    metric : str
    up : bool
        Whether the figure rose.
    cells : tuple of SuspectCell
        Those that moved most, the strongest first.
    commits : tuple of str
        Commits of the history, the oldest first: the change lies after the first, and at the last at the latest.
    before, after : str
        The commits between which the history shows it.
    """

    metric: str
    up: bool
    cells: tuple[SuspectCell, ...]
    commits: tuple[str, ...]
    before: str
    after: str

    @property
    def is_time(self) -> bool:
        """Whether it is a change of time, which takes statistics."""
        return self.metric in TIMES

    @property
    def names(self) -> tuple[str, ...]:
        """The cells' names."""
        return tuple(cell.name for cell in self.cells)


def suspects_of(history: pd.DataFrame) -> list[Suspect]:
    """Return the changes of a history; the same in several environments is one.

    Those that take one measurement come first, then the changes of time, the strongest first: a budget that ends
    early leaves out what costs most and shows least.

    Parameters
    ----------
    history : DataFrame
        Of `kmbench.analysis.history.history_frame`.
    """
    places = dict(zip(history["commit"], history["position"], strict=True))
    order = sorted(places, key=lambda commit: int(places[commit]))
    found = [*_times(candidates(history), order), *_exact(changes(history), order)]
    merged: list[Suspect] = []
    for one in sorted(found, key=lambda one: -max(abs(cell.log_step) for cell in one.cells)):
        if not any(_is_same(one, other) for other in merged):
            merged.append(one)
    return sorted(merged, key=lambda one: one.is_time)  # they stand by strength already


def _is_same(one: Suspect, other: Suspect) -> bool:
    same = (one.metric, one.up) == (other.metric, other.up) and not {*one.names}.isdisjoint(other.names)
    return same and one.after in other.commits[1:]


def _times(found: Iterable[Candidate], order: Sequence[str]) -> Iterator[Suspect]:
    listed = [own for one in found for own in _apart(one.steps, order)]
    turns = {order.index(step.after) for steps in listed for step in steps}
    for steps in listed:
        before = min((step.before for step in steps), key=order.index)
        after = max((step.after for step in steps), key=order.index)
        first, last = order.index(before), order.index(after)
        # Moved apart, but not across another change.
        if first > 0 and first not in turns:
            first -= BESIDE
        if last + 1 < len(order) and last + 1 not in turns:
            last += BESIDE
        strongest = sorted(steps, key=lambda step: -abs(math.log(step.ratio)))[:MOST_CELLS]
        yield Suspect(
            metric=strongest[0].line.metric,
            up=strongest[0].ratio > 1,
            cells=tuple(_cell(step) for step in strongest),
            commits=tuple(order[first : last + 1]),
            before=before,
            after=after,
        )


def _apart(steps: Iterable[LineStep], order: Sequence[str]) -> list[list[LineStep]]:
    """Return steps that lie at one commit, or beside it: the history shows those of near commits as one change."""
    groups: list[list[LineStep]] = []
    for step in sorted(steps, key=lambda step: order.index(step.after)):
        if groups and order.index(step.after) - order.index(groups[-1][0].after) <= BESIDE:
            groups[-1].append(step)
        else:
            groups.append([step])
    return groups


def _cell(step: LineStep) -> SuspectCell:
    return SuspectCell(
        name=step.line.cell,
        backend=step.line.backend,
        parameters=step.line.parameters,
        log_step=math.log(step.ratio),
    )


def _exact(found: Iterable[Change], order: Sequence[str]) -> Iterator[Suspect]:
    def place(change: Change) -> tuple[str, bool, int, int, str, str]:
        before, after = order.index(change.before), order.index(change.after)
        return change.metric, change.worse, after, before, change.machine, change.environment

    for (metric, up, after, before, *_), group in groupby(sorted(found, key=place), key=place):
        cells = [
            SuspectCell(
                name=change.cell,
                backend=change.backend,
                parameters=change.parameters,
                log_step=math.log((abs(change.new) or 1e-12) / (abs(change.old) or 1e-12)),
            )
            for change in group
        ]
        cells.sort(key=lambda cell: -abs(cell.log_step))
        yield Suspect(
            metric=metric,
            up=up,
            cells=tuple(cells[:MOST_CELLS]),
            commits=tuple(order[before : after + 1]),
            before=order[before],
            after=order[after],
        )
