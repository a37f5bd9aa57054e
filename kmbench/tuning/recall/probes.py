"""Rules for how many lists a query probes, judged from one ranking of the lists without a search.

A fixed nprobe gives every query the same number of lists. A *budget* stops a query after so many vectors, also inside
a list (FAISS's ``max_codes``). The *damped* rule gives a query a budget of its own: more where its nearest lists are
about as far as those after them, so that its neighbours may lie in many, and fewer where one list is clearly nearest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.problem.space import FloatMatrix
from kmbench.tuning.recall.curve import list_ranks, ranked_with_distances
from kmbench.tuning.recall.interval import recall_interval

__all__ = ["Probes", "ProbesPromise", "Rule", "best_budget", "kept_lists", "places_in_lists"]

Rule = Literal["fixed", "budget", "damped"]

FAR_RANK = 30
"""Rank, from 0, of the list whose distance is held against that of the nearest."""

POWER = 4
"""Of the ratio of these distances by which the budget falls."""

STEPS = 240
"""Budgets that are tried between one list and all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """A rule with its numbers.

    Attributes
    ----------
    rule : {"fixed", "budget", "damped"}
    nprobe : int
        Lists that are ranked, and probed at most.
    vectors : int
        The budget; for ``damped`` that of a query whose ratio of distances is `reference`.
    reference : float
        Median of that ratio over the queries that the rule was tuned for.
    """

    rule: Rule
    nprobe: int
    vectors: int = 0
    reference: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbesPromise:
    """What a rule finds and what it costs; `scanned` and its 99th percentile are vectors per query."""

    probes: Probes
    recall: float
    recall_low: float
    recall_high: float
    scanned: float
    scanned_p99: float


def kept_lists(distances: NDArray[np.float32], before: NDArray[np.int64], probes: Probes) -> NDArray[np.bool_]:
    """Return which of the ranked lists the damped rule probes; the first always.

    Parameters
    ----------
    distances : ndarray of float32, shape (nq, nprobe)
        Squared, to the centroids, rising.
    before : ndarray of int64, shape (nq, nprobe)
        Vectors in the lists before each.
    """
    budget = probes.vectors * (_ratio(distances) / probes.reference) ** -POWER
    kept: NDArray[np.bool_] = before < np.maximum(budget, 1)[:, None]
    return kept


def _ratio(distances: NDArray[np.float32]) -> NDArray[np.float64]:
    far = distances[:, min(FAR_RANK, distances.shape[1] - 1)].astype(np.float64)
    near = np.maximum(distances[:, 0].astype(np.float64), 1e-12)
    ratio: NDArray[np.float64] = np.sqrt(np.maximum(far, 1e-12) / near)
    return ratio


def places_in_lists(list_of_row: NDArray[np.int32], nlist: int) -> NDArray[np.int64]:
    """Return each row's place in its list, in the order in which rows are added."""
    order = np.argsort(list_of_row, kind="stable")
    sizes = np.bincount(list_of_row, minlength=nlist)
    starts = np.cumsum(sizes) - sizes
    places = np.empty(len(list_of_row), dtype=np.int64)
    places[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return places


def best_budget(
    rule: Rule,
    quantizer: Any,
    queries: FloatMatrix,
    truth: NDArray[np.int64],
    list_of_row: NDArray[np.int32],
    k: int,
    target: float,
    nprobe: int,
) -> ProbesPromise | None:
    """Return the smallest budget whose whole interval reaches a recall, or None.

    Parameters
    ----------
    rule : {"budget", "damped"}
    quantizer, queries, truth, list_of_row, k
        As for `kmbench.tuning.recall.curve.one_pass`.
    target : float
    nprobe : int
        Lists that are ranked, and probed at most.
    """
    nlist = int(quantizer.ntotal)
    sizes = np.bincount(list_of_row, minlength=nlist).astype(np.int64)
    places = places_in_lists(list_of_row, nlist) if rule == "budget" else None
    distances, before, costs = [], [], []
    for part, far, order in ranked_with_distances(quantizer, queries, nprobe):
        held = sizes[order]
        passed = np.cumsum(held, axis=1) - held
        ids = truth[part]
        ranks = np.take_along_axis(list_ranks(order, nlist), list_of_row[ids], axis=1)
        known = (ids >= 0) & (ranks < nprobe)
        # Vectors after which a neighbour has been compared: those before its list, and in the list up to itself.
        cost = np.take_along_axis(passed, np.minimum(ranks, nprobe - 1), axis=1).astype(np.float64)
        if places is not None:
            cost += places[ids]
        costs.append(np.where(known, cost, np.inf))
        distances.append(far)
        before.append(np.concatenate([passed, passed[:, -1:] + held[:, -1:]], axis=1))
    cost = np.sort(np.concatenate(costs), axis=1)[:, :k]
    far, edges = np.concatenate(distances), np.concatenate(before)
    if rule == "damped" and not quantizer_is_l2(quantizer):
        far = np.maximum(2 - 2 * far, 0)
    reference = float(np.median(_ratio(far))) if rule == "damped" else 0.0
    scale = (_ratio(far) / reference) ** -POWER if rule == "damped" else np.ones(len(queries))
    for vectors in np.unique(np.geomspace(1, edges[:, -1].max(), STEPS).astype(np.int64)):
        budget = np.maximum(vectors * scale, 1)
        share = (cost < budget[:, None]).sum(axis=1) / k
        low, high = recall_interval(np.array([share.mean()]), np.array([np.square(share).mean()]), len(queries), k)
        if low[0] < target:
            continue
        if rule == "budget":
            scanned = np.minimum(edges[:, -1], vectors)
        else:
            taken = (edges[:, :-1] < budget[:, None]).sum(axis=1)
            scanned = np.take_along_axis(edges, taken[:, None], axis=1)[:, 0]
        probes = Probes(rule=rule, nprobe=nprobe, vectors=int(vectors), reference=reference)
        return ProbesPromise(
            probes=probes,
            recall=float(share.mean()),
            recall_low=float(low[0]),
            recall_high=float(high[0]),
            scanned=float(scanned.mean()),
            scanned_p99=float(np.sort(scanned)[max(0, -(-99 * len(scanned) // 100) - 1)]),
        )
    return None


def quantizer_is_l2(quantizer: Any) -> bool:
    """Return whether a coarse quantizer ranks lists by squared distances."""
    import faiss

    return bool(quantizer.metric_type == faiss.METRIC_L2)
