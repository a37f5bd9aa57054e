"""How good IDs are: how many items share one, and how evenly the codes are used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Collisions", "code_use", "collisions", "perplexity", "with_last_digit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collisions:
    """Items that share an ID.

    Attributes
    ----------
    rate : float
        ``1 - distinct / n``: the share of items that a lookup by ID cannot reach.
    distinct : int
        Different IDs.
    largest : int
        Items of the most crowded ID.
    """

    rate: float
    distinct: int
    largest: int


def collisions(ids: NDArray[Any]) -> Collisions:
    """Count the items that share an ID.

    Parameters
    ----------
    ids : ndarray of integers, shape (n, levels)
        At least one row.
    """
    _, sizes = np.unique(_groups(ids), return_counts=True)
    return Collisions(rate=1 - len(sizes) / len(ids), distinct=len(sizes), largest=int(sizes.max()))


def with_last_digit(ids: NDArray[Any]) -> NDArray[np.int32]:
    """Add a digit that tells items of the same ID apart: 0 for the first of them, then 1, 2, ….

    Parameters
    ----------
    ids : ndarray of integers, shape (n, levels)

    Returns
    -------
    ndarray of int32, shape (n, levels + 1)
        No two rows are equal.
    """
    group = _groups(ids)
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    digit = np.empty(len(ids), dtype=np.int32)
    digit[order] = np.arange(len(ids)) - first
    return np.column_stack([ids, digit]).astype(np.int32)


def code_use(codes: NDArray[Any], size: int) -> int:
    """Return how many of `size` codes are used at all."""
    return int(np.count_nonzero(np.bincount(codes, minlength=size)))


def perplexity(codes: NDArray[Any], size: int) -> float:
    """Return the exponential of the entropy of the codes: `size` where all are used equally, 1 where one is.

    Parameters
    ----------
    codes : ndarray of integers, shape (n,)
    size : int
        Number of codes.
    """
    shares = np.bincount(codes, minlength=size) / len(codes)
    used = shares[shares > 0]
    return float(np.exp(-(used * np.log(used)).sum()))


def _groups(ids: NDArray[Any]) -> NDArray[np.int64]:
    """Return a number for each ID, made level by level: one whole number would overflow with many levels."""
    group = np.zeros(len(ids), dtype=np.int64)
    for codes in ids.T:
        _, group = np.unique(group * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
    return group
