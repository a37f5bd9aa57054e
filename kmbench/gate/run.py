"""Run the gate: build both revisions, measure them in turns, judge, and measure the failing cells once more."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kmbench.analysis.run import Run
from kmbench.errors import GateError
from kmbench.gate.judge import MARGIN, CellVerdict, Finding, Outcome, judge
from kmbench.gate.revisions import Revision, build_revision
from kmbench.records import CellKey, Record, label_of
from kmbench.runner.events import Listener
from kmbench.runner.run import run_study
from kmbench.study import Block, Study

__all__ = ["GateResult", "confirm", "failing_study", "run_gate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What a gate found.

    Attributes
    ----------
    cells : list of CellVerdict
        With the failing ones as they stand after the second run.
    repeated : int
        Cells that failed in the first run and were measured again.
    """

    base: Revision
    head: Revision
    margin: float
    cells: list[CellVerdict]
    repeated: int

    @property
    def outcome(self) -> Outcome:
        """``regression`` where any cell has one, else ``pass``."""
        worse = any(cell.outcome is Outcome.REGRESSION for cell in self.cells)
        return Outcome.REGRESSION if worse else Outcome.PASS


def run_gate(
    repository: Path,
    base: str,
    head: str,
    folder: Path,
    *,
    study: Study | None = None,
    margin: float = MARGIN,
    tolerance: float = 0.0,
    listener: Listener,
) -> GateResult:
    """Measure two commits now, on this host, and tell whether the later one is worse.

    Parameters
    ----------
    repository : Path
        A folder of the git checkout that holds both.
    base, head : str
        What names the commits.
    folder : Path
        For the trees and the run folders ``first`` and ``second``.
    study : Study, optional
        What to measure; by default the built-in ``gate``.
    margin, tolerance : float
        See `kmbench.gate.judge.judge`.
    listener : callable
        Takes the events of the runs.

    Raises
    ------
    GateError
        If a revision cannot be built, or no cell could be compared.
    KmbenchError
        If the study will not do.
    """
    chosen = Study.builtin("gate") if study is None else study
    revisions = [build_revision(repository, text, folder, role) for text, role in ((base, "base"), (head, "head"))]
    if revisions[0].commit == revisions[1].commit:  # two cells of one name would be one
        for position, role in enumerate(("base", "head")):
            revisions[position] = dataclasses.replace(revisions[position], name=f"{revisions[position].name}-{role}")
    names = [revision.name for revision in revisions]
    trees = {revision.name: revision.tree for revision in revisions}
    run = _measured(chosen, folder / "first", listener, trees)
    cells = judge(run, *names, margin=margin, tolerance=tolerance)
    if all(cell.outcome is Outcome.NOT_MEASURED for cell in cells):
        raise GateError(f"no cell could be measured: {cells[0].label}: {cells[0].findings[0].text}")
    failing = [cell for cell in cells if cell.outcome is Outcome.REGRESSION]
    if failing:
        repeated = failing_study(chosen, run.records, failing)
        again = judge(
            _measured(repeated, folder / "second", listener, trees), *names, margin=margin, tolerance=tolerance
        )
        second = {(cell.case_id, cell.label): cell for cell in again}
        cells = [confirm(cell, second.get((cell.case_id, cell.label))) for cell in cells]
    return GateResult(base=revisions[0], head=revisions[1], margin=margin, cells=cells, repeated=len(failing))


def _measured(study: Study, folder: Path, listener: Listener, trees: Mapping[str, Path]) -> Run:
    result = run_study(study, folder, False, listener, trees)
    return Run(records=result.records, study=result.study, host=result.host, folder=result.folder)


def failing_study(study: Study, records: Sequence[Record], failing: Sequence[CellVerdict]) -> Study:
    """Return a study of nothing but the failing cells."""
    wanted = {row.cell_id for cell in failing for row in (cell.base, cell.head) if row is not None}
    keys: dict[str, list[CellKey]] = {}
    for record in records:
        if record.key.cell_id in wanted:
            keys.setdefault(record.key.case_id, []).append(record.key)
    blocks = []
    for cells in keys.values():
        key = cells[0]
        labels = dict.fromkeys(label_of(cell.backend, cell.parameters) for cell in cells)
        blocks.append(
            Block(
                data=[key.dataset],
                workload=key.workload,
                k=[key.k],
                backends=",".join(labels),
                iterations=key.iterations,
                protocol=key.protocol,
                threads=[key.threads],
                seed=key.seed,
                seeds=1 if key.protocol == "target" else None,
            )
        )
    how = study.model_dump(exclude={*Block.model_fields, "cases", "baseline"})
    return Study.build(how | {"cases": blocks}, "the second run")


def confirm(first: CellVerdict, second: CellVerdict | None) -> CellVerdict:
    """Keep a regression only where the second run, which measured the cell anew, finds the same figure worse."""
    if first.outcome is not Outcome.REGRESSION or second is None:
        return first
    kept = [finding for finding in second.findings if not finding.worse or finding.figure in first.worse]
    for finding in first.findings:
        if finding.worse and finding.figure not in second.worse:
            kept.append(Finding(finding.figure, f"not confirmed by a second run: {finding.text}", False))
    worse = any(finding.worse for finding in kept)
    outcome = Outcome.REGRESSION if worse else Outcome.PASS
    return dataclasses.replace(second, outcome=outcome, findings=tuple(kept))
