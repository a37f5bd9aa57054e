"""What a metric and a kind of index are called in pgvector's SQL."""

from __future__ import annotations

from dataclasses import dataclass

from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.problem.space import Metric

__all__ = ["MOST_COLUMNS", "Operators", "operators_of"]

MOST_COLUMNS = {"flat": 2000, "fp16": 4000}
"""Columns that an ivfflat index takes: a vector has to fit a page, a halfvec too."""

_OPERATOR = {"l2": "<->", "ip": "<#>", "cosine": "<=>"}
_CLASS = {"l2": "l2_ops", "ip": "ip_ops", "cosine": "cosine_ops"}


@dataclass(frozen=True, slots=True)
class Operators:
    """Pieces of SQL.

    Attributes
    ----------
    distance : str
        Operator of the distance; the negated inner product for ``ip``.
    operator_class : str
        Of the index.
    type : str
        Type that is indexed, with its dimension.
    expression : str
        What is indexed and ordered by: the column, or a cast of it.
    """

    distance: str
    operator_class: str
    type: str
    expression: str


def operators_of(kind: Kind, metric: Metric, d: int) -> Operators:
    """Return the pieces for a kind of index: ``flat`` keeps vectors, ``fp16`` keeps halfvecs of them."""
    half = kind.codec == "fp16"
    name = "halfvec" if half else "vector"
    expression = f"(embedding::halfvec({d}))" if half else "embedding"
    return Operators(_OPERATOR[metric], f"{name}_{_CLASS[metric]}", f"{name}({d})", expression)
