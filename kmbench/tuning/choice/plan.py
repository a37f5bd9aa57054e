"""What a tuning is asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.index.training import Training
from kmbench.tuning.problem.constraints import Constraints
from kmbench.tuning.problem.data import Problem
from kmbench.tuning.problem.truth import Progress
from kmbench.tuning.timing.search import SearchSetup

__all__ = ["TuningPlan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningPlan:
    """All that a tuning is asked to do, checked and read.

    Attributes
    ----------
    problem : Problem
    asked : Constraints
    kinds : sequence of Kind
        Kinds of index that are tried.
    nlists : sequence of int
        Numbers of lists that are tried, rising.
    grows : bool
        Larger numbers of lists may be tried too; a caller who names them wants those.
    thorough : bool
        Every number of lists is trained in full and timed.
    training : Training
    setup : SearchSetup
        How indexes are searched and timed.
    epochs : int
        Processes that each index is timed in.
    gpu : str or None
        Name of the GPU that indexes are searched on.
    progress : callable
    """

    problem: Problem
    asked: Constraints
    kinds: Sequence[Kind]
    nlists: Sequence[int]
    grows: bool = True
    thorough: bool = False
    training: Training
    setup: SearchSetup
    epochs: int
    gpu: str | None
    progress: Progress

    def kind(self, name: str) -> Kind:
        """Return a kind of index by its name."""
        return next(kind for kind in self.kinds if kind.name == name)
