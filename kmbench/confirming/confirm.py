"""Measure both sides of each change that a history shows, now and in turns, and find the commit that made it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmbench.analysis.confirmations import (
    CONFIRMATIONS_FILE,
    Confirmation,
    Finding,
    confirmation_of,
    read_confirmations,
)
from kmbench.analysis.history import has_moved, history_frame
from kmbench.comparison import paired_ratio
from kmbench.confirming.bisect import bisect
from kmbench.confirming.cells import matching_key
from kmbench.confirming.decide import LOOKS, decide
from kmbench.confirming.sides import BudgetSpentError, Sides
from kmbench.confirming.suspects import Suspect, SuspectCell, suspects_of
from kmbench.errors import GateError
from kmbench.gate.checkout import commits_between
from kmbench.records import CellKey

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["confirm_history"]

Tell = Callable[[Suspect, Confirmation | None], None]

Pairs = list[tuple[SuspectCell, CellKey]]

BISECTION_PAIRS, SMALL_STEP = 8, 0.15
"""Epochs for each commit between; twice as many for steps smaller than this share, which noise can turn around."""


def confirm_history(frame: pd.DataFrame, folder: Path, sides: Sides, keys: Sequence[CellKey], tell: Tell) -> None:
    """Measure the changes of a history that are not settled, and keep beside it what they came to.

    Parameters
    ----------
    frame : DataFrame
        Of `kmbench.asv_frame`.
    folder : Path
        asv's results folder, which takes the file of confirmations.
    sides : Sides
    keys : sequence of CellKey
        Cells of the study, among which those of the history are looked up.
    tell : callable
        Takes each change with what it came to: one that was kept, a new one, or None where the budget was spent.
    """
    kept = read_confirmations(folder)
    for suspect in suspects_of(history_frame(frame)):
        known = confirmation_of(kept, suspect.metric, suspect.names, suspect.up, suspect.after)
        if known is not None and known.found.is_final:
            tell(suspect, known)
            continue
        if sides.is_spent:
            tell(suspect, known)
            continue
        found = _confirm(suspect, sides, keys)
        with (folder / CONFIRMATIONS_FILE).open("a", encoding="utf-8") as lines:
            lines.write(found.to_line() + "\n")
        kept.append(found)
        tell(suspect, found)


def _confirm(suspect: Suspect, sides: Sides, keys: Sequence[CellKey]) -> Confirmation:
    """Return what a change comes to."""
    matched = [(cell, key) for cell in suspect.cells if (key := matching_key(cell, keys)) is not None]
    told: dict[str, Any] = {"commits": suspect.commits}
    skipped: dict[str, str] = {}
    try:
        if not matched:
            raise GateError(f"the study has no cell {suspect.cells[0].name}")
        told["commits"] = commits = _all_commits(suspect, sides, skipped)
        told |= (_time if suspect.is_time else _exact)(suspect, matched, commits, sides, skipped)
    except GateError as error:
        told |= {"found": Finding.NOT_MEASURED, "reason": error.what}
    except BudgetSpentError:
        told |= {"found": Finding.UNDECIDED, "reason": "the budget was spent"}
    names = tuple(cell.name for cell, _ in matched) or suspect.names
    return Confirmation(
        metric=suspect.metric,
        up=suspect.up,
        skipped=skipped,
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        **({"cells": names} | told),
    )


def _all_commits(suspect: Suspect, sides: Sides, skipped: dict[str, str]) -> tuple[str, ...]:
    """Return every commit of the repository from one side to the other, where both sides can be measured.

    Raises
    ------
    GateError
        If no commit on one of the sides can be.
    """
    known = suspect.commits
    first = known.index(suspect.before)
    low = _measurable(known[: first + 1], sides, skipped)
    high = _measurable(known[: known.index(suspect.after) - 1 : -1], sides, skipped)
    between = commits_between(sides.repository, low, high)
    if between:
        return (low, *between[:-1], high)
    return known[known.index(low) : known.index(high) + 1]


def _measurable(commits: Sequence[str], sides: Sides, skipped: dict[str, str]) -> str:
    """Return the first of some commits that can be built."""
    for commit in commits:
        reason = sides.why_not(commit)
        if reason is None:
            return commit
        skipped[commit] = reason
    raise GateError(skipped[commits[-1]])


def _time(
    suspect: Suspect, matched: Pairs, commits: Sequence[str], sides: Sides, skipped: dict[str, str]
) -> dict[str, Any]:
    """Measure a change of time until it is decided, and find its commit."""
    old, new = commits[0], commits[-1]
    logs: dict[str, list[float]] = {cell.name: [] for cell, _ in matched}
    open_cells, found = matched, Finding.UNDECIDED
    winner = matched[0]
    for look in LOOKS:
        run = sides.run([key for _, key in open_cells], (old, new), look - len(logs[open_cells[0][0].name]))
        for cell, key in open_cells:
            logs[cell.name] += sides.logs(run, key, old, new)
        findings = [decide(logs[cell.name], cell.log_step, len(matched)) for cell, _ in open_cells]
        if Finding.CONFIRMED in findings:
            found, winner = Finding.CONFIRMED, open_cells[findings.index(Finding.CONFIRMED)]
            break
        open_cells = [pair for pair, told in zip(open_cells, findings, strict=True) if told is Finding.UNDECIDED]
        if not open_cells:
            found = Finding.REFUTED
            break
        winner = open_cells[0]
    cell, key = winner
    own = logs[cell.name]
    ratio = paired_ratio([math.exp(log) for log in own], [1.0] * len(own))
    told: dict[str, Any] = {"found": found, "ratio": ratio.ratio, "low": ratio.low, "high": ratio.high}
    told |= {"pairs": len(own), "cells": (cell.name, *(c.name for c, _ in matched if c is not cell))}
    if found is Finding.CONFIRMED:
        epochs = BISECTION_PAIRS * (2 if abs(math.log(ratio.ratio)) < math.log1p(SMALL_STEP) else 1)

        def is_new(commit: str) -> bool | None:
            def nearer() -> bool:
                run = sides.run([key], (old, commit, new), epochs)
                moved, whole = (statistics.fmean(sides.logs(run, key, old, other)) for other in (commit, new))
                return abs(moved - whole) < abs(moved)

            return _unless_broken(commit, nearer, skipped)

        told |= _located(commits, is_new)
    return told


def _exact(
    suspect: Suspect, matched: Pairs, commits: Sequence[str], sides: Sides, skipped: dict[str, str]
) -> dict[str, Any]:
    """Measure a figure that chance does not move on both sides, and find its commit."""
    old, new = commits[0], commits[-1]
    cell, key = matched[0]
    run = sides.run([key], (old, new), 1)
    before, after = (sides.value(run, key, commit, suspect.metric) for commit in (old, new))
    moved = has_moved(suspect.metric, before, after) and (after > before) == suspect.up
    told: dict[str, Any] = {"ratio": after / before if before else None, "cells": (cell.name,)}
    if not moved:
        return told | {"found": Finding.REFUTED}

    def is_new(commit: str) -> bool | None:
        def nearer() -> bool:
            value = sides.value(sides.run([key], (commit,), 1), key, commit, suspect.metric)
            return abs(value - after) < abs(value - before)

        return _unless_broken(commit, nearer, skipped)

    return told | {"found": Finding.CONFIRMED} | _located(commits, is_new)


def _unless_broken(commit: str, ask: Callable[[], bool], skipped: dict[str, str]) -> bool | None:
    try:
        return ask()
    except GateError as error:
        skipped[commit] = error.what
        return None


def _located(commits: Sequence[str], is_new: Callable[[str], bool | None]) -> dict[str, Any]:
    """Return where a confirmed change lies; where time runs out, within which commits is all that is known."""
    try:
        before, at = bisect(commits, is_new)
    except BudgetSpentError:
        return {"before": commits[0], "at": commits[-1], "reason": "the budget was spent before it was located"}
    return {"before": before, "at": at}
