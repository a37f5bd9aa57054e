"""The referee process: draws the start of a case, computes its reference answer, and judges every backend's.

It is not measured, and runs while no fit does. One piece of code, in float64, evaluates all backends alike.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from kmbench.backends.base import FloatMatrix
from kmbench.backends.numpy_lloyd.reference import ReferenceResult, float32_noise, reference_lloyd
from kmbench.backends.numpy_lloyd.workers import workers
from kmbench.datasets import initial_centroids
from kmbench.metrics import adjusted_rand, centroid_index, compare_labels, contingency, evaluate, inertia_of_labels
from kmbench.runner.channel import serve
from kmbench.shards import Shards

__all__ = ["Referee"]

SENSITIVITY_RUNS = 4
"""Perturbed references that show how far the data itself lets two right answers part."""


class Referee:
    """Handlers for the commands of `kmbench.runner.case`."""

    def open(self, data: str, threads: int) -> dict[str, Any]:
        """Map the data."""
        self._data = data
        self._X: FloatMatrix = np.load(data, mmap_mode="r", allow_pickle=False)
        self._threads = threads
        self._reference: ReferenceResult | None = None
        return {}

    def draw(self, k: int, seed: int, path: str) -> dict[str, Any]:
        """Write the initial centroids that all backends of the case start from."""
        self._start = initial_centroids(Shards.of(self._data), k, seed)
        np.save(path, self._start)
        return {}

    def reference(self, iterations: int, kept: str) -> dict[str, Any]:
        """Run the float64 Lloyd from the start; return what it found after each iteration.

        `kept` is the file in which a case of this run with the same work has left its reference, or this one leaves
        its own: the reference does not depend on threads or backends.
        """
        if Path(kept).exists():
            result = _read_reference(kept)
        else:
            result = reference_lloyd(self._X, self._start, iterations, self._threads)
            _write_reference(kept, result)
        self._reference = result
        return {
            "inertia": result.inertia,
            "stable_at": result.stable_at,
            "empty_events": [int(count) for count in result.empty_events],
            "inertias": [*result.trace[1:], result.inertia],
        }

    def sensitivity(self, iterations: int) -> dict[str, Any]:
        """Return how far the reference's own inertia moves when its centroids are rounded as in float32, relative.

        They are in each iteration: a row that lies between two clusters may change its label in any of them, and in
        a long run what follows from it grows.
        """
        assert self._reference is not None
        spread = 0.0
        for seed in range(SENSITIVITY_RUNS):
            noise = float32_noise(self._start, np.random.default_rng(seed))
            inertia = reference_lloyd(self._X, self._start, iterations, self._threads, noise).inertia
            spread = max(spread, abs(inertia - self._reference.inertia) / (self._reference.inertia or 1.0))
        return {"spread": spread}

    def evaluate(self, centroids: str, labels: str) -> dict[str, Any]:
        """Evaluate an answer given as two ``.npy`` files."""
        C = np.load(centroids, allow_pickle=False)
        if not np.isfinite(C).all():
            return {"finite": False}
        own_labels = np.load(labels, allow_pickle=False)
        with workers(self._threads) as each:
            found = evaluate(self._X, C, each=each)
            same = np.array_equal(own_labels, found.labels)
            labels_inertia = found.inertia if same else inertia_of_labels(self._X, C, own_labels, each=each)
        return {
            "finite": True,
            "inertia": found.inertia,
            "labels_inertia": labels_inertia,
            "empty_clusters": found.empty_clusters,
        }

    def agree(self, answer: list[str], against: list[str] | None) -> dict[str, Any]:
        """Compare an answer, two ``.npy`` files of centroids and labels, with another or with the reference."""
        centroids, labels = (np.load(file, allow_pickle=False) for file in answer)
        if against is None:
            assert self._reference is not None
            other_centroids, other_labels = self._reference.centroids, self._reference.labels
        else:
            other_centroids, other_labels = (np.load(file, allow_pickle=False) for file in against)
        k = len(centroids)
        return dataclasses.asdict(compare_labels(labels, other_labels, k, k)) | {
            "centroid_index": centroid_index(centroids, other_centroids)
        }

    def pair(self, labels: list[str], k: int) -> dict[str, Any]:
        """Return the adjusted Rand index of two answers' labels, ``.npy`` files."""
        one, other = (np.load(file, allow_pickle=False) for file in labels)
        return {"ari": adjusted_rand(contingency(one, other, k, k))}


def _write_reference(path: str, result: ReferenceResult) -> None:
    whole = Path(path).with_suffix(".part.npz")
    fields = {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    np.savez(whole, **{name: value for name, value in fields.items() if value is not None})
    whole.replace(path)  # a referee that was killed while it wrote leaves no half of a file under this name


def _read_reference(path: str) -> ReferenceResult:
    with np.load(path, allow_pickle=False) as found:
        return ReferenceResult(
            centroids=found["centroids"],
            labels=found["labels"],
            inertia=float(found["inertia"]),
            n_iter=int(found["n_iter"]),
            trace=found["trace"].tolist(),
            empty_events=found["empty_events"].tolist(),
            stable_at=int(found["stable_at"]) if "stable_at" in found else None,
        )


def main() -> None:
    """Serve one case."""
    referee = Referee()
    names = ("open", "draw", "reference", "sensitivity", "evaluate", "agree", "pair")
    serve({name: getattr(referee, name) for name in names})


if __name__ == "__main__":
    main()
