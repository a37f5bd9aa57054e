"""The space that is searched: vectors as the index holds them, and what carries a user's vectors there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["CENTRE_ABOVE", "METRICS", "FloatMatrix", "Metric", "Space"]

FloatMatrix = NDArray[np.float32]
Metric = Literal["l2", "ip", "cosine"]
METRICS: tuple[Metric, ...] = ("l2", "ip", "cosine")

CENTRE_ABOVE = 1.0
"""Squared norm of the mean over the spread, above which L2 data is centred. FAISS expands distances in float32, so
far from the origin neighbours are lost: with a mean of 10 and a spread of 1 in each column already one in twenty."""

_BLOCK = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """A metric, and the transform that data goes through before FAISS compares it.

    Attributes
    ----------
    metric : {"l2", "ip", "cosine"}
        Cosine is the inner product of vectors of norm 1.
    shift : ndarray of float32, shape (d,), or None
        Subtracted from every vector; L2 distances do not change by it.
    """

    metric: Metric
    shift: FloatMatrix | None = None

    @property
    def inner_product(self) -> bool:
        """Whether larger is nearer."""
        return self.metric != "l2"

    @property
    def faiss_metric(self) -> int:
        """FAISS's number for the metric."""
        import faiss

        return int(faiss.METRIC_INNER_PRODUCT if self.inner_product else faiss.METRIC_L2)

    @property
    def transform_name(self) -> str | None:
        """What the saved index does to vectors before it looks at them."""
        if self.metric == "cosine":
            return "L2norm"
        return None if self.shift is None else "centering"

    def apply(self, X: FloatMatrix) -> FloatMatrix:
        """Return vectors as the index holds them; `X` itself where nothing is done to it.

        Under cosine a row of zeros stays one, as FAISS's transform leaves it.
        """
        if self.metric == "cosine":
            return _normalised(X)
        return X if self.shift is None else np.ascontiguousarray(X - self.shift)

    def directionless(self, X: FloatMatrix) -> NDArray[np.int64]:
        """Return the numbers of the rows that have no place in this space: those of zeros under cosine."""
        if self.metric != "cosine":
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(~X.any(axis=1))

    def wrap(self, index: Any, d: int | None = None) -> Any:
        """Return the index behind the transform, so that a user searches with vectors as they are.

        The returned object owns neither the index nor the transform: keep both.

        Parameters
        ----------
        d : int, optional
            Columns of the user's vectors, where the index has more: the rest are zeros.
        """
        import faiss

        transform: Any
        d = index.d if d is None else d
        if d != index.d:
            columns: Any = faiss.RemapDimensionsTransform
            index = faiss.IndexPreTransform(columns(d, index.d, False), index)
        if self.metric == "cosine":
            transform = faiss.NormalizationTransform(d, 2.0)
        elif self.shift is not None:
            transform = faiss.CenteringTransform(d)
            faiss.copy_array_to_vector(np.ascontiguousarray(self.shift, dtype=np.float32), transform.mean)
            transform.is_trained = True
        else:
            return index
        if not hasattr(index, "chain"):
            return faiss.IndexPreTransform(transform, index)
        index.prepend_transform(transform)
        return index

    def unit(self, X: FloatMatrix) -> FloatMatrix:
        """Return the directions of vectors; a zero vector stays zero."""
        norms = np.sqrt(np.einsum("ij,ij->i", X, X, dtype=np.float64))
        norms[norms == 0.0] = 1.0
        out: FloatMatrix = (X / norms[:, None]).astype(np.float32)
        return out


def _normalised(X: FloatMatrix) -> FloatMatrix:
    out = np.empty(X.shape, dtype=np.float32)
    for start in range(0, len(X), _BLOCK):
        block = X[start : start + _BLOCK].astype(np.float64)
        norms = np.sqrt(np.einsum("ij,ij->i", block, block))
        norms[norms == 0.0] = 1.0
        out[start : start + _BLOCK] = block / norms[:, None]
    return out
