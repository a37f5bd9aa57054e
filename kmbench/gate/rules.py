"""What a study says about its cells as a gate: the margin of each, and which are tracked without failing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kmbench.analysis.cells import CellSummary
from kmbench.backends.grid import expand_backends
from kmbench.errors import StudyError
from kmbench.gate.evidence import MARGIN
from kmbench.records import label_of
from kmbench.study import Block, Study
from kmbench.workloads import expand_workloads

__all__ = ["CellRule", "RuleOf", "plain_rule", "rules_of"]


@dataclass(frozen=True, slots=True)
class CellRule:
    """How one cell is judged.

    Attributes
    ----------
    margin : float
        Share by which its time may be longer.
    tracked : bool
        Whether it is reported without failing the gate.
    """

    margin: float = MARGIN
    tracked: bool = False


RuleOf = Callable[[CellSummary], CellRule]


def plain_rule(margin: float) -> RuleOf:
    """Return the rule of a study that says nothing of its own."""
    rule = CellRule(margin)
    return lambda _: rule


def rules_of(study: Study, margin: float | None = None) -> RuleOf:
    """Return the rule of each cell of a study.

    Parameters
    ----------
    study : Study
    margin : float, optional
        As a share; replaces those of the study.

    Raises
    ------
    StudyError
        If a block tracks what is not among its backends.
    """
    blocks = [(block, _workloads(block)) for block in study.blocks()]
    for block, _ in blocks:
        _check_tracked(block)

    def rule(row: CellSummary) -> CellRule:
        block = next((block for block, workloads in blocks if _holds(block, workloads, row)), None)
        if block is None:  # a cell of no block of this study
            return CellRule(MARGIN if margin is None else margin)
        own = MARGIN if block.margin is None else block.margin / 100
        return CellRule(own if margin is None else margin, _is_tracked(block, row))

    return rule


def _check_tracked(block: Block) -> None:
    choices = expand_backends(block.backends or "")
    known = dict.fromkeys([label_of(choice.name, choice.given) for choice in choices])
    for name in block.tracked if isinstance(block.tracked, list) else []:
        if name not in known and all(name != choice.name for choice in choices):
            raise StudyError(f"tracked = {name!r} is not among the backends", f"known: {', '.join(known)}")


def _workloads(block: Block) -> list[str | None]:
    return [None] if block.workload is None else [*expand_workloads(block.workload)]


def _holds(block: Block, workloads: list[str | None], row: CellSummary) -> bool:
    first = block.seed or 0
    return (
        row.dataset in (block.data or ())
        and row.k in (block.k or ())
        and row.workload in workloads
        and (row.protocol, row.iterations) == (block.protocol, block.iterations)
        and (block.threads is None or row.threads in block.threads)
        and first <= row.seed < first + (block.seeds or 1)
    )


def _is_tracked(block: Block, row: CellSummary) -> bool:
    if isinstance(block.tracked, list):
        return label_of(row.backend, row.parameters) in block.tracked or row.backend in block.tracked
    return bool(block.tracked)
