"""Run the gate: build both revisions, measure them in turns, judge, and measure once more what is blind or fails."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kmbench.analysis.run import Run
from kmbench.backends.grid import expand_backends
from kmbench.backends.registry import get_backend
from kmbench.errors import BackendError, GateError
from kmbench.gate.evidence import MARGIN, pairs_needed
from kmbench.gate.judge import CellVerdict, Finding, Outcome, judge
from kmbench.gate.revisions import Revision, build_revision
from kmbench.gate.rules import RuleOf, rules_of
from kmbench.gate.subset import study_of
from kmbench.records import Record
from kmbench.runner.events import Listener
from kmbench.runner.run import plan, run_study
from kmbench.study import Study

__all__ = ["BUDGET_SECONDS", "GateResult", "confirm", "failing_study", "run_gate"]

BUDGET_SECONDS = 300.0
"""Time for measuring blind cells longer."""

MOST_PAIRS, MOST_TIMES = 64, 3
"""Epochs of a cell that is measured longer, and how often that is tried: its noise is known better each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What a gate found.

    Attributes
    ----------
    margin : float
        That of the cells whose study gives them none of their own.
    cells : list of CellVerdict
        With the failing ones as they stand after the second run.
    repeated : int
        Cells that failed in the first run and were measured again.
    longer : int
        Cells that were blind after the first run and were measured longer.
    """

    base: Revision
    head: Revision
    margin: float
    cells: list[CellVerdict]
    repeated: int
    longer: int = 0

    @property
    def outcome(self) -> Outcome:
        """``regression`` where a cell has one, else ``blind`` where one is, else ``pass``; tracked cells apart."""
        outcomes = {cell.outcome for cell in self.cells if not cell.rule.tracked}
        return next((one for one in (Outcome.REGRESSION, Outcome.BLIND) if one in outcomes), Outcome.PASS)

    @property
    def power_text(self) -> str:
        """What the gate could have found: ``4 of 5 cells find slowdowns from 22 %; the others are blind``."""
        measured = [cell for cell in self.cells if cell.time is not None]
        seeing = [cell for cell in measured if cell.outcome is not Outcome.BLIND and cell.finds_from is not None]
        if not seeing:
            return "no cell could have found a slowdown as large as the margin"
        worst = max(seeing, key=lambda cell: cell.finds_from or 0.0).finds_text
        if len(seeing) == len(measured):
            return f"every cell finds slowdowns from {worst}"
        return f"{len(seeing)} of {len(measured)} cells find slowdowns from {worst}; the others are blind"


def run_gate(
    repository: Path,
    base: str,
    head: str,
    folder: Path,
    *,
    study: Study | None = None,
    margin: float | None = None,
    tolerance: float = 0.0,
    budget_seconds: float = BUDGET_SECONDS,
    isolated: bool = True,
    listener: Listener,
) -> GateResult:
    """Measure two commits now, on this host, and tell whether the later one is worse.

    Parameters
    ----------
    repository : Path
        A folder of the git checkout that holds both: of kmbench, or of a package that the study's backends come
        from or use.
    base, head : str
        What names the commits.
    folder : Path
        For the trees and the run folders ``first``, ``longer-N`` and ``second``.
    study : Study, optional
        What to measure; by default the built-in ``gate``.
    margin : float, optional
        As a share, for all cells; by default that which the study gives a case, else 10 %.
    tolerance : float
        See `kmbench.gate.judge.judge`.
    budget_seconds : float
        For measuring blind cells longer.
    isolated : bool
        See `kmbench.gate.revisions.build_revision`.
    listener : callable
        Takes the events of the runs.

    Raises
    ------
    GateError
        If a revision cannot be built, the study measures nothing of it, or no cell could be compared.
    KmbenchError
        If the study will not do.
    """
    chosen = Study.builtin("gate") if study is None else study
    rules = rules_of(chosen, margin) if study is None else _planned_rules(chosen, margin)
    revisions = [
        build_revision(repository, text, folder, role, isolated=isolated)
        for text, role in ((base, "base"), (head, "head"))
    ]
    for revision in revisions:
        _check_use(chosen, revision)
    if revisions[0].commit == revisions[1].commit:  # two cells of one name would be one
        for position, role in enumerate(("base", "head")):
            revisions[position] = dataclasses.replace(revisions[position], name=f"{revisions[position].name}-{role}")
    names = [revision.name for revision in revisions]
    trees = {revision.name: revision.tree for revision in revisions}
    run = _measured(chosen, folder / "first", listener, trees)
    cells = judge(run, *names, tolerance=tolerance, rules=rules)
    if all(cell.outcome is Outcome.NOT_MEASURED for cell in cells):
        raise GateError(f"no cell could be measured: {cells[0].label}: {cells[0].findings[0].text}")

    blind = [cell for cell in cells if cell.outcome is Outcome.BLIND]
    longer: list[Run] = []
    ends = time.monotonic() + budget_seconds
    while len(longer) < MOST_TIMES and time.monotonic() < ends:
        more = _longer_study(chosen, run.records, cells, ends - time.monotonic())
        if more is None:
            break
        longer.append(_measured(more, folder / f"longer-{len(longer) + 1}", listener, trees))
        cells = judge(run, *names, tolerance=tolerance, rules=rules, longer=longer)

    failing = [cell for cell in cells if cell.outcome is Outcome.REGRESSION]
    if failing:
        epochs = max(len(cell.logs) for cell in failing)
        repeats = None if chosen.repeats is None else max(chosen.repeats, epochs)
        repeated = failing_study(chosen, run.records, failing, repeats=repeats)
        again = judge(
            _measured(repeated, folder / "second", listener, trees), *names, tolerance=tolerance, rules=rules
        )
        second = {(cell.case_id, cell.label): cell for cell in again}
        cells = [confirm(cell, second.get((cell.case_id, cell.label))) for cell in cells]
    return GateResult(
        base=revisions[0],
        head=revisions[1],
        margin=MARGIN if margin is None else margin,
        cells=cells,
        repeated=len(failing),
        longer=len(blind) if longer else 0,
    )


def _planned_rules(study: Study, margin: float | None) -> RuleOf:
    """Return the study's rules, once it is known that it can be planned here."""
    try:
        plan(study)
        return rules_of(study, margin)
    except BackendError as error:
        hint = "the study is planned with the packages installed here: pip install the package that provides it"
        raise GateError(error.what, f"{error.hint}; {hint}" if error.hint else hint) from None


def _check_use(study: Study, revision: Revision) -> None:
    """Make sure that a cell runs code of the commit: else both sides are the same, and every gate passes."""
    if revision.is_kmbench:
        return
    backends = {choice.name for block in study.blocks() for choice in expand_backends(block.backends or "")}
    used = {name: _uses(name) for name in sorted(backends)}
    if not any(uses & {*revision.modules} for uses in used.values()):
        raise GateError(
            f"none of the study's backends ({', '.join(used)}) comes from or uses {', '.join(revision.modules)}",
            "name the backend of this repository in a study: kmbench gate --study FILE",
        )


def _uses(name: str) -> set[str]:
    """Return the import names of the package that brings a backend and of what it requires."""
    backend = get_backend(name)
    return {module.partition(".")[0] for module in (backend.__module__, *backend.requires)}


def _longer_study(
    study: Study, records: Sequence[Record], cells: Sequence[CellVerdict], left_seconds: float
) -> Study | None:
    """Return a study of the blind cells, with the epochs that they lack; None where more would not help."""
    judged = [sum(c.p_slower is not None and c.rule.tracked is tracked for c in cells) for tracked in (False, True)]
    lacking = []
    for cell in cells:
        if cell.outcome is Outcome.BLIND and len(cell.logs) < MOST_PAIRS:
            wanted = pairs_needed(cell.logs, cell.rule.margin, max(1, judged[cell.rule.tracked]), MOST_PAIRS)
            lacking.append((cell, max(2, wanted - len(cell.logs))))
    if not lacking:
        return None
    cases = len({cell.case_id for cell, _ in lacking})
    epochs = max(epochs for _, epochs in lacking)
    return failing_study(
        study, records, [cell for cell, _ in lacking], repeats=epochs, budget=max(1.0, left_seconds / cases)
    )


def _measured(study: Study, folder: Path, listener: Listener, trees: Mapping[str, Path]) -> Run:
    result = run_study(study, folder, False, listener, trees)
    return Run(records=result.records, study=result.study, host=result.host, folder=result.folder)


def failing_study(
    study: Study,
    records: Sequence[Record],
    failing: Sequence[CellVerdict],
    *,
    repeats: int | None = None,
    budget: float | None = None,
) -> Study:
    """Return a study of nothing but some cells, with as many epochs and as much time for a case as given."""
    wanted = {row.cell_id for cell in failing for row in (cell.base, cell.head) if row is not None}
    keys = [record.key for record in records if record.key.cell_id in wanted]
    return study_of(study, keys, repeats=repeats, budget=budget)


def confirm(first: CellVerdict, second: CellVerdict | None) -> CellVerdict:
    """Keep a regression only where the second run, which measured the cell anew, finds the same figure worse."""
    if first.outcome is not Outcome.REGRESSION or second is None:
        return first
    kept = [finding for finding in second.findings if not finding.worse or finding.figure in first.worse]
    for finding in first.findings:
        if finding.worse and finding.figure not in second.worse:
            kept.append(Finding(finding.figure, f"not confirmed by a second run: {finding.text}", False))
    worse = any(finding.worse for finding in kept)
    alone = Outcome.BLIND if second.outcome is Outcome.BLIND else Outcome.PASS
    outcome = Outcome.REGRESSION if worse else alone
    return dataclasses.replace(second, outcome=outcome, findings=tuple(kept))
