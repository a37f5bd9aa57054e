"""Changes of time over the commits, for the page and for ``--json``: by how much, and what could show."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kmbench.analysis.confirmations import Confirmation
from kmbench.analysis.time_changes import Candidate, Line, LineStep
from kmbench.report.history_confirmed import as_object, confirmation_of_step, confirmed_text
from kmbench.wording import count_text, interval_text, times_text

__all__ = ["LineRow", "TimeRow", "line_rows", "time_answers", "time_rows", "times_as_object"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRow:
    """A change of time as the table shows it."""

    commits: str
    cell: str
    size: str
    votes: str
    environment: str
    slower: bool
    confirmed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """What one line can show."""

    cell: str
    environment: str
    commits: int
    noise: str
    smallest: str
    after: str
    drift_excluded: bool


def time_answers(found: Sequence[Candidate], lines: Sequence[Line]) -> Iterator[tuple[str, str, str]]:
    """Yield the sentence about time: whether it changed, and the smallest step that could have shown."""
    judged = [line.smallest_step for line in lines if line.smallest_step is not None]
    if not judged:
        return
    commits = max(len(line.commits) for line in lines)
    could = f"; a step of {statistics.median(judged):.0%} in the middle of the line would show in half of the cells"
    cells = count_text(len(judged), "cell")
    if not found:
        yield (f"Over {commits} commits the time", "did not change", f" in any of {cells}{could}.")
        return
    steps = [(one.environment, step) for one in found for step in one.steps]
    places = {step.after for _, step in steps}
    slower = {(environment, step.line.cell) for environment, step in steps if step.ratio > 1}
    faster = {(environment, step.line.cell) for environment, step in steps if step.ratio <= 1}
    told = f": slower in {number_text(slower)} of {cells}, faster in {number_text(faster)}{could}."
    yield (f"Over {commits} commits the time", f"changed at {count_text(len(places), 'commit')}", told)


def number_text(found: Collection[object]) -> str:
    """Write how many there are."""
    return str(len(found)) if found else "none"


def time_rows(found: Sequence[Candidate], kept: Sequence[Confirmation] = ()) -> list[TimeRow]:
    """Return a row for each line of each change."""
    return [
        TimeRow(
            commits=f"{step.before[:8]}..{step.after[:8]}",
            cell=step.line.cell,
            size=_size(step),
            votes=", ".join(step.votes),
            environment=one.environment,
            slower=step.ratio > 1,
            confirmed=confirmed_text(confirmation_of_step(step, one, kept)),
        )
        for one in found
        for step in one.steps
    ]


def line_rows(lines: Sequence[Line]) -> list[LineRow]:
    """Return for each line how small a step it can show, and how soon."""
    return [
        LineRow(
            cell=line.cell,
            environment=line.environment,
            commits=len(line.commits),
            noise="" if line.noise is None else f"{line.noise:.1%}",
            smallest="too short" if line.smallest_step is None else f"{line.smallest_step:.0%}",
            after="" if line.noise is None else "never" if line.shows_after is None else str(line.shows_after),
            drift_excluded=line.drift_excluded,
        )
        for line in lines
    ]


def times_as_object(
    found: Sequence[Candidate], lines: Sequence[Line], kept: Sequence[Confirmation] = ()
) -> dict[str, Any]:
    """Return the changes of time and the lines, as ``kmbench history --json`` prints them."""
    return {
        "time_changes": [
            {
                "machine": one.machine,
                "environment": one.environment,
                "before": one.before,
                "after": one.after,
                "slower": one.slower,
                "cells": [
                    {
                        "cell": step.line.cell,
                        "metric": step.line.metric,
                        "ratio": step.ratio,
                        "ratio_low": step.low,
                        "ratio_high": step.high,
                        "votes": list(step.votes),
                        "confirmation": as_object(confirmation_of_step(step, one, kept)),
                    }
                    for step in one.steps
                ],
            }
            for one in found
        ],
        "lines": [
            {
                "machine": line.machine,
                "environment": line.environment,
                "cell": line.cell,
                "metric": line.metric,
                "commits": len(line.commits),
                "noise": line.noise,
                "smallest_step": line.smallest_step,
                "shows_after_commits": line.shows_after,
                "drift_excluded": line.drift_excluded,
            }
            for line in lines
        ],
    }


def _size(step: LineStep) -> str:
    if step.low is None or step.high is None:
        return times_text(step.ratio)
    return interval_text(step.ratio, step.low, step.high)
