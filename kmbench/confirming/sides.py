"""Commits of a history, built once each and measured against each other, taking turns."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from kmbench.analysis.cells import CellSummary
from kmbench.analysis.run import Run
from kmbench.comparison import epoch_means
from kmbench.errors import GateError
from kmbench.gate.checkout import commit_of
from kmbench.gate.revisions import Revision, build_tree
from kmbench.gate.subset import study_of
from kmbench.records import CellKey, Status, label_of
from kmbench.runner.events import Listener
from kmbench.runner.run import run_study
from kmbench.study import Study

__all__ = ["BudgetSpentError", "Sides"]

VALUES: dict[str, Callable[[CellSummary], float | None]] = {
    "track_inertia": lambda row: row.inertia,
    "track_iterations": lambda row: row.n_iter,
    "track_agreement_loss": lambda row: None if row.matched_agreement is None else 1 - row.matched_agreement,
    "track_peak_extra_bytes": lambda row: row.peak_extra_bytes,
}
"""What asv's metrics are in a run."""


class BudgetSpentError(Exception):
    """There is no time left for another measurement."""


class Sides:
    """Builds and measures commits within a budget.

    Parameters
    ----------
    repository : Path
        A folder of the git checkout that holds the commits.
    study : Study
        How cells are measured.
    folder : Path
        For trees and run folders.
    budget_seconds : float
        No measurement is begun after it.
    isolated : bool
        See `kmbench.gate.revisions.build_revision`.
    listener : callable
        Takes the events of the runs.
    """

    def __init__(
        self,
        repository: Path,
        study: Study,
        folder: Path,
        *,
        budget_seconds: float,
        isolated: bool,
        listener: Listener,
    ) -> None:
        self.repository = repository
        self._study, self._folder, self._isolated, self._listener = study, folder, isolated, listener
        self._ends = time.monotonic() + budget_seconds
        self._built: dict[str, Revision | GateError] = {}
        self._runs = 0

    @property
    def is_spent(self) -> bool:
        """Whether the budget is."""
        return time.monotonic() >= self._ends

    def build(self, commit: str) -> Revision:
        """Return a commit as a tree; each is built once.

        Raises
        ------
        GateError
            If it cannot be built or measured by this kmbench.
        """
        if commit not in self._built:
            try:
                whole = commit_of(self.repository, commit, "commit")
                self._built[commit] = build_tree(
                    self.repository, whole, self._folder / whole, "commit", isolated=self._isolated
                )
            except GateError as error:
                self._built[commit] = error
        found = self._built[commit]
        if isinstance(found, GateError):
            raise found
        return found

    def why_not(self, commit: str) -> str | None:
        """Return why a commit cannot be measured, or None."""
        try:
            self.build(commit)
        except GateError as error:
            return error.what
        return None

    def run(self, keys: Sequence[CellKey], commits: Sequence[str], epochs: int) -> Run:
        """Measure some cells with each of some commits, in turns.

        Raises
        ------
        GateError
            If one cannot be built.
        BudgetSpentError
        """
        if self.is_spent:
            raise BudgetSpentError
        trees = {revision.name: revision.tree for revision in map(self.build, commits)}
        self._runs += 1
        part = study_of(self._study, keys, repeats=epochs)
        result = run_study(part, self._folder / f"run-{self._runs}", False, self._listener, trees)
        return Run(records=result.records, study=result.study, host=result.host, folder=result.folder)

    def seconds(self, run: Run, key: CellKey, commit: str) -> dict[tuple[int, int], float]:
        """Return a cell's times of a commit by epoch.

        Raises
        ------
        GateError
            If it failed there.
        """
        return epoch_means(run.counted[self._row(run, key, commit).cell_id], "fit_predict_seconds")

    def logs(self, run: Run, key: CellKey, old: str, new: str) -> list[float]:
        """Return the logarithms of the new time over the old one in the epochs that both have."""
        before, after = (self.seconds(run, key, commit) for commit in (old, new))
        return [math.log(after[epoch] / before[epoch]) for epoch in sorted(before.keys() & after.keys())]

    def value(self, run: Run, key: CellKey, commit: str, metric: str) -> float:
        """Return a figure that a cell has once.

        Raises
        ------
        GateError
            If it failed there, or has no such figure.
        """
        found = VALUES[metric](self._row(run, key, commit))
        if found is None:
            raise GateError(f"{key.label} at {commit[:8]} has no {metric.removeprefix('track_')}")
        return float(found)

    def _row(self, run: Run, key: CellKey, commit: str) -> CellSummary:
        wanted = (key.dataset, key.k, key.threads, key.seed, label_of(key.backend, key.parameters))
        name = self.build(commit).name
        for row in run.cells:
            own = (row.dataset, row.k, row.threads, row.seed, label_of(row.backend, row.parameters))
            if own == wanted and row.revision == name:
                if row.status is not Status.OK:
                    raise GateError(f"{wanted[-1]} at {name} is {row.status.value} ({row.reason})")
                return row
        raise GateError(f"{wanted[-1]} at {name} was not measured")
