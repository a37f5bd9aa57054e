"""A third party's workloads: of one fit, of two, and one whose score fails."""

import numpy as np

from kmbench import Figure, Params, SeveralFits, TaskResult, Workload
from kmbench.datasets import ArrayRows


class Sizes(Workload):
    """The largest cluster, after all columns but the first few were left out."""

    name = "sizes"
    summary = "how large the largest cluster is"
    figures = (Figure(name="largest", title="largest", better="lower", summary="Rows of the largest cluster."),)

    class Params(Params):
        columns: int = 8

    def rows(self, spec):
        whole = np.concatenate(list(super().rows(spec).blocks(2**16)))
        return ArrayRows(whole[:, : self.params.columns])

    def cannot(self, k, n, d):
        return "it wants at least two clusters" if k < 2 else None

    def score(self, task, answer):
        assert task.X.shape[1] == answer.centroids.shape[1] == self.params.columns
        sizes = np.bincount(answer.labels, minlength=task.k)
        return TaskResult({"largest": float(sizes.max())}, {"sizes.txt": " ".join(map(str, sizes)).encode()})


class Halves(SeveralFits):
    """One fit on the left half of the columns, one on the right."""

    name = "halves"
    summary = "each half of the columns on its own"
    figures = (Figure(name="loss", title="loss", better="lower"),)

    def run(self, X, k, kmeans):
        left, right = (np.ascontiguousarray(half) for half in np.array_split(X, 2, axis=1))
        one, two = kmeans(left, k), kmeans(right, k)
        rebuilt = np.concatenate([one.centroids[one.labels], two.centroids[two.labels]], axis=1)
        return {"rebuilt": rebuilt}

    def loss(self, X, answer):
        return float(np.square(X.astype(np.float64) - answer.arrays["rebuilt"]).sum())

    def score(self, task, answer):
        return TaskResult({"loss": self.loss(task.X, answer)})


class Unscored(Sizes):
    name = "unscored"

    def score(self, task, answer):
        raise RuntimeError("no such measure")
