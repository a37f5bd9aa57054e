"""The cost model from cheap lists and a part of the queries: time does not ask how centroids were trained."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kmbench.tuning.choice.plan import TuningPlan
from kmbench.tuning.choice.sweep import CheapLists
from kmbench.tuning.index.cache import IndexCache
from kmbench.tuning.index.kinds import Kind, flat_quantizer
from kmbench.tuning.index.training import Trained, assign_rows
from kmbench.tuning.problem.kernels import matrix_products
from kmbench.tuning.timing.calibrate import Calibration, calibrate
from kmbench.tuning.timing.cost import CostModel
from kmbench.tuning.timing.search import SearchSetup
from kmbench.tuning.timing.timer import SearchTimer

__all__ = ["QueryPart", "part_of_queries", "quick_calibration"]

PART = 256
"""Queries that stand for all where settings are timed."""

LARGE_SHARE = 4
"""The larger number of lists is timed with a part of the rows: the small one holds all, so caches are as full."""

LEAST_ROWS = 10_000
"""Rows that such a part has at least."""

FACTORS = (4, 32)
"""Candidates that are ranked again, in multiples of k, between which the cost of one is found."""

REPEATS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPart:
    """A part of the queries, in the space of the index, and how it is searched."""

    queries: Any
    setup: SearchSetup


def part_of_queries(plan: TuningPlan) -> QueryPart:
    """Draw queries that are timed in place of all."""
    problem = plan.problem
    if len(problem.queries) <= PART:
        return QueryPart(queries=problem.queries, setup=plan.setup)
    rows = np.sort(np.random.default_rng([plan.training.seed, 29]).permutation(len(problem.queries))[:PART])
    file = plan.setup.scratch / "asked-part.npy"
    np.save(file, problem.raw_queries[rows])
    setup = replace(plan.setup, queries=file, queries_count=PART)
    return QueryPart(queries=np.ascontiguousarray(problem.queries[rows]), setup=setup)


def quick_calibration(plan: TuningPlan, small: CheapLists, large: CheapLists, part: QueryPart) -> Calibration:
    """Fit the cost models of every kind of index to settings of two cheap numbers of lists."""
    lists, caches = {}, {}
    for one in {cheap.nlist: cheap for cheap in (small, large)}.values():
        plan.progress(f"lists to be timed, nlist {one.nlist}", 0.0)
        part_of_rows = one.nlist > small.nlist and len(plan.problem.base) >= LARGE_SHARE * LEAST_ROWS
        rows = slice(None, None, LARGE_SHARE if part_of_rows else None)
        base = np.ascontiguousarray(plan.problem.base[rows])
        scratch = plan.setup.scratch / f"cheap-{one.nlist}"
        scratch.mkdir(exist_ok=True)
        lists[one.nlist] = _cheaply_trained(plan, one, base)
        caches[one.nlist] = IndexCache(replace(plan.problem, base=base), plan.training.seed, scratch)
    timer = SearchTimer(
        setup=part.setup,
        cache=_Caches(caches),
        lists=lists,
        queries=part.queries,
        epochs=1,
        progress=plan.progress,
    )
    curves = []
    for kind in plan.kinds:
        for one in {small.nlist: small, large.nlist: large}.values():
            for factor in FACTORS if kind.refine else (1,):
                curves.append(replace(one.curve, index=kind.name, k_factor=factor))
    found = calibrate(timer, plan.kinds, curves, plan.asked.recall, beyond=False)
    if plan.setup.device == "cuda" or len(part.queries) == len(plan.problem.queries):
        return found
    cheaper = _ranking_difference(plan, large, part)
    return replace(found, batch={name: _ranked_cheaper(model, cheaper) for name, model in found.batch.items()})


class _Caches:
    """The index files of several numbers of lists, each of rows of its own."""

    def __init__(self, caches: Mapping[int, IndexCache]) -> None:
        self._caches = caches

    def file(self, kind: Kind, trained: Trained) -> Path:
        return self._caches[trained.nlist].file(kind, trained)


def _cheaply_trained(plan: TuningPlan, one: CheapLists, base: Any) -> Trained:
    quantizer = flat_quantizer(one.centroids, plan.problem.space)
    began = time.perf_counter()
    with matrix_products():
        list_of_row = assign_rows(quantizer, base)
    seconds = time.perf_counter() - began
    return Trained.of(
        quantizer=quantizer,
        centroids=one.centroids,
        list_of_row=list_of_row,
        train_seconds=one.train_seconds,
        assign_seconds=seconds,
        points=one.points,
    )


def _ranking_difference(plan: TuningPlan, large: CheapLists, part: QueryPart) -> float:
    """Return by how many seconds a list is ranked faster for a query of the whole batch than for one of the part."""
    quantizer = flat_quantizer(large.centroids, plan.problem.space)
    nprobe = large.curve.first_at(plan.asked.recall) or 1
    taken = []
    for queries in (part.queries, plan.problem.queries):
        each = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            quantizer.search(queries, nprobe)
            each.append(time.perf_counter() - began)
        taken.append(min(each) / len(queries))
    return (taken[0] - taken[1]) / large.nlist


def _ranked_cheaper(model: CostModel, seconds: float) -> CostModel:
    return replace(model, list_seconds=max(0.0, model.list_seconds - seconds))
