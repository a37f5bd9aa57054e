"""A tuning, step by step: true neighbours, lists, their curves, the cost model, the choice, the check, the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kmbench.errors import TuneError
from kmbench.instruments.software import package_versions
from kmbench.notes import Note
from kmbench.runner.process import WorkerFailure
from kmbench.tuning.choice.choose import Choice, TimedOption, choose, choose_measured, confirm, neighbours
from kmbench.tuning.choice.result import ListsInfo, TuneResult
from kmbench.tuning.choice.settings import Option, Settings, tabulate
from kmbench.tuning.deployment.save import save_deployment
from kmbench.tuning.index.cache import IndexCache
from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.index.training import Trained, Training, train_lists
from kmbench.tuning.problem.cache import content_key, load_truth, store_truth
from kmbench.tuning.problem.constraints import Constraints
from kmbench.tuning.problem.data import Problem
from kmbench.tuning.problem.device import most_nprobe
from kmbench.tuning.problem.recall import per_query_recall
from kmbench.tuning.problem.truth import Progress, Truth, exact_neighbours, neighbours_from_file
from kmbench.tuning.recall.compressed import compressed_curves
from kmbench.tuning.recall.curve import Curve, one_pass
from kmbench.tuning.report.notes import result_notes, truth_notes
from kmbench.tuning.report.words import truth_text
from kmbench.tuning.targets.measure import measure_there
from kmbench.tuning.targets.registry import TargetChoice
from kmbench.tuning.targets.there import Promise
from kmbench.tuning.timing.calibrate import Calibration, calibrate
from kmbench.tuning.timing.cost import ModelError, held_out_error
from kmbench.tuning.timing.search import SearchSetup
from kmbench.tuning.timing.timer import SearchTimer

__all__ = ["TuningPlan", "run_tuning", "verified_recall"]

SATURATED = 0.999
"""Ceiling by list ranks above which more probes cannot help lists of codes."""


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
    training: Training
    setup: SearchSetup
    epochs: int
    gpu: str | None
    progress: Progress
    database: TargetChoice | None = None

    def kind(self, name: str) -> Kind:
        """Return a kind of index by its name."""
        return next(kind for kind in self.kinds if kind.name == name)


def run_tuning(plan: TuningPlan, target: Path | None) -> TuneResult:
    """Do all of it, and save the chosen index where a folder is given.

    Raises
    ------
    KmbenchError
        If the data does not go with what is asked, or a process fails.
    """
    problem, asked, device = plan.problem, plan.asked, plan.setup.device
    truth = true_neighbours(plan)
    notes: list[Note] = [*problem.notes, *truth_notes(problem, truth)]
    cache = IndexCache(problem, plan.training.seed, plan.training.scratch)
    lists = trained_lists(plan)
    curves = recall_curves(plan, truth, lists, cache)
    timer = SearchTimer(
        setup=plan.setup,
        cache=cache,
        lists=lists,
        queries=problem.queries,
        epochs=plan.epochs,
        progress=plan.progress,
    )
    calibration = calibrate(timer, plan.kinds, curves, asked.recall)
    settings = all_settings(plan, lists, curves, calibration, cache)
    first = choose(settings, asked)
    timed, single_error, batch_error = time_options(plan, timer, settings, first, calibration)
    choice = choose_measured(settings, first, timed, asked)
    option, kind = choice.option, plan.kind(choice.option.index)
    measured = next(one.measured for one in timed if one.option.key == option.key)
    file = cache.file(kind, lists[option.nlist])
    plan.progress("check of the index", 0.0)
    verified = verified_recall(plan.setup, truth, file, option)
    choice = confirm(choice, verified, asked)
    notes += result_notes(problem, list(lists.values()), measured, verified, option, device)
    result = TuneResult(
        name=problem.name,
        n=len(problem.base),
        d=problem.base.shape[1],
        asked=asked,
        choice=choice,
        measured=measured,
        verified_recall=verified,
        memory_bytes=file.stat().st_size + kind.table_bytes(option.nlist, problem.space, device),
        build_seconds=cache.build_seconds(kind, lists[option.nlist]),
        settings=settings,
        timed=timed,
        single_error=single_error,
        batch_error=batch_error,
        method=settings.curves[int(settings.curve[settings.find(option.key)])].method,
        queries=len(problem.queries),
        queries_text=problem.queries_text,
        truth_text=truth_text(truth),
        metric=problem.space.metric,
        backend=plan.training.backend.name,
        threads=plan.training.threads,
        device=device,
        gpu=plan.gpu,
        seed=plan.training.seed,
        lists=[_lists_info(one) for one in lists.values()],
        versions=package_versions(),
        notes=tuple(notes),
    )
    if plan.database is not None:
        promise = Promise(
            kind=kind,
            nlist=option.nlist,
            nprobe=option.nprobe,
            k_factor=option.k_factor,
            curve=settings.curves[int(settings.curve[settings.find(option.key)])],
            centroids=lists[option.nlist].centroids,
        )
        there = measure_there(
            plan.database,
            promise,
            problem,
            truth,
            asked,
            turns=plan.epochs,
            seed=plan.training.seed,
            progress=plan.progress,
        )
        result = replace(result, there=there)
    if target is not None:
        plan.progress("saving", 0.0)
        saved = save_deployment(result, kind, problem, lists[option.nlist], file, target, plan.database)
        result = replace(result, saved=saved)
    return result


def true_neighbours(plan: TuningPlan) -> Truth:
    """Return the true neighbours of the queries: from a file, from the cache, or by an exact search."""
    problem, k = plan.problem, plan.asked.at
    if problem.stored is not None:
        plan.progress("check of the neighbours in the file", 0.0)
        return neighbours_from_file(
            problem.base, problem.queries, problem.stored, k, problem.space, problem.stored_where
        )
    key = content_key(problem.data.fingerprint, problem.queries_fingerprint, problem.space.metric, k)
    kept = load_truth(key)
    if kept is not None:
        return kept
    truth = exact_neighbours(problem.base, problem.queries, k, problem.space, plan.progress)
    store_truth(key, truth)
    return truth


def trained_lists(plan: TuningPlan) -> dict[int, Trained]:
    """Train the lists of every nlist."""
    lists = {}
    for number, nlist in enumerate(plan.nlists):
        plan.progress(f"nlist {nlist}", number / len(plan.nlists))
        lists[nlist] = train_lists(plan.problem.base, nlist, plan.problem.space, plan.training)
    return lists


def recall_curves(plan: TuningPlan, truth: Truth, lists: Mapping[int, Trained], cache: IndexCache) -> list[Curve]:
    """Return the recall of every nprobe of every nlist and kind of index."""
    problem, k, curves = plan.problem, plan.asked.at, []
    ceiling = max(SATURATED, 1 - (1 - plan.asked.recall) / 10)
    for number, (nlist, trained) in enumerate(lists.items()):
        plan.progress(f"recall of nlist {nlist}", number / len(lists))
        flat = one_pass(trained.quantizer, problem.queries, truth.ids, trained.list_of_row, k)
        limit = most_nprobe(plan.setup.device, nlist)
        for kind in plan.kinds:
            if kind.exact:
                curves.append(flat.up_to(limit))
                continue
            most = int(np.searchsorted(flat.recall, ceiling)) + 1
            codes = cache.codes(kind, trained)
            curves += compressed_curves(
                kind, codes, trained.quantizer, problem.queries, truth.ids, trained.sizes, k, min(limit, most)
            )
    return curves


def all_settings(
    plan: TuningPlan,
    lists: Mapping[int, Trained],
    curves: Sequence[Curve],
    calibration: Calibration,
    cache: IndexCache,
) -> Settings:
    """Return every nprobe of every curve with its expected times, memory and build time."""
    n, d = plan.problem.base.shape
    memory = {
        (kind.name, nlist): float(kind.memory_bytes(n, d, nlist, plan.problem.space, plan.setup.device))
        for kind in plan.kinds
        for nlist in plan.nlists
    }
    build = {
        (kind.name, nlist): cache.build_seconds(kind, trained)
        for kind in plan.kinds
        for nlist, trained in lists.items()
    }
    return tabulate(curves, plan.asked.at, calibration.single, calibration.batch, memory, build)


def time_options(
    plan: TuningPlan, timer: SearchTimer, settings: Settings, first: Choice, calibration: Calibration
) -> tuple[list[TimedOption], ModelError | None, ModelError | None]:
    """Measure the setting that the model chooses and those beside it.

    Returns
    -------
    timed : list of TimedOption
    single_error, batch_error : ModelError or None
        Of the models of that kind of index at those of the settings that they were not fitted to.
    """
    options = [first.option, *neighbours(settings, first.option, plan.asked)]
    points = [timer.point(plan.kind(o.index), o.nlist, o.nprobe, o.k_factor) for o in options]
    measured = timer.measure(points)
    timed, single, batch = [], [], []
    for option, point, figures in zip(options, points, measured, strict=True):
        timed.append(TimedOption(option=option, measured=figures))
        if point.key not in calibration.fitted and option.index == first.option.index:
            of_one, of_batch = timer.model_points(point, figures)
            single.append(of_one)
            batch.append(of_batch)
    index = first.option.index
    return (
        timed,
        held_out_error(calibration.single[index], single),
        held_out_error(calibration.batch[index], batch),
    )


def verified_recall(setup: SearchSetup, truth: Truth, file: Path, option: Option) -> float:
    """Return the recall that a direct search of an index file finds, in a process of its own.

    Raises
    ------
    TuneError
        If the file cannot be searched.
    """
    try:
        found = setup.search(file, option.nprobe, option.k_factor)
    except WorkerFailure as failure:
        raise TuneError(f"the index that was built cannot be searched: {failure.reason}") from None
    return float(per_query_recall(found.ids, truth.ids, setup.k).mean())


def _lists_info(trained: Trained) -> ListsInfo:
    return ListsInfo(
        nlist=trained.nlist,
        points=trained.points,
        train_seconds=trained.train_seconds,
        imbalance=trained.imbalance,
        empty_lists=trained.empty_lists,
    )
