"""The workload `ivf`: k-means trains the coarse quantizer of an IVF index, and a search tells what it is worth."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import Params
from kmbench.datasets import Rows
from kmbench.tuning.index.kinds import flat_quantizer
from kmbench.tuning.index.training import assign_rows
from kmbench.tuning.problem.space import FloatMatrix, Space
from kmbench.tuning.problem.truth import Truth, exact_neighbours
from kmbench.tuning.recall.curve import QUANTILES, Curve, one_pass
from kmbench.wording import percent_text
from kmbench.workloads.artefacts import table
from kmbench.workloads.base import Answer, Figure, Task, TaskResult, Workload
from kmbench.workloads.queries import BaseRows, query_rows

__all__ = ["Ivf", "recall_at_work", "work_at_recall"]

SHARES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Of the base that a query compares with: where the curves of backends are read."""

TARGET = 0.95


class IvfParams(Params):
    """Parameters of the workload."""

    queries: int = Field(1000, ge=1, le=100_000, description="rows that are left out of the base and used as queries")
    at: int = Field(10, ge=1, le=1000, description="neighbours per query")


class Ivf(Workload):
    """The coarse quantizer of an IVF index: k is nlist. Recall is exact for every nprobe, from one pass."""

    name = "ivf"
    summary = "the lists of an IVF index: recall at equal work of the search"
    requires = ("faiss",)
    install = "pip install 'kmbench[cpu]'"
    figures = (
        Figure(
            name="recall_at_1_percent",
            title="recall 1%",
            unit="%",
            better="higher",
            summary="Share of the true neighbours that are found when a query is compared with 1 % of the base.",
        ),
        Figure(
            name="recall_at_5_percent",
            title="recall 5%",
            unit="%",
            better="higher",
            summary="The same with 5 % of the base.",
        ),
        Figure(
            name="scanned_for_target",
            title="for 0.95",
            unit="%",
            better="lower",
            summary="Share of the base that a query is compared with at the nprobe where the recall reaches 0.95.",
        ),
        Figure(
            name="scanned_p99_for_target",
            title="p99 for 0.95",
            unit="%",
            better="lower",
            summary="The 99th percentile of this share over the queries.",
        ),
        Figure(
            name="imbalance",
            title="imbalance",
            better="lower",
            summary="How many times as many vectors a query that resembles the data is compared with at nprobe 1, "
            "relative to lists of equal size.",
        ),
        Figure(name="empty_lists", title="empty", better="lower", summary="Lists without a vector."),
    )
    Params = IvfParams

    def __init__(self, params: BaseModel) -> None:
        super().__init__(params)
        self._asked: tuple[str, FloatMatrix, Truth] | None = None

    @property
    def _own(self) -> IvfParams:
        assert isinstance(self.params, IvfParams)
        return self.params

    def rows(self, spec: str) -> Rows:
        """Return all rows but those that serve as queries."""
        return BaseRows(spec, self._own.queries)

    def unsupported_reason(self, k: int, n: int, d: int) -> str | None:
        """Return why there are too few rows for the search, or None."""
        return f"at={self._own.at} neighbours of {n} rows" if self._own.at > n else None

    def _questions(self, task: Task, base: FloatMatrix, space: Space) -> tuple[FloatMatrix, Truth]:
        """Return queries and their true neighbours, found once for all backends of a case."""
        if self._asked is None or self._asked[0] != task.spec:
            queries = query_rows(task.spec, self._own.queries)
            self._asked = (task.spec, queries, exact_neighbours(base, queries, self._own.at, space))
        return self._asked[1:]

    def score(self, task: Task, answer: Answer) -> TaskResult:
        """Rank the lists of the true neighbours, which tells recall and scanned vectors for every nprobe."""
        space, base = Space(metric="l2"), np.ascontiguousarray(task.X)
        queries, truth = self._questions(task, base, space)
        quantizer = flat_quantizer(np.ascontiguousarray(answer.centroids, dtype=np.float32), space)
        lists = assign_rows(quantizer, base)
        curve = one_pass(quantizer, queries, truth.ids, lists, self._own.at)
        sizes = np.bincount(lists, minlength=task.k)
        reached = work_at_recall(curve, TARGET)
        figures = {
            "recall_at_1_percent": recall_at_work(curve, 0.01 * len(base)),
            "recall_at_5_percent": recall_at_work(curve, 0.05 * len(base)),
            "scanned_for_target": reached / len(base),
            "scanned_p99_for_target": work_at_recall(curve, TARGET, percentile=99) / len(base),
            "imbalance": float(task.k * np.square(sizes / len(base)).sum()),
            "empty_lists": float((sizes == 0).sum()),
        }
        rows: list[list[str | float]] = [
            [percent_text(share), f"{100 * recall_at_work(curve, share * len(base)):.2f}%"] for share in SHARES
        ]
        low = float((curve.recall - curve.recall_low).max())
        note = f"{len(queries):,} queries; the intervals reach at most {100 * low:.1f} points below the recall."
        columns = ["base scanned", f"recall@{self._own.at}"]
        return TaskResult(figures, {"curve.json": table("Recall at equal work", columns, rows, note)})


def recall_at_work(curve: Curve, scanned: float) -> float:
    """Return the recall when so many vectors are compared per query, between two nprobe by proportion.

    Where even nprobe 1 compares more, it is the share of that, since a search cannot do less.
    """
    return float(np.interp(scanned, np.concatenate([[0.0], curve.scanned]), np.concatenate([[0.0], curve.recall])))


def work_at_recall(curve: Curve, recall: float, percentile: Literal[50, 95, 99] | None = None) -> float:
    """Return the vectors compared per query where the recall is reached, between two nprobe by proportion.

    On average, or by the query at a percentile.
    """
    work = curve.scanned
    if percentile is not None:
        work = curve.scanned_quantiles[QUANTILES.index(percentile / 100)]
    return float(np.interp(recall, np.concatenate([[0.0], curve.recall]), np.concatenate([[0.0], work])))
