"""The workload `codebooks`: product quantization, with a codebook by k-means for each part of the columns."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from kmbench.backends.base import FloatMatrix, Params
from kmbench.datasets import Rows
from kmbench.errors import WorkloadError
from kmbench.workloads.base import Answer, Figure, KMeans, SeveralFits, Task, TaskResult
from kmbench.workloads.queries import BaseRows, exact_nearest, query_rows

__all__ = ["Codebooks"]

_BLOCK_VALUES = 2**24


class CodebooksParams(Params):
    """Parameters of the workload."""

    m: int = Field(8, ge=1, le=4096, description="subspaces, each with its own k codes")
    queries: int = Field(500, ge=1, le=100_000, description="rows that are left out of the base and used as queries")
    at: int = Field(10, ge=1, le=1000, description="neighbours per query")


class Codebooks(SeveralFits):
    """Product quantization: each vector becomes m digits, and is searched by distances to its reconstruction.

    References
    ----------
    Jégou, Douze & Schmid, "Product quantization for nearest neighbor search", IEEE TPAMI 33 (2011).
    """

    name = "codebooks"
    summary = "product quantization: m codebooks of k codes, and the search through them"
    figures = (
        Figure(
            name="recall",
            title="recall",
            unit="%",
            better="higher",
            summary="Share of the true nearest neighbours that a search by asymmetric distances returns.",
        ),
        Figure(
            name="relative_error",
            title="error",
            unit="%",
            better="lower",
            summary="Squared error of the reconstruction, as a share of the rows' variance.",
        ),
        Figure(name="bits_per_vector", title="code", unit="bits", better=None, summary="Size of a vector's code."),
        Figure(
            name="least_use",
            title="codes used",
            unit="%",
            better="higher",
            summary="Share of the codes that are used by some vector, in the subspace where it is lowest.",
        ),
    )
    Params = CodebooksParams

    def __init__(self, params: BaseModel) -> None:
        super().__init__(params)
        self._asked: tuple[str, FloatMatrix, NDArray[np.int64]] | None = None

    @property
    def _own(self) -> CodebooksParams:
        assert isinstance(self.params, CodebooksParams)
        return self.params

    def rows(self, spec: str) -> Rows:
        """Return all rows but those that serve as queries."""
        base = BaseRows(spec, self._own.queries)
        if self._own.m > base.d:
            raise WorkloadError(f"workload codebooks: m={self._own.m} subspaces, but only {base.d} columns",
                                f"use m <= {base.d}")  # fmt: skip
        return base

    def unsupported_reason(self, k: int, n: int, d: int) -> str | None:
        """Return why there are too few rows for the search, or None."""
        return f"at={self._own.at} neighbours of {n} rows" if self._own.at > n else None

    def _parts(self, d: int) -> list[slice]:
        edges = np.linspace(0, d, self._own.m + 1).round().astype(int).tolist()
        return [slice(start, end) for start, end in pairwise(edges)]

    def run(self, X: FloatMatrix, k: int, kmeans: KMeans) -> dict[str, NDArray[Any]]:
        """Fit a codebook for each part of the columns."""
        arrays: dict[str, NDArray[Any]] = {}
        codes = np.empty((len(X), self._own.m), dtype=np.int32)
        for j, part in enumerate(self._parts(X.shape[1])):
            found = kmeans(np.ascontiguousarray(X[:, part]), k)
            arrays[f"codebook{j}"] = found.centroids
            codes[:, j] = found.labels
        return arrays | {"codes": codes}

    def loss(self, X: FloatMatrix, answer: Answer) -> float:
        """Return the sum of squared distances of the rows to their reconstructions."""
        total = 0.0
        for j, part in enumerate(self._parts(X.shape[1])):
            book, codes = answer.arrays[f"codebook{j}"].astype(np.float64), answer.arrays["codes"][:, j]
            step = max(1, _BLOCK_VALUES // book.shape[1])
            for start in range(0, len(X), step):
                error = X[start : start + step, part] - book[codes[start : start + step]]
                total += float(np.einsum("ij,ij->", error, error))
        return total

    def _questions(self, task: Task) -> tuple[FloatMatrix, NDArray[np.int64]]:
        """Return queries and their true neighbours, found once for all backends of a case."""
        if self._asked is None or self._asked[0] != task.spec:
            queries = query_rows(task.spec, self._own.queries)
            self._asked = (task.spec, queries, exact_nearest(task.X, queries, self._own.at))
        return self._asked[1:]

    def score(self, task: Task, answer: Answer) -> TaskResult:
        """Search for the queries by asymmetric distances: they are not quantized, the rows are."""
        (queries, truth), at = self._questions(task), self._own.at
        X, codes = task.X, answer.arrays["codes"]
        books = [answer.arrays[f"codebook{j}"] for j in range(self._own.m)]
        parts = self._parts(X.shape[1])
        found = np.empty((len(queries), at), dtype=np.int64)
        step = max(1, _BLOCK_VALUES // len(X))
        for start in range(0, len(queries), step):
            block = queries[start : start + step].astype(np.float64)
            distances = np.zeros((len(block), len(X)))
            for j, (book, part) in enumerate(zip(books, parts, strict=True)):
                own = np.square(block[:, None, part] - book[None]).sum(axis=2)
                distances += own[:, codes[:, j]]
            nearest = np.argpartition(distances, at - 1, axis=1)[:, :at]
            found[start : start + step] = nearest
        hits = sum(len(np.intersect1d(one, other)) for one, other in zip(found, truth, strict=True))
        mean = X.mean(axis=0, dtype=np.float64)
        variance = sum(float(np.square(X[s : s + 65536] - mean).sum()) for s in range(0, len(X), 65536))
        use = [len(np.unique(codes[:, j])) / len(book) for j, book in enumerate(books)]
        figures = {
            "recall": hits / truth.size,
            "bits_per_vector": float(self._own.m * max(1, int(np.ceil(np.log2(task.k))))),
            "least_use": min(use),
        }
        if variance > 0:
            figures["relative_error"] = self.loss(X, answer) / variance
        return TaskResult(figures)
