"""Numbers of lists compared before any is trained in full: cheap lists, their work at the target, the cost model."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kmbench.tuning.choice.choose import NEAR_BEST, choose
from kmbench.tuning.choice.plan import TuningPlan
from kmbench.tuning.choice.settings import Settings, tabulate
from kmbench.tuning.index.kinds import Kind, flat_quantizer, reranks
from kmbench.tuning.index.training import ITERATIONS, assign_rows, draw_sample
from kmbench.tuning.index.two_level import lloyd, two_level_start
from kmbench.tuning.problem.device import most_nprobe
from kmbench.tuning.problem.kernels import matrix_products
from kmbench.tuning.problem.nlist import LEAST_ROWS_PER_LIST
from kmbench.tuning.problem.space import FloatMatrix
from kmbench.tuning.problem.truth import Truth
from kmbench.tuning.recall.curve import Curve, one_pass
from kmbench.tuning.timing.cost import CostModel

__all__ = ["CheapLists", "SweptLists", "cheap_lists", "finalists", "sweep_sizes"]

CHEAP_ROWS_PER_LIST = 64
CHEAP_ITERATIONS = 1

SIZED_ROWS = 40_000
"""Rows whose lists stand for the sizes of all: the scanned vectors come out within 0.6 %."""

TYPICAL_K_FACTOR = 8
"""Candidates that are ranked again, in multiples of k, before it is known how many the codes need."""

MOST_GROWTH = 3
"""Doublings beyond the largest number of lists that is tried by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheapLists:
    """Centroids that took a tenth of a training, and what a search of their lists finds.

    Attributes
    ----------
    centroids : ndarray of float32, shape (nlist, d)
    curve : Curve
        Of whole vectors; the recall is exact for these lists, the scanned vectors are those of a sample of rows.
    train_seconds : float
    points : int
        Rows trained on.
    """

    nlist: int
    centroids: FloatMatrix
    curve: Curve
    train_seconds: float
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptLists:
    """One number of lists as the sweep saw it, for the report; times in seconds, by the cost model.

    Attributes
    ----------
    nprobe : int
        That reaches the target on its cheap lists.
    scanned, scanned_p99 : float
        Vectors compared there: on average, and by the 99th percentile of the queries.
    mean_seconds : float
        Of one query, of the kind of index that is fastest there.
    finalist : bool
        Whether it was trained in full.
    """

    nlist: int
    nprobe: int
    scanned: float
    scanned_p99: float
    mean_seconds: float
    finalist: bool


def cheap_lists(plan: TuningPlan, truth: Truth, nlist: int) -> CheapLists:
    """Train lists cheaply and find their curve; only the rows that are someone's neighbours are put into lists."""
    problem, seed = plan.problem, plan.training.seed
    began = time.perf_counter()
    sample = draw_sample(problem.base, nlist, problem.space, CHEAP_ROWS_PER_LIST, seed)
    spherical = problem.space.inner_product
    start = two_level_start(sample, nlist, seed, spherical=spherical)
    centroids = lloyd(sample, nlist, CHEAP_ITERATIONS, seed, start=start, spherical=spherical)
    if spherical:
        centroids = problem.space.unit(centroids)
    seconds = time.perf_counter() - began
    curve = _sampled_curve(plan, truth, centroids)
    return CheapLists(nlist=nlist, centroids=centroids, curve=curve, train_seconds=seconds, points=len(sample))


def _sampled_curve(plan: TuningPlan, truth: Truth, centroids: FloatMatrix) -> Curve:
    problem, nlist = plan.problem, len(centroids)
    base, quantizer = problem.base, flat_quantizer(centroids, problem.space)
    neighbours = np.unique(truth.ids[truth.ids >= 0])
    list_of_row = np.zeros(len(base), dtype=np.int32)
    random = np.random.default_rng([plan.training.seed, 23])
    sized = np.sort(random.permutation(len(base))[:SIZED_ROWS])
    with matrix_products():
        list_of_row[neighbours] = assign_rows(quantizer, np.ascontiguousarray(base[neighbours]))
        lists = assign_rows(quantizer, np.ascontiguousarray(base[sized]))
    share = len(sized) / len(base)
    sizes = np.bincount(lists, minlength=nlist).astype(np.float64) / share
    curve = one_pass(quantizer, problem.queries, truth.ids, list_of_row, plan.asked.at, sizes)
    return curve.up_to(most_nprobe(plan.setup.device, nlist))


def sweep_sizes(
    plan: TuningPlan, truth: Truth, known: Mapping[int, CheapLists], single: Mapping[str, CostModel]
) -> dict[int, CheapLists]:
    """Try numbers of lists from the smallest on, until they get worse for every kind of index.

    Where the best is the last, and the caller has named none, twice as many are tried too.

    Parameters
    ----------
    known : mapping of CheapLists by nlist
        Trained for the calibration.
    single : mapping of CostModel by kind of index
        For one query at a time.
    """
    best = dict.fromkeys((kind.name for kind in plan.kinds), float("inf"))
    tried: dict[int, CheapLists] = {}
    waiting, grown = list(plan.nlists), 0
    while waiting:
        nlist = waiting.pop(0)
        plan.progress(f"comparing nlist {nlist}", len(tried) / (len(tried) + 1 + len(waiting)))
        one = known[nlist] if nlist in known else cheap_lists(plan, truth, nlist)
        tried[nlist] = one
        times = {kind.name: _target_time(one.curve, kind, plan, single[kind.name]) for kind in plan.kinds}
        worse = all(times[name] > NEAR_BEST * best[name] for name in times)
        leads = any(times[name] < best[name] / NEAR_BEST for name in times)
        best = {name: min(best[name], times[name]) for name in times}
        if worse and plan.grows:
            break
        if not waiting and leads and plan.grows and grown < MOST_GROWTH:
            if 2 * nlist * LEAST_ROWS_PER_LIST <= len(plan.problem.base):
                waiting.append(2 * nlist)
            grown += 1
    return tried


def _target_time(curve: Curve, kind: Kind, plan: TuningPlan, model: CostModel) -> float:
    """Return the time of a query where whole vectors reach the target, were they of this kind."""
    nprobe = curve.first_at(plan.asked.recall) or len(curve)
    reranked = plan.asked.at * TYPICAL_K_FACTOR if kind.refine else 0
    return float(model.predict(curve.nlist, nprobe, curve.scanned[nprobe - 1], reranked))


def finalists(
    plan: TuningPlan, tried: Mapping[int, CheapLists], single: Mapping[str, CostModel], batch: Mapping[str, CostModel]
) -> tuple[list[int], list[SweptLists]]:
    """Return the numbers of lists to train in full, one for each kind of index, and what the sweep saw."""
    chosen = set()
    for kind in plan.kinds:
        settings = _expected(plan, kind, list(tried.values()), single, batch)
        chosen.add(choose(settings, plan.asked).option.nlist)
    seen = []
    for nlist, one in tried.items():
        nprobe = one.curve.first_at(plan.asked.recall) or len(one.curve)
        seen.append(
            SweptLists(
                nlist=nlist,
                nprobe=nprobe,
                scanned=float(one.curve.scanned[nprobe - 1]),
                scanned_p99=float(one.curve.scanned_quantiles[2, nprobe - 1]),
                mean_seconds=min(_target_time(one.curve, kind, plan, single[kind.name]) for kind in plan.kinds),
                finalist=nlist in chosen,
            )
        )
    return sorted(chosen), seen


def _expected(
    plan: TuningPlan,
    kind: Kind,
    tried: Sequence[CheapLists],
    single: Mapping[str, CostModel],
    batch: Mapping[str, CostModel],
) -> Settings:
    n, d = plan.problem.base.shape
    factor = TYPICAL_K_FACTOR if reranks(kind.name) else 1
    curves = [replace(one.curve, index=kind.name, k_factor=factor) for one in tried]
    memory = {
        (kind.name, one.nlist): float(kind.memory_bytes(n, d, one.nlist, plan.problem.space, plan.setup.device))
        for one in tried
    }
    build = {(kind.name, one.nlist): _build_seconds(plan, one) for one in tried}
    return tabulate(curves, plan.asked.at, single, batch, memory, build)


def _build_seconds(plan: TuningPlan, one: CheapLists) -> float:
    """Return about how long a full training takes, from the cheap one: rows times iterations."""
    rows = min(len(plan.problem.base), plan.training.points_per_list * one.nlist)
    return one.train_seconds * rows / one.points * (plan.training.iterations or ITERATIONS) / 3
