"""Quality of a clustering from (X, centroids, labels): pure functions of arrays."""

from kmbench.metrics.agreement import Agreement, adjusted_rand, compare_labels, contingency
from kmbench.metrics.centroids import centroid_index
from kmbench.metrics.inertia import Evaluation, evaluate, inertia_of_labels
from kmbench.metrics.information import variation_of_information
from kmbench.metrics.matching import matched_agreement
from kmbench.metrics.pairs import pair_f1

__all__ = [
    "Agreement",
    "Evaluation",
    "adjusted_rand",
    "centroid_index",
    "compare_labels",
    "contingency",
    "evaluate",
    "inertia_of_labels",
    "matched_agreement",
    "pair_f1",
    "variation_of_information",
]
