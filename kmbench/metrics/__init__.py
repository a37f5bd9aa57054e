"""Quality of a clustering from (X, centroids, labels): pure functions of arrays."""

from kmbench.metrics.agreement import (
    Agreement,
    adjusted_rand,
    compare_labels,
    contingency,
    matched_agreement,
)
from kmbench.metrics.inertia import Evaluation, evaluate, inertia_of_labels

__all__ = [
    "Agreement",
    "Evaluation",
    "adjusted_rand",
    "compare_labels",
    "contingency",
    "evaluate",
    "inertia_of_labels",
    "matched_agreement",
]
