"""From the table to an answer: each criterion's pick, the votes, and whether there are clusters at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from kmbench.choosing.result import KRow, Pick

__all__ = ["CRITERIA", "picks", "recommend", "why_no_clusters"]

CRITERIA = ("silhouette_simplified", "silhouette", "calinski_harabasz", "davies_bouldin", "bic", "stability")
"""Criteria that vote, by their column."""

AS_STABLE = 0.02
"""Of all k whose stability is at most this far below the best, the largest is taken: coarser ones are as stable."""

WEIGHTS = {"silhouette_simplified": 0.5, "silhouette": 0.5}
"""The two silhouettes measure one thing and share a vote."""

LEAST_STABLE = 0.6
"""Where no k is more stable than this, what k-means finds in one half is not in the other."""

LEAST_LIFT, LIFT_ERRORS = 0.05, 3.0
"""Clusters lower the inertia by 5 % more than noise does, and by three standard errors."""


def picks(rows: Sequence[KRow]) -> dict[str, Pick]:
    """Return the choice of each criterion.

    Silhouettes and Calinski–Harabasz are largest, Davies–Bouldin and BIC smallest. Stability takes the largest k
    that is about as stable as the most stable one.
    """
    largest: Callable[[float], float] = lambda value: value  # noqa: E731
    smallest: Callable[[float], float] = lambda value: -value  # noqa: E731
    better = {"davies_bouldin": smallest, "bic": smallest}
    found = {}
    for name in CRITERIA[:-1]:
        values = [(better.get(name, largest)(getattr(row, name)), row.k) for row in rows]
        finite = [pair for pair in values if not math.isnan(pair[0])]
        best = max(finite, key=lambda pair: (pair[0], -pair[1]), default=None)
        found[name] = _pick(None if best is None else best[1], rows)
    known = [row for row in rows if row.stability is not None]
    if known:
        best_mean = max(row.stability or 0.0 for row in known)
        stable = [row.k for row in known if (row.stability or 0.0) >= best_mean - AS_STABLE]
        found["stability"] = _pick(stable[-1], rows)
    else:
        found["stability"] = Pick(k=None, counts=False, note="too few rows")
    return found


def _pick(k: int | None, rows: Sequence[KRow]) -> Pick:
    if k is None:
        return Pick(k=None, counts=False, note="no value")
    if k == rows[-1].k and len(rows) > 1:
        return Pick(k=k, counts=False, note="at the end of the range")
    return Pick(k=k, counts=True)


def why_no_clusters(rows: Sequence[KRow]) -> str | None:
    """Return why the data has no clusters that k-means could find, or None.

    Two tests, and both must be passed: at some k the inertia falls further than in noise, and at some k two halves
    of the data give the same clusters. Either alone is fooled: halves agree on how to cut a long cloud in two.
    """
    lifts = [row for row in rows if row.gap is not None]
    if lifts and not any(_lifted(row) for row in lifts):
        return "k-means lowers the inertia no more than it does in uniform noise of the same extent"
    known = [row for row in rows if row.stability is not None]
    if known:
        best = max(known, key=lambda row: row.stability or 0)
        if (best.stability or 0) < LEAST_STABLE:
            return f"fits on halves of the data do not agree for any k: at best {best.stability:.2f}, at k={best.k}"
    return None


def _lifted(row: KRow) -> bool:
    assert row.gap is not None
    assert row.gap_error is not None
    return row.gap > max(LEAST_LIFT, LIFT_ERRORS * row.gap_error)


def recommend(rows: Sequence[KRow], chosen: dict[str, Pick]) -> tuple[int | None, tuple[str, ...]]:
    """Return the k with most votes, and the criteria that vote for it.

    Of k with as many votes the one that stability votes for is taken, else the more stable, else the smaller.
    Where nobody votes, because all best values lie at the end of the range, there is no recommendation.
    """
    votes: dict[int, float] = {}
    for name, pick in chosen.items():
        if pick.counts and pick.k is not None:
            votes[pick.k] = votes.get(pick.k, 0.0) + WEIGHTS.get(name, 1.0)
    if not votes:
        return None, ()
    by_k = {row.k: row for row in rows}
    stable = chosen["stability"].k if chosen["stability"].counts else None
    best = max(votes, key=lambda k: (votes[k], k == stable, by_k[k].stability or 0.0, -k))
    return best, tuple(name for name, pick in chosen.items() if pick.counts and pick.k == best)
