"""Rows of long lists moved to others that are nearly as near: the same centroids, lists of more even size."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.index.training import Trained
from kmbench.tuning.problem.kernels import matrix_products
from kmbench.tuning.problem.space import FloatMatrix, Space

__all__ = ["BALANCE_ABOVE", "assign_balanced", "balanced"]

BALANCE_ABOVE = 1.3
"""Imbalance from which on the search gains."""

NEAREST = 16
"""Lists that a row may go to."""

ROUNDS = 15
STEP = 0.015
"""Of the penalty, in mean squared distances; a step ten times as large does not settle."""

_BLOCK = 2**14


def balanced(base: FloatMatrix, trained: Trained, space: Space) -> Trained:
    """Return lists with the same centroids, in which a row goes to the list of least distance plus penalty.

    The penalty of a list rises while it is longer than the mean and falls while it is shorter.

    Parameters
    ----------
    base : ndarray of float32, shape (n, d)
        L2, or of norm 1 under cosine.
    """
    began = time.perf_counter()
    nearest, distances = _nearest(base, trained, space)
    penalty = np.zeros(trained.nlist, dtype=np.float32)
    mean_size = len(base) / trained.nlist
    unit = STEP * float(distances[:, 0].mean())
    best, best_imbalance = trained.list_of_row, trained.imbalance
    best_penalty = penalty
    for _ in range(ROUNDS):
        chosen = np.argmin(distances + penalty[nearest], axis=1)
        lists = np.take_along_axis(nearest, chosen[:, None], axis=1)[:, 0]
        sizes = np.bincount(lists, minlength=trained.nlist)
        imbalance = float(trained.nlist * np.square(sizes / len(base)).sum())
        if imbalance < best_imbalance:
            best, best_imbalance, best_penalty = lists, imbalance, penalty
        penalty = penalty + np.float32(unit) * np.log(np.maximum(sizes, 1) / mean_size).astype(np.float32)
    made = Trained.of(
        quantizer=trained.quantizer,
        centroids=trained.centroids,
        list_of_row=best,
        train_seconds=trained.train_seconds,
        assign_seconds=trained.assign_seconds + time.perf_counter() - began,
        points=trained.points,
    )
    return replace(made, penalty=best_penalty)


def assign_balanced(X: FloatMatrix, trained: Trained, space: Space) -> NDArray[np.int32]:
    """Return the lists that further rows go to by the same penalties."""
    assert trained.penalty is not None
    nearest, distances = _nearest(X, trained, space)
    chosen = np.argmin(distances + trained.penalty[nearest], axis=1)
    return np.take_along_axis(nearest, chosen[:, None], axis=1)[:, 0]


def _nearest(X: FloatMatrix, trained: Trained, space: Space) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the nearest lists of each row with their squared distances."""
    width = min(NEAREST, trained.nlist)
    nearest = np.empty((len(X), width), dtype=np.int32)
    distances = np.empty((len(X), width), dtype=np.float32)
    with matrix_products():
        for start in range(0, len(X), _BLOCK):
            part = slice(start, start + _BLOCK)
            far, lists = trained.quantizer.search(np.ascontiguousarray(X[part]), width)
            nearest[part] = lists
            distances[part] = 2 - 2 * far if space.inner_product else far
    return nearest, distances
