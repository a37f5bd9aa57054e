"""Whether bounds from leading directions pay, tried on a sample of the rows before all of them are touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bound import Basis, Head, leading_directions
from .plan import Plan
from .rows import Floats, StoredRows, score_weights

__all__ = ["Pruning", "choose_basis", "most_head_columns"]

SAMPLE_ROWS = 1024

# Sizes of a head that are tried.
HEAD_SIZES = (16, 32, 48, 64, 96, 128)

# What things cost, in multiplications of a dense product: one in a thin product, which writes more than it computes;
# looking at one score of it; a number of a pair whose score is computed by itself.
THIN_COST = 1.5
LOOK_COST = 12
PAIR_COST = 25

# Passes that pay for making the heads of all rows: more are not sure to come.
PASSES_AHEAD = 6

# The estimate must be this much below the dense pass: it knows neither the host nor the passes to come.
MOST_COST = 0.7


@dataclass(slots=True)
class Pruning:
    """What the rule saw, and what came of it.

    Attributes
    ----------
    directions : int or None
        Columns of the heads, where the bounds are used.
    not_certified : float or None
        Share of the sampled rows whose own score had to be computed, for the best size of the head.
    cost : float or None
        Estimated time of a pass, as a share of a dense one.
    passes : int
        Pruned passes.
    over_moved : int
        Those in which rows whose centre rests looked at moved centres only.
    """

    directions: int | None = None
    not_certified: float | None = None
    cost: float | None = None
    passes: int = 0
    over_moved: int = 0

    def settings(self) -> dict[str, Any]:
        """Return what a record says of it."""
        if self.cost is None or self.not_certified is None:
            return {}
        return {
            "pruned_passes": self.passes,
            "pruned_passes_over_moved_centres": self.over_moved,
            "pruning_directions": self.directions,
            "pruning_rows_computed": round(self.not_certified, 3),
            "pruning_estimated_cost": round(self.cost, 3),
        }


def choose_basis(
    rows: StoredRows, labels: NDArray[np.int32], centres: NDArray[np.float64], plan: Plan, pruning: Pruning
) -> Basis | None:
    """Return the basis with the least estimated time of a pass, or None where no size of the head pays.

    Parameters
    ----------
    rows : StoredRows
    labels : ndarray of int32, shape (n,)
        Of the pass before.
    centres : ndarray of float64, shape (k, d)
    plan : Plan
        Where it has pruning ``always``, the best basis is returned whether it pays or not.
    pruning : Pruning
        The findings are written here.
    """
    n, (k, d) = len(labels), centres.shape
    sample = np.arange(0, n, -(-n // SAMPLE_ROWS))
    block = rows(0, n)[sample]
    dtype = block.dtype
    sizes = _head_sizes(d)
    directions = leading_directions(centres, sizes[-1]).astype(dtype)
    own = labels[sample]
    scores = np.einsum("ij,ij->i", block, score_weights(centres, dtype)[own])
    best: Basis | None = None
    least = np.inf
    for size in sizes:
        basis = Basis.of(np.ascontiguousarray(directions[:, :size]))
        computed, pairs = _left_over(Head(basis), block, own, scores, centres)
        thin = k * ((size + 2) * THIN_COST + LOOK_COST)
        cost = thin + (computed + pairs) * d * PAIR_COST + d * size / PASSES_AHEAD
        cost = float(cost / (k * (d + LOOK_COST)))
        if cost < least:
            best, least = basis, cost
            pruning.cost, pruning.not_certified = cost, computed
        elif cost > 1.2 * least:
            break
    if best is None or (plan.pruning == "try" and least > MOST_COST):
        return None
    pruning.directions = best.size
    return best


def most_head_columns(d: int) -> int:
    """Return how many numbers pruning may keep for each row of d columns: its head, tail, one, and norm."""
    return _head_sizes(d)[-1] + 3


def _head_sizes(d: int) -> list[int]:
    return [size for size in HEAD_SIZES if size <= d // 4] or [min(d, HEAD_SIZES[0])]


def _left_over(
    head: Head, block: Floats, own: NDArray[np.int32], scores: Floats, centres: NDArray[np.float64]
) -> tuple[float, float]:
    """Return how many own scores and how many others have to be computed, for each row of a sample."""
    m, k = len(block), len(centres)
    heads = np.empty((m, head.basis.size + 2), dtype=block.dtype)
    norms = np.empty(m, dtype=block.dtype)
    head.of_rows(block, heads, norms)
    weights = head.of_centres(centres)
    if not head.fits(norms, weights.largest):
        return 1.0, float(k)
    bounds = heads @ weights.weights.T
    margins = head.margins(norms, weights.largest)
    rows = np.arange(m)
    limits = bounds[rows, own] + 4 * heads[:, -2] * weights.tails[own] + margins
    bounds[rows, own] = np.inf
    computed = ~(bounds.min(axis=1) > limits)
    pairs = np.count_nonzero(bounds[computed] <= (scores + margins)[computed, np.newaxis])
    return float(computed.mean()), pairs / m
