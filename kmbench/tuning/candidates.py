"""Lists, curves and the cost model that a setting is chosen from: of a few numbers of lists, or of all in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kmbench.tuning.choice.plan import TuningPlan
from kmbench.tuning.choice.quick import part_of_queries, quick_calibration
from kmbench.tuning.choice.sweep import SweptLists, cheap_lists, finalists, sweep_sizes
from kmbench.tuning.index.balance import BALANCE_ABOVE, balanced
from kmbench.tuning.index.cache import IndexCache
from kmbench.tuning.index.training import Trained, train_lists
from kmbench.tuning.problem.device import most_nprobe
from kmbench.tuning.problem.truth import Truth
from kmbench.tuning.recall.compressed import compressed_curves
from kmbench.tuning.recall.curve import Curve, one_pass
from kmbench.tuning.timing.calibrate import Calibration, calibrate, held_to
from kmbench.tuning.timing.timer import SearchTimer

__all__ = ["Candidates", "recall_curves", "swept_candidates", "trained_candidates"]

SATURATED = 0.999
"""Ceiling by list ranks above which more probes cannot help lists of codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What a setting is chosen from.

    Attributes
    ----------
    lists : mapping of Trained by nlist
    curves : sequence of Curve
        Of every kind and nlist.
    calibration : Calibration
    timer, part_timer : SearchTimer
        With all queries in a batch, and with those that stand for them.
    swept : sequence of SweptLists
        Numbers of lists that were compared before any was trained in full.
    """

    lists: Mapping[int, Trained]
    curves: Sequence[Curve]
    calibration: Calibration
    timer: SearchTimer
    part_timer: SearchTimer
    swept: Sequence[SweptLists] = ()


def swept_candidates(plan: TuningPlan, truth: Truth, cache: IndexCache) -> Candidates:
    """Compare numbers of lists by cheap lists, and train those in full that win."""
    part = part_of_queries(plan)
    if len(plan.nlists) > 1:
        ends = []
        for nlist in (plan.nlists[0], plan.nlists[-1]):
            plan.progress(f"comparing nlist {nlist}", 0.0)
            ends.append(cheap_lists(plan, truth, nlist))
        small, large = ends
        model = quick_calibration(plan, small, large, part)
        tried = sweep_sizes(plan, truth, {small.nlist: small, large.nlist: large}, model.single)
        chosen, swept = finalists(plan, tried, model.single, model.batch)
        starts = {nlist: tried[nlist].centroids for nlist in chosen}
    else:
        # One number of lists was asked for: there is nothing to compare it with.
        only = cheap_lists(plan, truth, plan.nlists[0])
        model = quick_calibration(plan, only, only, part)
        chosen, swept, starts = [only.nlist], [], {only.nlist: only.centroids}
    lists = {}
    for number, nlist in enumerate(chosen):
        plan.progress(f"training nlist {nlist}", number / len(chosen))
        trained = train_lists(plan.problem.base, nlist, plan.problem.space, plan.training, starts[nlist])
        lists[nlist] = evened_lists(plan, truth, trained, model)
    curves = recall_curves(plan, truth, lists, cache)
    timer = _timer(plan, lists, cache)
    part_timer = replace(timer, setup=part.setup, queries=part.queries, epochs=1)
    return Candidates(
        lists=lists,
        curves=curves,
        calibration=held_to(model, replace(timer, epochs=1), plan.kinds, curves, plan.asked.recall),
        timer=timer,
        part_timer=part_timer,
        swept=swept,
    )


def trained_candidates(plan: TuningPlan, truth: Truth, cache: IndexCache) -> Candidates:
    """Train every number of lists in full, and fit the cost model to the smallest and the largest."""
    problem, lists = plan.problem, {}
    for number, nlist in enumerate(plan.nlists):
        plan.progress(f"training nlist {nlist}", number / len(plan.nlists))
        trained = train_lists(problem.base, nlist, problem.space, plan.training)
        lists[nlist] = evened_lists(plan, truth, trained, None)
    curves = recall_curves(plan, truth, lists, cache)
    timer = _timer(plan, lists, cache)
    calibration = calibrate(timer, plan.kinds, curves, plan.asked.recall)
    return Candidates(lists=lists, curves=curves, calibration=calibration, timer=timer, part_timer=timer)


def _timer(plan: TuningPlan, lists: Mapping[int, Trained], cache: IndexCache) -> SearchTimer:
    return SearchTimer(
        setup=plan.setup,
        cache=cache,
        lists=lists,
        queries=plan.problem.queries,
        epochs=plan.epochs,
        progress=plan.progress,
    )


def evened_lists(plan: TuningPlan, truth: Truth, trained: Trained, model: Calibration | None) -> Trained:
    """Return lists of more even size where these make searches faster, or where they are asked for.

    Parameters
    ----------
    model : Calibration or None
        Of the times; without it the scanned vectors at the target decide.
    """
    if plan.balance == "off" or (plan.balance == "auto" and trained.imbalance <= BALANCE_ABOVE):
        return trained
    if plan.problem.space.metric == "ip":
        return trained  # products have no distance that a penalty could be added to
    plan.progress(f"even lists, nlist {trained.nlist}", 0.0)
    even = balanced(plan.problem.base, trained, plan.problem.space)
    if plan.balance == "on":
        return even
    return even if _target_cost(plan, truth, even, model) < _target_cost(plan, truth, trained, model) else trained


def _target_cost(plan: TuningPlan, truth: Truth, trained: Trained, model: Calibration | None) -> float:
    curve = one_pass(trained.quantizer, plan.problem.queries, truth.ids, trained.list_of_row, plan.asked.at)
    nprobe = curve.first_at(plan.asked.recall) or len(curve)
    scanned = float(curve.scanned[nprobe - 1])
    if model is None:
        return scanned
    return min(float(one.predict(trained.nlist, nprobe, scanned, 0)) for one in model.single.values())


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
