"""The pruned path: a thin product proves for most rows that their centre is still the nearest; the rest is computed.

A pass goes on from the labels of the pass before it. The lower bounds of `bound` for all centres but a row's own are
compared with an upper bound on the score of its own: first the one that comes with the lower bound, then, where that
is not enough, the score itself. What is left are a few candidates for a few rows: their scores are computed in full,
and again by difference in float64 where they are too close to be told apart. So the labels are those of a float64
search over the stored rows.

In late iterations most centres rest. A row whose own centre rests was compared with all others that rest in the pass
before, and only those that moved can take it over.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bound import Head, HeadWeights, RowHeads, row_heads
from .dense import DensePass, Labeller
from .plan import Plan, spans, without_aliasing
from .pruning import Pruning, choose_basis
from .rows import Floats, StoredRows, score_weights
from .workers import Each

__all__ = ["PrunedPass"]

# Passes before which the bounds are tried on a sample: after the first update, and where that was too early, once
# the centres have settled a little. The first pass of all has no labels to go on from.
TRIAL_PASSES = (1, 4)

# With a larger share of moving centres, sorting rows by whether theirs moves costs more than it saves: two products
# instead of one leave 2f - f^2 of the work.
MOST_MOVED = 0.55

# Numbers that are gathered at a time to compute scores one by one: rows and centres stay in a second-level cache.
PAIR_VALUES = 2**17

# Gathering and multiplying a pair takes as long as this many pairs within a matrix product.
PAIR_COST = 20


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """The centres of one pass, as the labelling of rows wants them.

    Attributes
    ----------
    centres : ndarray of float64, shape (k, d)
    full : ndarray, shape (k, d + 1)
        Weights of the scores.
    heads : HeadWeights
    columns : ndarray, shape (q + 2, k)
        Weights of the bounds.
    moved : ndarray of bool, shape (k,), or None
        Which centres moved, where it pays to look.
    movers : ndarray of int
        Their indices, or all.
    mover_columns : ndarray, shape (q + 2, movers)
        The columns of `movers`.
    """

    centres: NDArray[np.float64]
    full: Floats
    heads: HeadWeights
    columns: Floats
    moved: NDArray[np.bool_] | None
    movers: NDArray[np.intp]
    mover_columns: Floats


class PrunedPass(DensePass):
    """Passes over stored rows; those that cannot be pruned, or would not gain, are dense.

    Parameters
    ----------
    source : StoredRows
        The augmented rows, in the dense layout.
    labels : ndarray of int32, shape (n,)
        Room for a label per row.
    plan : Plan
    each : callable
        From `workers`.
    """

    def __init__(self, source: StoredRows, labels: NDArray[np.int32], plan: Plan, each: Each) -> None:
        super().__init__(source, labels, plan, each)
        self._stored = source
        self._passes = 0
        self._head: Head | None = None
        self._heads: RowHeads | None = None
        self._exact_for: NDArray[np.float64] | None = None
        self._buffers = threading.local()
        self.pruning = Pruning()

    def _labeller(self, centres: NDArray[np.float64]) -> Labeller:
        self._passes += 1
        if self._head is None and self._passes - 1 in TRIAL_PASSES:
            self._try(centres)
        search = self._search(centres)
        if search is None:
            self._exact_for = None
            return super()._labeller(centres)
        self._exact_for = centres
        self.pruning.passes += 1
        self.pruning.over_moved += search.moved is not None
        return lambda block, start: self._label_pruned(search, block, start)

    def _try(self, centres: NDArray[np.float64]) -> None:
        """Try the bounds on a sample, and make the heads of all rows where they pay."""
        basis = choose_basis(self._stored, self._labels, centres, self._plan, self.pruning)
        if basis is None:
            return
        self._head = Head(basis)
        self._heads = row_heads(self._head, self._stored, len(self._labels), self._plan, self._each)

    def _search(self, centres: NDArray[np.float64]) -> _Search | None:
        head, rows = self._head, self._heads
        if head is None or rows is None:
            return None
        heads = head.of_centres(centres)
        if not head.fits(rows.norms, heads.largest):
            return None
        moved = None
        movers = np.arange(len(centres))
        if self._exact_for is not None:
            changed = (centres != self._exact_for).any(axis=1)
            if changed.mean() <= MOST_MOVED:
                moved, movers = changed, np.flatnonzero(changed)
        columns = np.ascontiguousarray(heads.weights.T)
        return _Search(
            centres,
            score_weights(centres, self._plan.precision),
            heads,
            columns,
            moved,
            movers,
            np.ascontiguousarray(columns[:, movers]) if moved is not None else columns,
        )

    def _label_pruned(self, search: _Search, block: Floats, start: int) -> None:
        """Bring the labels of one block up to date."""
        size = self._plan.chunk_rows
        if search.moved is None:
            for first, last in spans(len(block), size):
                self._label_rows(search, block, start, np.arange(first, last), None)
            return
        moves = search.moved[self._labels[start : start + len(block)]]
        for rows, columns in ((np.flatnonzero(moves), None), (np.flatnonzero(~moves), search.movers)):
            if columns is None or len(columns):
                for first, last in spans(len(rows), size):
                    self._label_rows(search, block, start, rows[first:last], columns)

    def _label_rows(
        self, search: _Search, block: Floats, start: int, rows: NDArray[np.intp], columns: NDArray[np.intp] | None
    ) -> None:
        """Bring the labels of some rows of a block up to date.

        Parameters
        ----------
        search : _Search
        block : ndarray, shape (m, d + 1)
            Augmented rows.
        start : int
            Number of the block's first row.
        rows : ndarray of int
            Rows of the block.
        columns : ndarray of int, or None
            The only centres that can take rows over, none of them a row's own; None for all.
        """
        assert self._head is not None
        assert self._heads is not None
        head = self._head
        at = rows + start
        heads, norms, own = self._heads.rows[at], self._heads.norms[at], self._labels[at]
        bounds = self._bounds(heads, search.columns if columns is None else search.mover_columns)
        flat = bounds.reshape(-1)
        row_starts = np.arange(len(rows)) * bounds.shape[1]
        if columns is None:
            own_bound = flat[row_starts + own]
            flat[row_starts + own] = np.inf
        else:
            own_bound = np.einsum("ij,ij->i", heads, search.heads.weights[own])
        least = flat[row_starts + np.argmin(bounds, axis=1)]
        margins = head.margins(norms, search.heads.largest)
        limit = own_bound + 4 * heads[:, -2] * search.heads.tails[own] + margins
        open_ = np.flatnonzero(~(least > limit))
        if not len(open_):
            return
        scores = _scores(block, rows[open_], search.full, own[open_])
        limits = scores + margins[open_]
        still = np.flatnonzero(~(least[open_] > limits))
        if not len(still):
            return
        left = open_[still]
        candidates = bounds[left] <= limits[still][:, np.newaxis]
        own_column = own[left] if columns is None else len(columns)
        errors = head.errors_of_scores(norms[left], search.heads.largest)
        candidates[np.arange(len(left)), own_column] = True
        self._labels[at[left]] = _nearest(
            search, block, rows[left], own[left], scores[still], candidates, columns, errors
        )

    def _bounds(self, heads: Floats, columns: Floats) -> Floats:
        """Return the lower bounds, (m, width), in a buffer of the thread; columns beyond the centres are infinite."""
        m, k = len(heads), columns.shape[1]
        width = without_aliasing(k + 1, self._plan.precision)
        if not hasattr(self._buffers, "flat") or len(self._buffers.flat) < m * width:
            self._buffers.flat = np.empty(m * width, dtype=heads.dtype)
        bounds: Floats = self._buffers.flat[: m * width].reshape(m, width)
        np.matmul(heads, columns, out=bounds[:, :k])
        bounds[:, k:] = np.inf
        return bounds


def _scores(block: Floats, rows: NDArray[np.intp], weights: Floats, centres: NDArray[np.integer]) -> Floats:
    """Return the score of each row at the centre beside it, as many rows at a time as stay in the cache."""
    scores = np.empty(len(rows), dtype=block.dtype)
    for first, last in spans(len(rows), max(1, PAIR_VALUES // block.shape[1])):
        np.einsum("ij,ij->i", block[rows[first:last]], weights[centres[first:last]], out=scores[first:last])
    return scores


def _nearest(
    search: _Search,
    block: Floats,
    rows: NDArray[np.intp],
    own: NDArray[np.int32],
    own_scores: Floats,
    candidates: NDArray[np.bool_],
    columns: NDArray[np.intp] | None,
    errors: Floats,
) -> NDArray[np.intp]:
    """Return the nearest candidate of each row, the lowest index where they are equally near.

    Parameters
    ----------
    search : _Search
    block : ndarray, shape (m, d + 1)
    rows : ndarray of int, shape (r,)
        Rows of the block.
    own : ndarray of int32, shape (r,)
        The centre of each before.
    own_scores : ndarray, shape (r,)
        Its score.
    candidates : ndarray of bool, shape (r, columns)
        The own centre among them: in its own column, or behind the last of `columns`.
    columns : ndarray of int, or None
        The centres of the columns; None for all.
    errors : ndarray, shape (r,)
        By how much scores must differ to prove which is less.
    """
    scores: Floats
    k, pairs = len(search.full), int(np.count_nonzero(candidates))
    if (pairs - len(rows)) * PAIR_COST > len(rows) * k:
        all_scores = block[rows] @ search.full.T
        r, centre = np.nonzero(all_scores <= (all_scores.min(axis=1) + errors)[:, np.newaxis])
        scores = all_scores[r, centre]
    else:
        r, centre = np.divmod(np.flatnonzero(candidates), candidates.shape[1])
        if columns is None:
            is_own = centre == own[r]
        else:
            is_own = centre == len(columns)
            centre = np.where(is_own, own[r], np.append(columns, 0)[centre])
        scores = np.empty(pairs, dtype=block.dtype)
        scores[is_own] = own_scores
        scores[~is_own] = _scores(block, rows[r[~is_own]], search.full, centre[~is_own])
    starts = np.searchsorted(r, np.arange(len(rows)))
    close = scores <= (np.minimum.reduceat(scores, starts) + errors)[r]
    close &= (np.add.reduceat(close, starts, dtype=np.intp) > 1)[r]
    if close.any():
        rivals = np.flatnonzero(close)
        scores = _by_difference(search, block, rows, r, centre, scores, rivals)
    least = np.minimum.reduceat(scores, starts)
    found: NDArray[np.intp] = np.minimum.reduceat(np.where(scores == least[r], centre, k), starts)
    return found


def _by_difference(
    search: _Search,
    block: Floats,
    rows: NDArray[np.intp],
    r: NDArray[np.intp],
    centre: NDArray[np.intp],
    scores: Floats,
    rivals: NDArray[np.intp],
) -> Floats:
    """Return squared distances in float64 for pairs in `rivals`, infinity for others of their rows, else scores."""
    d = search.centres.shape[1]
    exact = scores.astype(np.float64)
    contested = np.zeros(len(rows), dtype=np.bool_)
    contested[r[rivals]] = True
    exact[contested[r]] = np.inf
    for first, last in spans(len(rivals), max(1, PAIR_VALUES // d)):
        here = rivals[first:last]
        difference = block[rows[r[here]], :d].astype(np.float64)
        difference -= search.centres[centre[here]]
        exact[here] = np.einsum("ij,ij->i", difference, difference)
    return exact
