"""What a filter does to the chosen setting: its recall, the nprobe it takes, and whether an exact scan is faster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kmbench.errors import TuneError
from kmbench.runner.process import WorkerFailure
from kmbench.tuning.choice.plan import TuningPlan
from kmbench.tuning.choice.settings import Option
from kmbench.tuning.index.cache import IndexCache, write_servable
from kmbench.tuning.index.kinds import Kind, build_ivf, flat_quantizer
from kmbench.tuning.index.training import Trained
from kmbench.tuning.problem.filters import RowFilter
from kmbench.tuning.problem.recall import per_query_recall
from kmbench.tuning.problem.truth import Truth
from kmbench.tuning.recall.curve import Curve
from kmbench.tuning.recall.filtered import FilteredWork, filtered_curve, filtered_truth, filtered_work
from kmbench.tuning.timing.cost import CostModel, TimedPoint, with_visits
from kmbench.tuning.timing.latency import Measured, Point, measure_points
from kmbench.tuning.timing.search import SearchSetup

__all__ = ["FilterAnswer", "FilteredSetting", "answer_filters"]

MOST_SCANNED_ROWS = 50_000
"""Rows that an exact scan is timed with; the time of more is proportional."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredSetting:
    """One nprobe under a filter.

    Attributes
    ----------
    recall, recall_low, recall_high : float
        Of the true neighbours among the allowed rows.
    short : float
        Share of the queries that get fewer than k answers.
    scanned, visited : float
        Allowed rows that a query is compared with; rows of the probed lists, allowed or not.
    single, batch : float
        Seconds of a query one at a time, and in a batch.
    """

    nprobe: int
    recall: float
    recall_low: float
    recall_high: float
    short: float
    scanned: float
    visited: float
    single: float
    batch: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterAnswer:
    """What a filter does.

    Attributes
    ----------
    name : str
    rows : int
        That it allows.
    share : float
        Of all rows.
    unfiltered : FilteredSetting
        At the nprobe that is chosen without a filter.
    reached : FilteredSetting or None
        At the nprobe that reaches the target under it; None where codes lose too much.
    verified_recall : float
        Recall of the index file at `reached`, or else at `unfiltered`, by a direct search under the filter.
    exact_seconds : float
        Of one query compared with all allowed rows, without an index.
    exact_below_rows : float
        Allowed rows below which that is faster than the index at `reached`.
    visit_seconds : float
        Of the cost model, for a row that is visited.
    """

    name: str
    rows: int
    share: float
    unfiltered: FilteredSetting
    reached: FilteredSetting | None
    verified_recall: float
    exact_seconds: float
    exact_below_rows: float
    visit_seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return the object for ``--json``."""

        def setting(one: FilteredSetting) -> dict[str, Any]:
            return {
                "nprobe": one.nprobe,
                "recall": one.recall,
                "recall_low": one.recall_low,
                "recall_high": one.recall_high,
                "short_queries": one.short,
                "scanned_vectors": one.scanned,
                "visited_rows": one.visited,
                "latency_ms": 1e3 * one.single,
                "queries_per_second": 1 / one.batch,
            }

        return {
            "filter": self.name,
            "rows": self.rows,
            "share": self.share,
            "at_unfiltered_nprobe": setting(self.unfiltered),
            "at_target": None if self.reached is None else setting(self.reached),
            "verified_recall": self.verified_recall,
            "exact_scan_ms": 1e3 * self.exact_seconds,
            "exact_scan_faster_below_rows": self.exact_below_rows,
        }


def answer_filters(
    plan: TuningPlan,
    filters: Sequence[RowFilter],
    option: Option,
    trained: Trained,
    cache: IndexCache,
    model: CostModel,
    part: SearchSetup,
) -> list[FilterAnswer]:
    """Answer for every filter of the base's rows.

    Raises
    ------
    TuneError
        If an index cannot be searched under one.
    """
    return [
        _answer(plan, one, f"{number}", option, trained, cache, model, part) for number, one in enumerate(filters)
    ]


def _answer(
    plan: TuningPlan,
    row_filter: RowFilter,
    tag: str,
    option: Option,
    trained: Trained,
    cache: IndexCache,
    model: CostModel,
    part: SearchSetup,
) -> FilterAnswer:
    problem, kind, k = plan.problem, plan.kind(option.index), plan.asked.at
    plan.progress(f"filter {row_filter.name}", 0.0)
    truth = filtered_truth(problem.base, problem.queries, k, problem.space, row_filter)
    codes = None if kind.exact else cache.codes(kind, trained)
    curve = filtered_curve(kind, trained, codes, problem.queries, truth, row_filter, option.k_factor)
    work = filtered_work(trained, problem.queries, row_filter, k)
    needed = curve.first_at(plan.asked.recall)
    probes = sorted({option.nprobe, needed or option.nprobe})
    mask = plan.setup.scratch / f"filter-{tag}.npy"
    np.save(mask, row_filter.allowed)
    file = cache.file(kind, trained)
    points = [
        Point(file=file, index=kind.name, nlist=trained.nlist, nprobe=p, k_factor=option.k_factor, allowed=mask)
        for p in probes
    ]
    measured = dict(zip(probes, measure_points(points, part, 1, plan.progress), strict=True))
    found = {p: _setting(curve, work, p, measured[p]) for p in probes}
    reranked = k * option.k_factor if kind.refine else 0
    timed = [
        TimedPoint(nlist=trained.nlist, nprobe=p, scanned=one.scanned, reranked=reranked, seconds=one.single)
        for p, one in found.items()
    ]
    visits = with_visits(model, timed, [one.visited for one in found.values()])
    exact = _exact_scan_seconds(plan, row_filter, part)
    served = found[needed or option.nprobe]
    rows = int(row_filter.allowed.sum())
    return FilterAnswer(
        name=row_filter.name,
        rows=rows,
        share=row_filter.share,
        unfiltered=found[option.nprobe],
        reached=None if needed is None else found[needed],
        verified_recall=verified_under(plan.setup, file, served.nprobe, option.k_factor, truth, mask),
        exact_seconds=exact,
        exact_below_rows=rows * served.single / exact,
        visit_seconds=visits.visit_seconds,
    )


def verified_under(setup: SearchSetup, file: Path, nprobe: int, k_factor: int, truth: Truth, allowed: Path) -> float:
    """Return the recall that a direct search under a filter finds, in a process of its own."""
    try:
        found = setup.search(file, nprobe, k_factor, allowed)
    except WorkerFailure as failure:
        raise TuneError(f"the index cannot be searched under a filter: {failure.reason}") from None
    return float(per_query_recall(found.ids, truth.ids, truth.k).mean())


def _setting(curve: Curve, work: FilteredWork, nprobe: int, measured: Measured) -> FilteredSetting:
    at = nprobe - 1
    return FilteredSetting(
        nprobe=nprobe,
        recall=float(curve.recall[at]),
        recall_low=float(curve.recall_low[at]),
        recall_high=float(curve.recall_high[at]),
        short=float(work.short[at]),
        scanned=float(curve.scanned[at]),
        visited=float(work.visited[at]),
        single=measured.single,
        batch=measured.batch,
    )


def _exact_scan_seconds(plan: TuningPlan, row_filter: RowFilter, part: SearchSetup) -> float:
    """Return the seconds of one query that is compared with every allowed row: an index of one list of them."""
    problem, kind = plan.problem, Kind("flat", "flat")
    rows = np.flatnonzero(row_filter.allowed)
    few = np.ascontiguousarray(problem.base[rows[:MOST_SCANNED_ROWS]])
    quantizer = flat_quantizer(np.zeros((1, few.shape[1]), dtype=np.float32), problem.space)
    ivf = build_ivf(kind, quantizer, few, np.zeros(len(few), dtype=np.int32), problem.space)
    file = plan.setup.scratch / "exact.faiss"
    write_servable(kind, ivf, few, problem, file)
    setup = replace(part, k=min(part.k, len(few)))
    point = Point(file=file, index="flat", nlist=1, nprobe=1, k_factor=1)
    measured = measure_points([point], setup, 1)[0]
    return measured.single * len(rows) / len(few)
