"""Sparse matrices as `scipy.sparse.save_npz` writes them: made dense block by block where that is small."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kmbench.datasets.base import Matrix, Rows
from kmbench.errors import DataError
from kmbench.notes import note

__all__ = ["LARGEST_DENSE_BYTES", "is_sparse", "open_sparse"]

LARGEST_DENSE_BYTES = 2**30
"""Bytes in float32 up to which a sparse matrix is made dense: a gibibyte."""


class SparseRows(Rows):
    """Rows of a matrix of compressed rows, dense when they are read."""

    def __init__(self, matrix: Any) -> None:
        super().__init__(matrix.shape[0], matrix.shape[1], matrix.dtype)
        self._matrix = matrix
        self.notes = (note("KM153", percent=100 * matrix.nnz / max(1, self.n * self.d)),)

    def blocks(self, rows: int) -> Iterator[Matrix]:
        """Yield blocks of `rows` rows each."""
        for start in range(0, self.n, rows):
            yield self._matrix[start : start + rows].toarray()


def is_sparse(names: list[str]) -> bool:
    """Tell whether the members of an archive are those of a sparse matrix."""
    return {"format", "shape", "data"} <= set(names)


def open_sparse(path: Path) -> Rows:
    """Open a sparse matrix.

    Raises
    ------
    DataError
        If it would be too large as a dense one, or is damaged.
    """
    import scipy.sparse

    try:
        with np.load(path, allow_pickle=False) as file:
            shape = tuple(int(size) for size in file["shape"])
        if len(shape) != 2:
            raise DataError(f"{path} holds a sparse array of shape {shape}", "kmbench clusters the rows of (n, d)")
        dense = 4 * shape[0] * shape[1]
        if dense > LARGEST_DENSE_BYTES:
            raise DataError(
                f"{path} holds a sparse matrix of {shape[0]:,} x {shape[1]:,}, "
                f"which takes {dense / 2**30:,.1f} GiB as a dense one",
                "reduce it: numpy.save('x.npy', sklearn.decomposition.TruncatedSVD(128).fit_transform(X))",
            )
        matrix = scipy.sparse.load_npz(path).tocsr()
    except (
        EOFError, KeyError, OSError, TypeError, ValueError, IndexError, NotImplementedError,
        zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        reason = "it holds Python objects, which are never unpickled" if "bject" in str(error) else error
        raise DataError(
            f"{path} is not a readable sparse matrix: {reason}", "write it with scipy.sparse.save_npz"
        ) from None
    return SparseRows(matrix)
