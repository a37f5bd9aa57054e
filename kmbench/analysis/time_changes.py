"""Where a backend became faster or slower over the commits: the vote on each line, and lines that step together.

What is judged is the time over the baseline's in the same epochs, because the host's drift cancels in it. A line that
has no such ratio is judged by its seconds, and says that drift of the host is not excluded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kmbench.analysis.change_points import Step, commits_until_seen, smallest_step, vote
from kmbench.analysis.detectors import LEAST_COMMITS, hampel, noise_of
from kmbench.comparison import unpaired_ratio

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RATIO", "SECONDS", "Candidate", "Line", "LineStep", "candidates", "lines_of"]

RATIO, SECONDS = "track_fit_predict_ratio", "track_fit_predict_seconds"

TOGETHER = 2
"""Commits by which the steps of two lines may lie apart and still be one change."""

AT_THE_END = 0.10
"""The step for which a line says after how many commits it would show at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One cell's time over the commits.

    Attributes
    ----------
    parameters : dict
        What makes the cell, with the backend.
    metric : str
        `RATIO`, or `SECONDS` where the cell has no ratio.
    commits : tuple of str
        Those with a value, the oldest first.
    points : tuple of float
        The figure at each of them.
    noise : float or None
        Standard deviation of the logarithms around the levels; None for a line too short to be judged.
    smallest_step : float or None
        The smallest step, as a share, that shows in the middle of the line in four of five such lines.
    shows_after : int or None
        Commits after which a step of 10 % at the end of the line shows; None: never.
    """

    machine: str
    environment: str
    backend: str
    parameters: dict[str, Any]
    cell: str
    metric: str
    commits: tuple[str, ...]
    points: tuple[float, ...]
    noise: float | None
    smallest_step: float | None
    shows_after: int | None

    @property
    def drift_excluded(self) -> bool:
        """Whether what the host does to all backends cancels."""
        return self.metric == RATIO


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStep:
    """A step of one line.

    Attributes
    ----------
    before, after : str
        The last commit of the old level and the first of the new one.
    ratio, low, high : float or None
        New time over old one, with the 95 % interval of Welch's t on the logarithms of the two levels.
    votes : tuple of str
        The detectors that found it.
    """

    line: Line
    position: int
    before: str
    after: str
    ratio: float
    low: float | None
    high: float | None
    votes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Steps of several lines at about the same commit: one change, if it is one.

    Attributes
    ----------
    before, after : str
        The change lies after `before`, and at `after` at the latest: the widest range over the lines.
    steps : tuple of LineStep
        The largest first.
    """

    machine: str
    environment: str
    before: str
    after: str
    steps: tuple[LineStep, ...]

    @property
    def slower(self) -> bool:
        """Whether the largest step is a slowdown."""
        return self.steps[0].ratio > 1


def lines_of(history: pd.DataFrame) -> list[Line]:
    """Return the lines of time of a history, those with the ratio to the baseline where there is one.

    Parameters
    ----------
    history : DataFrame
        Of `kmbench.analysis.history.history_frame`.
    """
    chosen = history[history["metric"].isin([RATIO, SECONDS]) & (history["value"] > 0)]
    found = []
    for _, cell in chosen.groupby(["machine", "environment", "group", "cell"], sort=False):
        rows = cell[cell["metric"] == RATIO]
        if rows.empty or (rows["value"] == 1.0).all():  # the baseline itself has nothing but its seconds
            rows = cell[cell["metric"] == SECONDS]
        rows = rows.sort_values("position").drop_duplicates("commit", keep="last")
        found.append(_line(rows))
    return found


def _line(rows: pd.DataFrame) -> Line:
    first = rows.iloc[0]
    values = rows["value"].to_numpy(dtype=np.float64)
    count = len(values)
    noise = noise_of(hampel(np.log(values))) if count >= LEAST_COMMITS else None
    cell, backend = str(first["cell"]), str(first["backend"])
    return Line(
        machine=str(first["machine"]),
        environment=str(first["environment_name"]),
        backend=backend,
        parameters=first["parameters"],
        cell=cell if cell.startswith(backend) else f"{backend}, {cell}",
        metric=str(first["metric"]),
        commits=tuple(map(str, rows["commit"])),
        points=tuple(map(float, values)),
        noise=noise,
        smallest_step=None if noise is None else smallest_step(noise, count // 2, count - count // 2),
        shows_after=None if noise is None else commits_until_seen(noise, count, AT_THE_END),
    )


def candidates(history: pd.DataFrame) -> list[Candidate]:
    """Return the changes of time that two of three detectors agree on, the latest first.

    Parameters
    ----------
    history : DataFrame
        Of `kmbench.analysis.history.history_frame`.
    """
    places = dict(zip(history["commit"], history["position"], strict=True))
    steps = [
        _line_step(line, step, places[line.commits[step.at]])
        for line in lines_of(history)
        for step in vote(line.points)
    ]
    steps.sort(key=lambda step: (step.line.machine, step.line.environment, step.ratio > 1, step.position))
    groups: list[list[LineStep]] = []
    for step in steps:
        if groups and _together(groups[-1][-1], step):
            groups[-1].append(step)
        else:
            groups.append([step])
    found = [_candidate(group, places) for group in groups]
    return sorted(found, key=lambda one: (one.machine, one.environment, -places[one.after]))


def _together(one: LineStep, other: LineStep) -> bool:
    """Tell whether two steps are of one machine and environment, in one direction, and at nearby commits."""
    same = (one.line.machine, one.line.environment, one.ratio > 1)
    return same == (other.line.machine, other.line.environment, other.ratio > 1) and (
        other.position - one.position <= TOGETHER
    )


def _candidate(steps: Sequence[LineStep], places: dict[str, int]) -> Candidate:
    first = steps[0]
    return Candidate(
        machine=first.line.machine,
        environment=first.line.environment,
        before=min((step.before for step in steps), key=places.__getitem__),
        after=max((step.after for step in steps), key=places.__getitem__),
        steps=tuple(sorted(steps, key=lambda step: -abs(np.log(step.ratio)))),
    )


def _line_step(line: Line, step: Step, position: int) -> LineStep:
    new, old = line.points[step.at : step.stop], line.points[step.start : step.at]
    interval = unpaired_ratio(new, old)
    return LineStep(
        line=line,
        position=position,
        before=line.commits[step.at - 1],
        after=line.commits[step.at],
        ratio=interval.ratio,
        low=interval.low,
        high=interval.high,
        votes=step.votes,
    )
