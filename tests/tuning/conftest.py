"""Data on which the tuner's promises are tested: clustered, without clusters, with ties, and by angle."""

import numpy as np
import pytest

from kmbench.tuning.index.kinds import flat_quantizer
from kmbench.tuning.problem.space import Space
from kmbench.tuning.problem.truth import exact_neighbours

K, NLIST, QUERIES = 10, 32, 100


def clustered(n=4_000, d=16, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(40, d))
    return (centres[rng.integers(40, size=n)] + 0.3 * rng.normal(size=(n, d))).astype(np.float32)


def uniform(n=4_000, d=16, seed=0):
    return np.random.default_rng(seed).random((n, d), dtype=np.float32)


def data_of(kind):
    """Return metric, base and queries."""
    x = clustered()
    base, queries = x[:-QUERIES], x[-QUERIES:]
    if kind == "clustered":
        return "l2", base, queries
    if kind == "uniform":
        x = uniform()
        return "l2", x[:-QUERIES], x[-QUERIES:]
    if kind == "duplicated":
        return "l2", np.repeat(base[:260], 15, axis=0), queries
    if kind == "integers":
        return "l2", np.round(4 * base), np.round(4 * queries)
    if kind == "far from the origin":
        return "l2", base + 100, queries + 100
    return kind, base, queries  # cosine, ip


class Searched:
    """Centroids, lists and true neighbours of one kind of data, ready to be searched."""

    def __init__(self, kind):
        self.metric, base, queries = data_of(kind)
        shift = base.mean(axis=0) if kind == "far from the origin" else None
        self.space = Space(metric=self.metric, shift=shift)
        self.base = np.ascontiguousarray(self.space.apply(base))
        self.queries = np.ascontiguousarray(self.space.apply(queries))
        rng = np.random.default_rng(1)
        centroids = self.base[rng.choice(len(self.base), NLIST, replace=False)]
        if self.space.inner_product:
            centroids = self.space.unit(centroids)
        self.quantizer = flat_quantizer(
            centroids + rng.normal(0, 1e-3, centroids.shape).astype(np.float32), self.space
        )
        self.list_of_row = self.quantizer.search(self.base, 1)[1][:, 0].astype(np.int32)
        self.sizes = np.bincount(self.list_of_row, minlength=NLIST).astype(np.int64)
        self.truth = exact_neighbours(self.base, self.queries, K, self.space)

    def distances(self):
        """Return all distances in float64, less is nearer, shape (queries, base)."""
        q, x = self.queries.astype(np.float64), self.base.astype(np.float64)
        if self.space.inner_product:
            return -q @ x.T
        return np.array([np.square(x - row).sum(axis=1) for row in q])

    def recall_by_distance(self, found, distances=None):
        """Return the share of the K places at which a search found a vector as near as the true K-th neighbour."""
        all_of_them = self.distances() if distances is None else distances
        kth = np.sort(all_of_them, axis=1)[:, K - 1 : K]
        # What float32 cannot tell apart counts as equally near.
        limit = kth + 1e-5 * np.abs(kth) if not self.space.inner_product else kth + 1e-6 * self._norms()
        near = np.take_along_axis(all_of_them, np.maximum(found, 0), axis=1) <= limit
        return (near & (found >= 0)).sum() / found.size

    def _norms(self):
        return np.linalg.norm(self.queries, axis=1)[:, None] * np.linalg.norm(self.base, axis=1).max()


@pytest.fixture(scope="session")
def searched():
    kept = {}

    def get(kind):
        if kind not in kept:
            kept[kind] = Searched(kind)
        return kept[kind]

    return get
