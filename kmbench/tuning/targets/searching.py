"""Search a database at several numbers of probes: recall and times from the same queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.problem.recall import per_query_recall
from kmbench.tuning.problem.truth import Progress
from kmbench.tuning.recall.interval import recall_interval
from kmbench.tuning.targets.base import Target
from kmbench.tuning.targets.curves import Asked, ListCurves
from kmbench.tuning.targets.there import Promise, Spot

__all__ = ["SEARCHED", "Searcher"]

SEARCHED = 1000
"""Most queries that a database is asked at one setting."""

TIMED = 300
"""Queries of each turn after the first, which asks all."""

WARM = 50


@dataclass(slots=True, kw_only=True, eq=False)
class Searcher:
    """Searches one build, and remembers what it found.

    Attributes
    ----------
    target : Target
        Connected, with the index built.
    promise : Promise
    promised : Curve
        Of the promise, for the queries that are asked; None where codes bound it.
    lists : ListCurves or None
        Of the lists read back.
    base_row : ndarray of int64
        Row of the base for each id; -1 where an id is none.
    turns : int
        How often times are taken at a setting.
    """

    target: Target
    promise: Promise
    promised: ListCurves | None
    lists: ListCurves | None
    asked: Asked
    base_row: NDArray[np.int64]
    k: int
    turns: int
    seed: int
    progress: Progress
    recalls: dict[int, tuple[float, float, float, int]]
    seconds: dict[int, list[NDArray[np.float64]]]

    def recall(self, nprobe: int) -> tuple[float, float, float, int]:
        """Return recall, the ends of its interval, and how many answers were short; searched once for each nprobe."""
        if nprobe not in self.recalls:
            self.progress(f"search with {nprobe} probes", 0.0)
            answers = self.target.search(self.asked.raw, nprobe, self.promise.k_factor, warm=WARM)
            found = np.where(answers.ids < 0, -1, self.base_row[answers.ids])
            each = per_query_recall(found, self.asked.truth, self.k)
            mean, square = np.array([each.mean()]), np.array([np.square(each).mean()])
            low, high = recall_interval(mean, square, len(each), self.k)
            short = int((answers.ids < 0).any(axis=1).sum())
            self.recalls[nprobe] = (float(mean[0]), float(low[0]), float(high[0]), short)
            self.seconds[nprobe] = [answers.seconds]
        return self.recalls[nprobe]

    def time(self, nprobes: Sequence[int]) -> None:
        """Take more times at settings, in shuffled order: what the host does in between falls on all of them."""
        random = np.random.default_rng([self.seed, 29])
        rows = random.permutation(len(self.asked.raw))[:TIMED]
        queries = np.ascontiguousarray(self.asked.raw[rows])
        for turn in range(1, self.turns):
            for number, nprobe in enumerate(random.permutation(np.asarray(nprobes))):
                self.progress("times in the database", (turn - 1 + number / len(nprobes)) / max(1, self.turns - 1))
                answers = self.target.search(queries, int(nprobe), self.promise.k_factor, warm=10)
                self.seconds[int(nprobe)].append(answers.seconds)

    def spot(self, nprobe: int) -> Spot:
        """Return what is known of a setting."""
        recall, low, high, short = self.recall(nprobe)
        turns = self.seconds[nprobe]
        p50, p95, p99 = np.median([np.percentile(one, (50, 95, 99)) for one in turns], axis=0)
        promised, lists = self.promised, self.lists
        own = self.promise.curve
        known = own.recall[nprobe - 1] if nprobe <= len(own) else None
        if promised is not None and self.promise.kind.exact:
            known = promised.asked.recall[nprobe - 1]
        return Spot(
            nprobe=nprobe,
            promised=None if known is None else float(known),
            of_lists=None if lists is None else float(lists.asked.recall[nprobe - 1]),
            recall=recall,
            recall_low=low,
            recall_high=high,
            promised_scanned=None if promised is None else float(promised.asked.scanned[nprobe - 1]),
            scanned=None if lists is None else float(lists.asked.scanned[nprobe - 1]),
            p50=float(p50),
            p95=float(p95),
            p99=float(p99),
            mean=float(np.median([one.mean() for one in turns])),
            by_index=self.target.plan(nprobe),
            short=short,
        )
