"""The referee of workloads that fit several times: the same commands, judged by the workload's loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.base import FloatMatrix
from kmbench.backends.numpy_lloyd.reference import float32_noise, reference_lloyd
from kmbench.datasets import draw_start
from kmbench.runner.channel import serve
from kmbench.runner.fits import Start, save_starts
from kmbench.runner.referee import SENSITIVITY_RUNS
from kmbench.workloads import Answer, Clusters, SeveralFits, workload_from

__all__ = ["FitsReferee"]

FIT_STRIDE = 2**32
"""Between the seeds of the starts of a case: a later fit must not begin at the rows that the first one began at."""


class FitsReferee:
    """Handlers for the commands of `kmbench.runner.case`, as `kmbench.runner.referee.Referee` has them."""

    def open(self, data: str, threads: int, workload: str) -> dict[str, Any]:
        """Map the data."""
        self._X: FloatMatrix = np.load(data, mmap_mode="r", allow_pickle=False)
        self._threads = threads
        found = workload_from(workload)
        assert isinstance(found, SeveralFits)
        self._workload = found
        return {}

    def draw(self, k: int, seed: int, path: str) -> dict[str, Any]:
        """Note where the starts go: a later fit's is drawn from what the reference leaves for it."""
        self._k, self._seed, self._path = k, seed, path
        return {}

    def reference(self, iterations: int) -> dict[str, Any]:
        """Do the task with the float64 Lloyd, draw a start for each fit on the way, and write the starts."""
        self._starts: list[Start] = []
        self._empty_events = 0

        def kmeans(X: FloatMatrix, k: int) -> Clusters:
            rows, moves = draw_start(X, k, self._seed + FIT_STRIDE * len(self._starts))
            start = Start(rows, moves, iterations)
            result = reference_lloyd(X, start.on(X), iterations, self._threads)
            if result.stable_at is not None:  # engines that stop there must not be taken to have stopped early
                start = Start(rows, moves, max(1, min(iterations, result.stable_at - 1)))
                result = reference_lloyd(X, start.on(X), start.iterations, self._threads)
            self._starts.append(start)
            self._empty_events += sum(result.empty_events)
            return Clusters(result.centroids.astype(np.float32), result.labels)

        arrays = self._workload.run(self._X, self._k, kmeans)
        save_starts(self._path, self._starts)
        self._loss = self._workload.loss(self._X, Answer(arrays))
        return {
            "inertia": self._loss,
            "stable_at": None,
            "empty_events": [self._empty_events] + [0] * (iterations - 1),
            "inertias": [self._loss] * iterations,
        }

    def sensitivity(self, iterations: int) -> dict[str, Any]:
        """Return how far the reference's own loss moves when all centroids are rounded as in float32, relative."""
        spread = 0.0
        for seed in range(SENSITIVITY_RUNS):
            rng = np.random.default_rng(seed)
            starts = iter(self._starts)

            def kmeans(X: FloatMatrix, k: int, starts: Any = starts, rng: Any = rng) -> Clusters:
                start: Start = next(starts)
                init = start.on(X)
                result = reference_lloyd(X, init, start.iterations, self._threads, float32_noise(init, rng))
                return Clusters(result.centroids.astype(np.float32), result.labels)

            loss = self._workload.loss(self._X, Answer(self._workload.run(self._X, self._k, kmeans)))
            spread = max(spread, abs(loss - self._loss) / (self._loss or 1.0))
        return {"spread": spread}

    def evaluate(self, centroids: str, labels: str) -> dict[str, Any]:
        """Evaluate an answer, a ``.npz`` file; `labels` is not used."""
        with np.load(centroids, allow_pickle=False) as found:
            arrays: dict[str, NDArray[Any]] = dict(found)
        if not all(np.isfinite(array).all() for array in arrays.values()):
            return {"finite": False}
        loss = self._workload.loss(self._X, Answer(arrays))
        return {"finite": True, "inertia": loss, "labels_inertia": loss, "empty_clusters": None}


def main() -> None:
    """Serve one case."""
    referee = FitsReferee()
    names = ("open", "draw", "reference", "sensitivity", "evaluate")
    serve({name: getattr(referee, name) for name in names})


if __name__ == "__main__":
    main()
