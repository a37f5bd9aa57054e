"""The promise kept in a database: build there, read the lists back, search, find the probes that keep the target."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.notes import Note, note
from kmbench.tuning.problem.constraints import Constraints
from kmbench.tuning.problem.data import Problem
from kmbench.tuning.problem.space import FloatMatrix
from kmbench.tuning.problem.truth import Progress, Truth
from kmbench.tuning.targets.base import Centroids, Lists, Setting, Target, Task
from kmbench.tuning.targets.curves import (
    Asked,
    ListCurves,
    asked_queries,
    centroids_digest,
    curves_of,
    from_space,
    into_space,
)
from kmbench.tuning.targets.registry import TargetChoice
from kmbench.tuning.targets.searching import SEARCHED, Searcher
from kmbench.tuning.targets.there import BuildThere, Promise, Spot, There
from kmbench.tuning.timing.cost import CostModel, ModelError, TimedPoint, fit_cost, held_out_error

__all__ = ["DEFAULT_TABLE", "measure_there", "rows_of_data", "task_of"]

DEFAULT_TABLE = "kmbench_vectors"
"""Name of the table in a snippet where the user gave none."""

FITTED, HELD_OUT = (1 / 16, 1 / 4, 1 / 2, 1.0, 2.0, 4.0), (0.7, 1.4)
"""Settings that the cost model is fitted to, in multiples of the chosen nprobe, and those that it is judged by."""


def task_of(problem: Problem, promise: Promise, k: int) -> Task:
    """Return what a target has to hold and to find."""
    return Task(kind=promise.kind, metric=problem.space.metric, n=problem.data.n, d=problem.data.d, k=k)


def rows_of_data(problem: Problem) -> NDArray[np.int64]:
    """Return the row of the data that each row of the base is."""
    rows = np.arange(problem.data.n)
    return rows if problem.held_out is None else np.delete(rows, problem.held_out)


def measure_there(
    choice: TargetChoice,
    promise: Promise,
    problem: Problem,
    truth: Truth,
    asked: Constraints,
    *,
    turns: int,
    seed: int,
    progress: Progress = lambda what, share: None,
) -> There:
    """Measure in a database what was promised for it.

    Parameters
    ----------
    choice : TargetChoice
    promise : Promise
    problem : Problem
    truth : Truth
    asked : Constraints
    turns : int
        How often times are taken at a setting.
    seed : int
    progress : callable

    Raises
    ------
    TuneError
        If the database cannot be reached or fails; what was made there is then gone.
    """
    target = choice.open(task_of(problem, promise, asked.at))
    why_not = target.why_not_measured()
    if why_not is not None:
        return _unmeasured(target, promise, why_not)
    with target:
        return _measured(target, promise, problem, truth, asked, turns, seed, progress)


def _unmeasured(target: Target, promise: Promise, why_not: str) -> There:
    return There(
        **_names(target),
        promise=promise,
        centroids=target.centroids,
        files=target.snippet(_setting(target, promise, promise.nprobe)),
        why_not=why_not,
    )


def _measured(
    target: Target,
    promise: Promise,
    problem: Problem,
    truth: Truth,
    asked: Constraints,
    turns: int,
    seed: int,
    progress: Progress,
) -> There:
    ids = rows_of_data(problem)
    some = asked_queries(problem, truth, SEARCHED, seed)
    given = None if target.centroids == "own" else from_space(promise.centroids, problem.space)
    progress("loading", 0.0)
    target.load(ids, _raw_base(problem), lambda share: progress("loading", share))
    builds, lists = [], None
    for number in range(target.params.builds):
        progress(f"build of {promise.nlist} lists", number / target.params.builds)
        built = target.build(promise.nlist, given)
        lists = target.read_back()
        curves = _curves(lists, problem, truth, some, asked.at)
        builds.append(
            BuildThere(
                seconds=built.seconds,
                bytes=built.bytes,
                curve=None if curves is None else curves.whole,
                imbalance=None if curves is None else curves.imbalance,
            )
        )
    base_row = np.full(problem.data.n, -1, dtype=np.int64)
    base_row[ids] = np.arange(len(ids))
    searcher = Searcher(
        target=target,
        promise=promise,
        promised=curves_of(promise.centroids, None, problem, truth, some, asked.at),
        lists=curves,
        asked=some,
        base_row=base_row,
        k=asked.at,
        turns=turns,
        seed=seed,
        progress=progress,
        recalls={},
        seconds={},
    )
    enough = _smallest(searcher, curves, asked.recall)
    fitted, held_out = _settings(promise.nlist, enough or promise.nprobe)
    nprobes = sorted({*fitted, *held_out, promise.nprobe})
    for nprobe in nprobes:
        searcher.recall(nprobe)
    searcher.time(nprobes)
    spots = tuple(searcher.spot(nprobe) for nprobe in nprobes)
    chosen = next((one for one in spots if one.nprobe == enough), None)
    model, error = _model(spots, fitted, promise, asked.at)
    table = target.params.table
    if table is not None:
        progress("keeping the table", 0.0)
        rest = problem.held_out if problem.held_out is not None else np.empty(0, dtype=np.int64)
        target.keep(rest, problem.raw[rest])
    here = chosen or searcher.spot(promise.nprobe)
    return There(
        **_names(target),
        promise=promise,
        centroids=target.centroids,
        files=target.snippet(_setting(target, promise, here.nprobe, force=not here.by_index)),
        versions=target.versions(),
        builds=tuple(builds),
        spots=spots,
        chosen=chosen,
        broken=_broken(chosen, builds[-1], asked),
        model=model,
        model_error=error,
        queries=len(some.rows),
        times_count=target.times_count,
        centroids_digest=None if lists is None else centroids_digest(lists.centroids),
        table=table,
        facts=tuple(target.facts(here.nprobe)),
        notes=tuple(_notes(target, spots, curves, lists, asked.at)),
    )


def _names(target: Target) -> dict[str, Any]:
    names = ("title", "lists_name", "probes_name")
    return {"target": target.name, **{name: getattr(target, name) for name in names}}


def _setting(target: Target, promise: Promise, nprobe: int, force: bool = False) -> Setting:
    centroids: Centroids = target.centroids
    return Setting(
        nlist=promise.nlist,
        nprobe=nprobe,
        k_factor=promise.k_factor,
        centroids=centroids,
        table=target.params.table or DEFAULT_TABLE,
        force_index=force,
    )


def _raw_base(problem: Problem) -> FloatMatrix:
    return problem.raw if problem.held_out is None else np.delete(problem.raw, problem.held_out, axis=0)


def _curves(lists: Lists | None, problem: Problem, truth: Truth, asked: Asked, k: int) -> ListCurves | None:
    if lists is None:
        return None
    return curves_of(into_space(lists.centroids, problem.space), lists, problem, truth, asked, k)


def _smallest(searcher: Searcher, curves: ListCurves | None, recall: float) -> int | None:
    """Return the fewest probes that keep a recall with the whole interval: by the lists, and confirmed by a search.

    Where the lists are not known, or hold codes, it is looked for by searching.
    """
    nlist = searcher.promise.nlist
    if curves is not None and searcher.promise.kind.exact:
        nprobe = curves.whole.first_at(recall)
        if nprobe is not None and searcher.recall(nprobe)[0] >= recall:
            return nprobe
    high = min(nlist, max(1, searcher.promise.nprobe))
    low = 0
    while searcher.recall(high)[1] < recall:
        if high == nlist or searcher.recall(high)[0] <= (searcher.recall(low)[0] if low else 0.0):
            return None
        low, high = high, min(nlist, 2 * high)
    while high - low > 1:
        middle = (low + high) // 2
        if searcher.recall(middle)[1] >= recall:
            high = middle
        else:
            low = middle
    return high


def _settings(nlist: int, nprobe: int) -> tuple[list[int], list[int]]:
    """Return numbers of probes around a chosen one: for the cost model, and to judge it by."""
    fitted = sorted({min(nlist, max(1, round(factor * nprobe))) for factor in FITTED})
    held_out = {min(nlist, max(1, round(factor * nprobe))) for factor in HELD_OUT} - set(fitted)
    return fitted, sorted(held_out)


def _model(
    spots: tuple[Spot, ...], fitted: list[int], promise: Promise, k: int
) -> tuple[CostModel | None, ModelError | None]:
    """Fit the cost model to the settings at which the index is used."""
    reranked = k * promise.k_factor if promise.kind.refine else 0
    points = {
        one.nprobe: TimedPoint(
            nlist=promise.nlist,
            nprobe=one.nprobe,
            scanned=float(one.scanned if one.scanned is not None else one.promised_scanned or 0.0),
            reranked=reranked,
            seconds=one.mean,
        )
        for one in spots
    }
    own = [points[nprobe] for nprobe in fitted]
    if len(own) < 3:
        return None, None
    model = fit_cost(own)
    return model, held_out_error(model, [point for nprobe, point in points.items() if nprobe not in fitted])


def _broken(chosen: Spot | None, build: BuildThere, asked: Constraints) -> tuple[str, ...]:
    if chosen is None:
        return ("recall",)
    found = []
    if asked.max_latency_seconds is not None and chosen.p95 > asked.max_latency_seconds:
        found.append("latency")
    if asked.max_memory_bytes is not None and (build.bytes or 0) > asked.max_memory_bytes:
        found.append("memory")
    if asked.max_build_seconds is not None and build.seconds > asked.max_build_seconds:
        found.append("build")
    return tuple(found)


def _notes(
    target: Target, spots: tuple[Spot, ...], curves: ListCurves | None, lists: Lists | None, k: int
) -> list[Note]:
    notes = []
    left = [one.nprobe for one in spots if not one.by_index]
    if left:
        notes.append(note("KM330", nprobe=min(left)))
    if curves is not None and curves.enough > 1:
        notes.append(note("KM331", nprobe=curves.enough, k=k, name=target.probes_name))
    elif curves is None and any(one.short for one in spots):
        notes.append(note("KM331", nprobe=1 + max(o.nprobe for o in spots if o.short), k=k, name=target.probes_name))
    if target.centroids == "kmbench" and target.retrained_by is not None:
        notes.append(note("KM332", what=target.retrained_by))
    if lists is None:
        notes.append(note("KM333", target=target.title, why=target.why_hidden))
    if curves is not None and curves.misplaced:
        notes.append(note("KM334", rows=curves.misplaced))
    if target.task.kind.exact:
        off = [one for one in spots if one.of_lists is not None and abs(one.recall - one.of_lists) > 1e-9]
        if off:
            worst = max(off, key=lambda one: abs(one.recall - float(one.of_lists or 0.0)))
            notes.append(note("KM335", nprobe=worst.nprobe, recall=worst.recall, lists=worst.of_lists))
    if not target.times_count:
        notes.append(note("KM336"))
    return notes
