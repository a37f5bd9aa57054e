"""Range search on the chosen lists: the share of the rows within a radius that each nprobe finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.index.training import Trained
from kmbench.tuning.problem.space import FloatMatrix, Space
from kmbench.tuning.recall.curve import list_ranks, ranked_lists

__all__ = ["RangeAnswer", "answer_range", "range_curve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeAnswer:
    """What a range search finds.

    Attributes
    ----------
    radius : float
        As FAISS takes it: a squared distance for L2, the least product for inner products and cosine.
    rows : float
        Within it, of a query on average.
    at_chosen : float
        Share of them that the recommended nprobe finds.
    nprobe : int or None
        The smallest that finds the share that was asked for as recall; None where no query has any.
    """

    radius: float
    rows: float
    at_chosen: float
    nprobe: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the object for ``--json``."""
        return {
            "radius": self.radius,
            "rows": self.rows,
            "recall_at_nprobe": self.at_chosen,
            "nprobe_for_target": self.nprobe,
        }


def range_curve(
    base: FloatMatrix, queries: FloatMatrix, radius: float, trained: Trained, space: Space
) -> tuple[NDArray[np.float64], float]:
    """Return the share of all rows within the radius that is found at every nprobe, and their number for a query.

    A search of whole vectors compares all rows of a probed list, so a row is found exactly when its list is probed.
    """
    import faiss

    flat: Any = faiss.IndexFlat(base.shape[1], space.faiss_metric)
    flat.add(base)
    limits, _, ids = flat.range_search(queries, radius)
    counts = np.diff(limits.astype(np.int64))
    hits = np.zeros(trained.nlist + 1)
    for part, order in ranked_lists(trained.quantizer, queries, trained.nlist):
        ranks = list_ranks(order, trained.nlist)
        own = ids[int(limits[part.start]) : int(limits[part.stop])]
        query = np.repeat(np.arange(part.stop - part.start), counts[part])
        hits += np.bincount(ranks[query, trained.list_of_row[own]], minlength=trained.nlist + 1)
    total = max(1, len(ids))
    return np.cumsum(hits[: trained.nlist]) / total, len(ids) / len(queries)


def answer_range(
    base: FloatMatrix, queries: FloatMatrix, radius: float, trained: Trained, space: Space, nprobe: int, share: float
) -> RangeAnswer:
    """Answer for a radius at the recommended nprobe, and for the share that is asked for."""
    curve, rows = range_curve(base, queries, radius, trained, space)
    reached = np.flatnonzero(curve >= share)
    return RangeAnswer(
        radius=radius,
        rows=rows,
        at_chosen=float(curve[nprobe - 1]),
        nprobe=int(reached[0]) + 1 if len(reached) and rows else None,
    )
