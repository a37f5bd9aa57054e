"""Quality of a clustering from (X, centroids, labels): pure functions of arrays."""

from kmbench.metrics.agreement import Agreement, adjusted_rand, compare_labels, contingency
from kmbench.metrics.centroids import centroid_index
from kmbench.metrics.criteria import calinski_harabasz, davies_bouldin, spherical_bic
from kmbench.metrics.inertia import Evaluation, evaluate, inertia_of_labels
from kmbench.metrics.information import variation_of_information
from kmbench.metrics.matching import matched_agreement
from kmbench.metrics.moments import ClusterMoments, cluster_moments
from kmbench.metrics.nearest_two import NearestTwo, nearest_two
from kmbench.metrics.pairs import pair_f1
from kmbench.metrics.silhouette import (
    SampledSilhouette,
    SilhouetteSampler,
    silhouette_of_distances,
    simplified_silhouette,
)

__all__ = [
    "Agreement",
    "ClusterMoments",
    "Evaluation",
    "NearestTwo",
    "SampledSilhouette",
    "SilhouetteSampler",
    "adjusted_rand",
    "calinski_harabasz",
    "centroid_index",
    "cluster_moments",
    "compare_labels",
    "contingency",
    "davies_bouldin",
    "evaluate",
    "inertia_of_labels",
    "matched_agreement",
    "nearest_two",
    "pair_f1",
    "silhouette_of_distances",
    "simplified_silhouette",
    "spherical_bic",
    "variation_of_information",
]
