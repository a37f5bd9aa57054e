"""What a build of ivfflat needs under maintenance_work_mem, which is a hard limit there."""

from __future__ import annotations

import math

__all__ = ["MOST_MIB", "maintenance_mib"]

LEAST_SAMPLE, SAMPLE_PER_LIST = 10_000, 50
"""Rows that pgvector draws for its k-means: so many for each list, and no fewer than so many in all."""

SLACK = 1.05

MOST_MIB = 2_097_151
"""Of maintenance_work_mem: the most that PostgreSQL takes."""


def maintenance_mib(nlist: int, n: int, d: int) -> int:
    """Return the MiB to set for so many lists over n rows: samples, centroids, and the bounds of Elkan's method.

    The bounds are one float for each pair of sample and centroid, and of two centroids.
    """
    sample = min(n, max(LEAST_SAMPLE, SAMPLE_PER_LIST * nlist))
    bounds = 4 * sample * nlist + 4 * nlist * nlist
    vectors = (4 * d + 8) * (max(LEAST_SAMPLE, SAMPLE_PER_LIST * nlist) + 2 * nlist)
    return max(64, math.ceil(SLACK * (bounds + vectors) / 2**20))
