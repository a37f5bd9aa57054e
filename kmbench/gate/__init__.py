"""The gate: two commits measured now, taking turns on this host, and whether the later one is worse."""

from kmbench.gate.judge import CellVerdict, Finding, Outcome, judge
from kmbench.gate.markdown import to_markdown
from kmbench.gate.revisions import Revision, build_revision
from kmbench.gate.run import GateResult, run_gate

__all__ = [
    "CellVerdict",
    "Finding",
    "GateResult",
    "Outcome",
    "Revision",
    "build_revision",
    "judge",
    "run_gate",
    "to_markdown",
]
