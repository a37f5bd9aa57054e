"""Which of its kernels FAISS compares vectors with: matrix products, also for few queries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["matrix_products"]


@contextmanager
def matrix_products() -> Iterator[None]:
    """Let FAISS compare any number of queries by matrix products while the block runs.

    FAISS takes them from ``distance_compute_blas_threshold`` values of the queries on, and is five times slower
    below it. Distances differ in their last digits, so a ranking that must be the one of a served index stays
    outside of this block.
    """
    import faiss

    before = int(faiss.cvar.distance_compute_blas_threshold)
    faiss.cvar.distance_compute_blas_threshold = 1
    try:
        yield
    finally:
        faiss.cvar.distance_compute_blas_threshold = before
