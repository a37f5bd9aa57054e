"""Refuse values whose squares overflow float32, before engines that would hang, die or return nonsense meet them."""

from __future__ import annotations

import numpy as np

from kmbench.backends.base import FloatMatrix

__all__ = ["refuse_overflow"]

BLOCK_ROWS = 2**14

LARGEST = float(np.finfo(np.float32).max)


def refuse_overflow(X: FloatMatrix, what_happens: str) -> None:
    """Raise unless every squared distance between rows fits into float32.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
    what_happens : str
        What the engine would do, such as ``"SuperKMeans never ends"``, for the message.

    Raises
    ------
    ValueError
        If four times the largest squared norm is beyond float32.
    """
    largest = 0.0
    for start in range(0, len(X), BLOCK_ROWS):
        block = X[start : start + BLOCK_ROWS].astype(np.float64)
        largest = max(largest, float(np.einsum("ij,ij->i", block, block).max()))
    if 4 * largest > LARGEST:
        raise ValueError(
            f"the squares of the values overflow float32 (a row has length {largest**0.5:.1e}), "
            f"where {what_happens}; scale the data down"
        )
