"""What choosing k finds: a row for each k, the pick of each criterion, and the recommendation."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.choosing.elbow import ELBOW_METHOD
from kmbench.notes import Note, notes_as_json
from kmbench.shown import Shown

__all__ = ["ChooseResult", "KRow", "Pick"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KRow:
    """The figures of one k, over all rows of the data unless said otherwise.

    Attributes
    ----------
    k : int
    inertia : float
        Sum of squared distances to the nearest centroid.
    silhouette_simplified : float
        From the distances to the two nearest centroids.
    silhouette, silhouette_spread : float
        True silhouette on samples of rows, and its standard deviation between them.
    calinski_harabasz, davies_bouldin, bic : float
        Larger, smaller and smaller is better.
    stability, stability_spread : float or None
        Adjusted Rand index between fits on halves, and its standard deviation between pairs of halves.
    gap, gap_error : float or None
        By which the log inertia falls further than in noise.
    clusters : int
        Clusters that have rows.
    """

    k: int
    inertia: float
    silhouette_simplified: float
    silhouette: float
    silhouette_spread: float
    calinski_harabasz: float
    davies_bouldin: float
    bic: float
    stability: float | None
    stability_spread: float | None
    gap: float | None
    gap_error: float | None
    clusters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """What one criterion says.

    Attributes
    ----------
    k : int or None
        Its choice, None where it has none.
    counts : bool
        Whether it is a vote: a best value at the upper end of the range may lie beyond it.
    note : str
        Why it has no choice, or no vote.
    """

    k: int | None
    counts: bool
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ChooseResult(Shown):
    """The answer with what it rests on.

    Attributes
    ----------
    recommended : int or None
        Number of clusters; None where there are none.
    reason : str
        Why there are no clusters, or empty.
    criteria : dict of Pick
        By name.
    agreeing : tuple of str
        Criteria whose vote is the recommended k.
    elbow : int or None
        A mark, not a vote.
    rows : tuple of KRow
    fitted_rows : int
        Rows that centroids were fitted on; the figures are over all rows.
    centroids : dict
        From k to centroids, shape (k, d), float32; float64 where the data lies far from the origin. Those of a
        table are in the units of its features.
    labels : ndarray of int32, or None
        Of each row of the data, -1 where it was left out for a missing value.
    """

    shown_by = "kmbench.choosing.shown"

    name: str
    n: int
    d: int
    recommended: int | None
    reason: str
    criteria: dict[str, Pick]
    agreeing: tuple[str, ...]
    elbow: int | None
    rows: tuple[KRow, ...]
    backend: str
    seed: int
    threads: int
    fitted_rows: int
    centroids: dict[int, NDArray[Any]] = field(repr=False)
    labels: NDArray[np.int32] | None = field(repr=False)
    notes: tuple[Note, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints; figures that are not finite are null."""
        return {
            "recommended": self.recommended,
            "reason": self.reason,
            "agreeing": list(self.agreeing),
            "criteria": {name: asdict(pick) for name, pick in self.criteria.items()},
            "elbow": {"k": self.elbow, "method": ELBOW_METHOD},
            "table": [{name: _finite(value) for name, value in asdict(row).items()} for row in self.rows],
            "data": {"name": self.name, "n": self.n, "d": self.d, "fitted_rows": self.fitted_rows},
            "backend": self.backend,
            "seed": self.seed,
            "threads": self.threads,
            **notes_as_json(self.notes),
        }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
