"""A tuning, step by step: true neighbours, lists, their curves, the cost model, the choice, the check, the result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kmbench.errors import TuneError
from kmbench.instruments.software import package_versions
from kmbench.notes import Note
from kmbench.runner.process import WorkerFailure
from kmbench.tuning.candidates import Candidates, swept_candidates, trained_candidates
from kmbench.tuning.choice.choose import (
    Choice,
    TimedOption,
    best_of_kinds,
    choose,
    choose_measured,
    confirm,
    neighbours,
)
from kmbench.tuning.choice.filtered import answer_filters
from kmbench.tuning.choice.plan import TuningPlan
from kmbench.tuning.choice.ranges import answer_range
from kmbench.tuning.choice.result import ListsInfo, TuneResult
from kmbench.tuning.choice.rules import answer_probes
from kmbench.tuning.choice.settings import Option, Settings, tabulate
from kmbench.tuning.deployment.save import save_deployment
from kmbench.tuning.index.cache import IndexCache
from kmbench.tuning.index.training import Trained
from kmbench.tuning.problem.cache import content_key, load_truth, store_truth
from kmbench.tuning.problem.data import Problem
from kmbench.tuning.problem.recall import per_query_recall
from kmbench.tuning.problem.truth import Truth, exact_neighbours, neighbours_from_file
from kmbench.tuning.recall.curve import one_pass
from kmbench.tuning.report.notes import result_notes, truth_notes
from kmbench.tuning.report.words import truth_text
from kmbench.tuning.targets.measure import measure_there
from kmbench.tuning.targets.there import Promise
from kmbench.tuning.timing.cost import ModelError, held_out_error
from kmbench.tuning.timing.search import SearchSetup

__all__ = ["TuningPlan", "run_tuning", "verified_recall"]


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
    candidates = (trained_candidates if plan.thorough else swept_candidates)(plan, truth, cache)
    lists, settings = candidates.lists, all_settings(plan, candidates, cache)
    first = choose(settings, asked)
    timed, single_error, batch_error = time_options(plan, candidates, settings, first)
    choice = choose_measured(settings, first, timed, asked)
    option, kind = choice.option, plan.kind(choice.option.index)
    measured = next(one.measured for one in timed if one.option.key == option.key)
    if option.key != first.option.key and candidates.timer is not candidates.part_timer:
        measured = candidates.timer.measure(
            [candidates.timer.point(kind, option.nlist, option.nprobe, option.k_factor)]
        )[0]
    file = cache.file(kind, lists[option.nlist])
    plan.progress("check of the index", 0.0)
    verified = verified_recall(plan.setup, truth, file, option)
    choice = confirm(choice, verified, asked)
    filters = answer_filters(
        plan,
        plan.filters,
        option,
        lists[option.nlist],
        cache,
        candidates.calibration.single[option.index],
        candidates.part_timer.setup,
    )
    probes = None
    if plan.probes != "fixed":
        probes = answer_probes(plan, plan.probes, option, lists[option.nlist], file, truth)
    ranges = None
    if plan.radius is not None:
        plan.progress("range search", 0.0)
        ranges = answer_range(
            problem.base,
            problem.queries,
            plan.radius,
            lists[option.nlist],
            problem.space,
            option.nprobe,
            asked.recall,
        )
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
        swept=candidates.swept,
        filters=filters,
        probes=probes,
        recall_at=recall_at(lists[option.nlist], problem, truth, option, asked.at) if kind.exact else {},
        bytes_per_vector=kind.bytes_per_vector(problem.base.shape[1]),
        range_search=ranges,
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


def all_settings(plan: TuningPlan, candidates: Candidates, cache: IndexCache) -> Settings:
    """Return every nprobe of every curve with its expected times, memory and build time."""
    lists, calibration = candidates.lists, candidates.calibration
    n, d = plan.problem.base.shape
    memory = {
        (kind.name, nlist): float(kind.memory_bytes(n, d, nlist, plan.problem.space, plan.setup.device))
        for kind in plan.kinds
        for nlist in lists
    }
    build = {
        (kind.name, nlist): cache.build_seconds(kind, trained)
        for kind in plan.kinds
        for nlist, trained in lists.items()
    }
    return tabulate(candidates.curves, plan.asked.at, calibration.single, calibration.batch, memory, build)


def time_options(
    plan: TuningPlan, candidates: Candidates, settings: Settings, first: Choice
) -> tuple[list[TimedOption], ModelError | None, ModelError | None]:
    """Measure the setting that the model chooses, the best of every other kind, and those beside the first.

    Returns
    -------
    timed : list of TimedOption
    single_error, batch_error : ModelError or None
        Of the models of that kind of index at those of the settings that they were not fitted to.
    """
    calibration, index = candidates.calibration, first.option.index
    others = best_of_kinds(settings, plan.asked, besides=index)
    beside = [*others, *neighbours(settings, first.option, plan.asked)]
    timed, single, batch = [], [], []
    for timer, options in ((candidates.timer, [first.option]), (candidates.part_timer, beside)):
        points = [timer.point(plan.kind(o.index), o.nlist, o.nprobe, o.k_factor) for o in options]
        for option, point, figures in zip(options, points, timer.measure(points), strict=True):
            timed.append(TimedOption(option=option, measured=figures))
            if point.key not in calibration.fitted and option.index == index:
                of_one, of_batch = timer.model_points(point, figures)
                single.append(of_one)
                batch.append(of_batch)
    return (
        timed,
        held_out_error(calibration.single[index], single),
        held_out_error(calibration.batch[index], batch),
    )


SMALLER = (1, 2, 3, 5, 10, 20, 50, 100)
"""Numbers of neighbours whose recall is told beside that of the number asked for."""


def recall_at(trained: Trained, problem: Problem, truth: Truth, option: Option, k: int) -> dict[int, float]:
    """Return the recall of fewer neighbours at a setting of whole vectors, from the same true neighbours."""
    found = {}
    for fewer in [one for one in SMALLER if one < k]:
        curve = one_pass(trained.quantizer, problem.queries, truth.ids[:, :fewer], trained.list_of_row, fewer)
        found[fewer] = float(curve.recall[option.nprobe - 1])
    return found | {k: option.recall}


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
        balanced=trained.penalty is not None,
    )
