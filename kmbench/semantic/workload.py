"""The workload `semantic-ids`: residual k-means, and how well its digits tell items apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kmbench.backends.base import FloatMatrix, Params
from kmbench.datasets import ConvertedRows, Options, Rows, read_spec
from kmbench.semantic.codebooks import Metric
from kmbench.semantic.scores import code_use, collisions, perplexity
from kmbench.workloads.artefacts import table
from kmbench.workloads.base import Answer, Figure, KMeans, SeveralFits, Task, TaskResult

__all__ = ["SemanticIdsWorkload"]

_BLOCK_ROWS = 2**16


class SemanticIdsParams(Params):
    """Parameters of the workload."""

    levels: int = Field(3, ge=1, le=16, description="digits of an ID, each with k values")
    metric: Metric = Field("cosine", description="cosine brings rows to norm 1 first; or l2")


class SemanticIdsWorkload(SeveralFits):
    """Semantic IDs: each level clusters what the levels before it left.

    All rows are trained on, so that backends do the same work; the command trains on a sample.
    """

    name = "semantic-ids"
    summary = "IDs of a few digits for embeddings, by residual k-means"
    figures = (
        Figure(
            name="collision_rate",
            title="collisions",
            unit="%",
            better="lower",
            summary="Share of the items that cannot be found by their ID, because another item has the same ID.",
        ),
        Figure(
            name="relative_error",
            title="error",
            unit="%",
            better="lower",
            summary="Squared error of the reconstruction from all digits, as a share of the rows' variance.",
        ),
        Figure(name="distinct_ids", title="IDs", better="higher", summary="Different IDs."),
        Figure(
            name="least_perplexity",
            title="perplexity",
            better="higher",
            summary="Effective number of codes in the level where it is lowest: how many equally frequent codes "
            "would be as hard to guess.",
        ),
    )
    Params = SemanticIdsParams

    @property
    def _own(self) -> SemanticIdsParams:
        assert isinstance(self.params, SemanticIdsParams)
        return self.params

    def rows(self, spec: str) -> Rows:
        """Return the rows of the SPEC, under cosine with norm 1; a row of zeros stays."""
        rows = read_spec(spec)
        return ConvertedRows(rows, Options(steps=("normalize",)), spec) if self._own.metric == "cosine" else rows

    def run(self, X: FloatMatrix, k: int, kmeans: KMeans) -> dict[str, NDArray[Any]]:
        """Fit, subtract, repeat."""
        arrays: dict[str, NDArray[Any]] = {}
        ids = np.empty((len(X), self._own.levels), dtype=np.int32)
        rest = X
        for level in range(self._own.levels):
            found = kmeans(rest, k)
            arrays[f"codebook{level}"], ids[:, level] = found.centroids, found.labels
            if level + 1 < self._own.levels:
                rest = rest - found.centroids[found.labels]
        return arrays | {"ids": ids}

    def loss(self, X: FloatMatrix, answer: Answer) -> float:
        """Return the sum of squared distances of the rows to what their IDs stand for."""
        return self._errors(X, answer)[-1]

    def _errors(self, X: FloatMatrix, answer: Answer) -> list[float]:
        """Return the same after each level."""
        ids = answer.arrays["ids"]
        books = [answer.arrays[f"codebook{level}"].astype(np.float64) for level in range(self._own.levels)]
        totals = [0.0] * len(books)
        for start in range(0, len(X), _BLOCK_ROWS):
            rest = X[start : start + _BLOCK_ROWS].astype(np.float64)
            for level, book in enumerate(books):
                rest -= book[ids[start : start + _BLOCK_ROWS, level]]
                totals[level] += float(np.einsum("ij,ij->", rest, rest))
        return totals

    def score(self, task: Task, answer: Answer) -> TaskResult:
        """Count collisions, and tell level by level how the codes are used and what is left."""
        ids = answer.arrays["ids"]
        found, errors = collisions(ids), self._errors(task.X, answer)
        mean = task.X.mean(axis=0, dtype=np.float64)
        starts = range(0, len(task.X), _BLOCK_ROWS)
        variance = sum(float(np.square(task.X[s : s + _BLOCK_ROWS] - mean).sum()) for s in starts)
        hard = [perplexity(codes, task.k) for codes in ids.T]
        figures = {
            "collision_rate": found.rate,
            "distinct_ids": float(found.distinct),
            "least_perplexity": min(hard),
        }
        if variance > 0:
            figures["relative_error"] = errors[-1] / variance
        rows: list[list[str | float]] = [
            [str(level + 1), code_use(ids[:, level], task.k), hard[level], errors[level] / (variance or 1.0)]
            for level in range(self._own.levels)
        ]
        columns = ["level", "codes used", "perplexity", "error left, of the variance"]
        note = f"The largest group of items that share an ID has {found.largest}."
        return TaskResult(figures, {"levels.json": table("Level by level", columns, rows, note)})
