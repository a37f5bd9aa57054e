"""A rule for the probes of each query, in place of a fixed nprobe, on the lists that were chosen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kmbench.errors import TuneError
from kmbench.runner.process import WorkerFailure
from kmbench.tuning.choice.plan import TuningPlan
from kmbench.tuning.choice.settings import Option
from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.index.training import Trained
from kmbench.tuning.problem.recall import per_query_recall
from kmbench.tuning.problem.truth import Truth
from kmbench.tuning.recall.probes import ProbesPromise, Rule, best_budget
from kmbench.tuning.timing.latency import Measured, Point, measure_points

__all__ = ["ProbesAnswer", "answer_probes", "read_rule"]

MOST_PROBES = 2.5
"""Lists that are ranked for a rule, in multiples of the fixed nprobe: more would cost more than the rule saves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbesAnswer:
    """A rule that reaches the target, with its measured times and the recall of a direct search."""

    promise: ProbesPromise
    measured: Measured
    verified_recall: float

    def to_json(self) -> dict[str, Any]:
        """Return the object for ``--json``."""
        promise = self.promise
        return {
            **asdict(promise.probes),
            "recall": promise.recall,
            "recall_low": promise.recall_low,
            "recall_high": promise.recall_high,
            "scanned_vectors": promise.scanned,
            "scanned_vectors_p99": promise.scanned_p99,
            "latency_ms": {name: 1e3 * getattr(self.measured, name) for name in ("p50", "p95", "p99")},
            "queries_per_second": 1 / self.measured.batch,
            "verified_recall": self.verified_recall,
        }


def read_rule(text: str, kinds: list[Kind], metric: str, device: str) -> Rule:
    """Read ``--probes``.

    Raises
    ------
    TuneError
        For an unknown rule, or one that a kind of index, a metric or a device has no use for.
    """
    if text == "fixed":
        return "fixed"
    if text not in ("budget", "damped"):
        raise TuneError(f"--probes {text}: unknown rule", "use fixed, budget or damped")
    other = next((kind for kind in kinds if not kind.exact), None)
    if other is not None:
        why = (
            "FAISS's fast scan ignores a budget"
            if other.codec == "pqfs" and text == "budget"
            else "what codes lose under it cannot be known without a search"
        )
        raise TuneError(f"--probes {text} with --index {other.name}: {why}", "use --index flat, or --probes fixed")
    if device == "cuda":
        raise TuneError(
            f"--probes {text} with --device cuda: FAISS's GPU indexes have no such rule", "use --device cpu"
        )
    if text == "damped" and metric == "ip":
        raise TuneError(
            "--probes damped with --metric ip: the rule needs ratios of distances, which inner products do not have",
            "use --probes budget",
        )
    return "budget" if text == "budget" else "damped"


def answer_probes(
    plan: TuningPlan, rule: Rule, option: Option, trained: Trained, file: Path, truth: Truth
) -> ProbesAnswer | None:
    """Return the smallest budget of a rule that reaches the target, timed and searched; None where none does."""
    problem, asked = plan.problem, plan.asked
    plan.progress(f"probes by the rule {rule}", 0.0)
    nprobe = min(trained.nlist, max(32, int(MOST_PROBES * option.nprobe)))
    promise = best_budget(
        rule, trained.quantizer, problem.queries, truth.ids, trained.list_of_row, asked.at, asked.recall, nprobe
    )
    if promise is None:
        return None
    point = Point(file=file, index=option.index, nlist=option.nlist, nprobe=nprobe, k_factor=1, probes=promise.probes)
    measured = measure_points([point], plan.setup, plan.epochs, plan.progress)[0]
    try:
        found = plan.setup.search(file, nprobe, 1, probes=promise.probes)
    except WorkerFailure as failure:
        raise TuneError(f"the index cannot be searched by the rule {rule}: {failure.reason}") from None
    recall = float(per_query_recall(found.ids, truth.ids, asked.at).mean())
    return ProbesAnswer(promise=promise, measured=measured, verified_recall=recall)
