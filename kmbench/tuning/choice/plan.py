"""What a tuning is asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from kmbench.errors import TuneError
from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.index.training import Training
from kmbench.tuning.problem.constraints import Constraints
from kmbench.tuning.problem.data import Problem
from kmbench.tuning.problem.filters import RowFilter
from kmbench.tuning.problem.truth import Progress
from kmbench.tuning.recall.probes import Rule
from kmbench.tuning.targets.registry import TargetChoice
from kmbench.tuning.timing.search import SearchSetup

__all__ = ["Balance", "TuningPlan", "read_balance"]

Balance = Literal["auto", "on", "off"]


def read_balance(text: str, metric: str) -> Balance:
    """Read ``--balance``.

    Raises
    ------
    TuneError
        For another word, or where rows cannot be moved.
    """
    if text not in ("auto", "on", "off"):
        raise TuneError(f"--balance {text}: unknown value", "use auto, on or off")
    if text == "on" and metric == "ip":
        raise TuneError(
            "--balance on with --metric ip: evening out lists needs a distance, and inner products are none",
            "use --balance off, or --metric cosine or l2",
        )
    return cast(Balance, text)


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
    balance : {"auto", "on", "off"}
        Whether rows of long lists are moved to others.
    filters : sequence of RowFilter
        Of the rows of the base, each answered apart.
    probes : {"fixed", "budget", "damped"}
        Rule for the lists that a query probes.
    radius : float or None
        Of a range search, squared for L2 as FAISS takes it.
    training : Training
    setup : SearchSetup
        How indexes are searched and timed.
    epochs : int
        Processes that each index is timed in.
    gpu : str or None
        Name of the GPU that indexes are searched on.
    progress : callable
    database : TargetChoice or None
        Where the chosen setting is measured again.
    """

    problem: Problem
    asked: Constraints
    kinds: Sequence[Kind]
    nlists: Sequence[int]
    grows: bool = True
    thorough: bool = False
    balance: Balance = "auto"
    filters: Sequence[RowFilter] = ()
    probes: Rule = "fixed"
    radius: float | None = None
    training: Training
    setup: SearchSetup
    epochs: int
    gpu: str | None
    progress: Progress
    database: TargetChoice | None = None

    def kind(self, name: str) -> Kind:
        """Return a kind of index by its name."""
        return next(kind for kind in self.kinds if kind.name == name)
