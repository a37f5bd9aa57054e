"""Workloads: real tasks around k-means, each with its preparation and its own measure of success."""

from kmbench.workloads.base import Answer, Clusters, Figure, KMeans, SeveralFits, Task, TaskResult, Workload
from kmbench.workloads.registry import expand_workloads, get_workload, workload_from, workload_names

__all__ = [
    "Answer",
    "Clusters",
    "Figure",
    "KMeans",
    "SeveralFits",
    "Task",
    "TaskResult",
    "Workload",
    "expand_workloads",
    "get_workload",
    "workload_from",
    "workload_names",
]
