"""Several fits as one: what a workload does with the backend under test, behind the face of a backend."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.base import Backend, FloatMatrix, Job, Traits
from kmbench.workloads import Clusters, SeveralFits

__all__ = ["FitsBackend", "Start", "load_starts", "save_arrays", "save_starts"]


@dataclass(frozen=True, slots=True)
class Start:
    """The start of one of several fits: rows of whatever X it has by then, moved.

    X differs from backend to backend by rounding, so the start is given by row numbers and not by values.

    Attributes
    ----------
    rows : ndarray of int64, shape (k,)
    moves : ndarray of float64, shape (k, d)
    iterations : int
        What every backend is given for this fit.
    """

    rows: NDArray[np.int64]
    moves: NDArray[np.float64]
    iterations: int

    def on(self, X: FloatMatrix) -> FloatMatrix:
        """Return the initial centroids; a smaller X, as in a warm-up, is gone round again."""
        start: FloatMatrix = (X[self.rows % len(X)].astype(np.float64) + self.moves).astype(np.float32)
        return start


def save_starts(path: str, starts: list[Start]) -> None:
    """Write starts to a ``.npz`` file."""
    arrays: dict[str, Any] = {"iterations": np.array([start.iterations for start in starts])}
    for j, start in enumerate(starts):
        arrays |= {f"rows{j}": start.rows, f"moves{j}": start.moves}
    save_arrays(path, arrays)


def save_arrays(path: str, arrays: Mapping[str, Any]) -> None:
    """Write arrays by name to a file of exactly this name."""
    with open(path, "wb") as file:  # noqa: PTH123, np.savez appends a suffix to what is only a name
        np.savez(file, **arrays)


def load_starts(path: str) -> list[Start]:
    """Read what `save_starts` wrote."""
    with np.load(path, allow_pickle=False) as found:
        return [
            Start(found[f"rows{j}"], found[f"moves{j}"], int(iterations))
            for j, iterations in enumerate(found["iterations"])
        ]


class FitsBackend:
    """A workload of several fits, measured like one backend.

    Parameters
    ----------
    workload : SeveralFits
    cls, params
        Backend under test, made anew for each fit, with its parameters.
    starts : list of Start or None
        One for each fit; None in a native run.
    """

    def __init__(self, workload: SeveralFits, cls: type[Backend], params: Any, starts: list[Start] | None) -> None:
        self._workload = workload
        self._cls = cls
        self._params = params
        self._starts = starts
        # Labels are part of each fit: the next one goes on from them.
        self.traits: Traits = dataclasses.replace(cls.traits, labels_in_fit=True)

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Take the data; what a backend prepares is made for each fit, and timed with it."""
        self._X, self._job = X, job

    def fit(self) -> None:
        """Do the task once."""
        self._done: list[tuple[int | None, int | None]] = []
        self._given: list[int | None] = []
        self._starting: Iterator[Start] | None = None if self._starts is None else iter(self._starts)
        self._arrays = self._workload.run(self._X, self._job.k, self._kmeans)

    def _kmeans(self, X: FloatMatrix, k: int) -> Clusters:
        start = None if self._starting is None else next(self._starting)
        job = dataclasses.replace(self._job, k=k)
        if start is not None:
            assert self._job.iterations is not None
            job = dataclasses.replace(job, init=start.on(X), iterations=min(start.iterations, self._job.iterations))
        backend = self._backend = self._cls(self._params)
        backend.prepare(X, job)
        backend.fit()
        backend.synchronize()
        result = backend.result()
        self._done.append((result.n_iter, result.empty_events))
        self._given.append(None if start is None else job.iterations)
        centroids = np.asarray(result.centroids, dtype=np.float32)
        if centroids.shape != (k, X.shape[1]):
            raise ValueError(f"the backend returned centroids of shape {centroids.shape}, not {(k, X.shape[1])}")
        labels = np.asarray(backend.assign(X) if result.labels is None else result.labels)
        if labels.shape != (len(X),) or labels.min() < 0 or labels.max() >= k:
            raise ValueError(f"the backend returned labels of shape {labels.shape} up to {labels.max()} for k={k}")
        return Clusters(centroids, labels.astype(np.int32, copy=False))

    def save_answer(self, path: str) -> None:
        """Write the arrays of the last run to a ``.npz`` file."""
        save_arrays(path, self._arrays)

    def told(self) -> dict[str, Any]:
        """Return what the fits of the last run told.

        ``n_iter`` is that of the job where each fit did what it was given, else of the first that did not; in a
        native run the largest; None where the engine does not tell. ``empty_events`` are those of all fits,
        ``reported_inertia`` is that of none.
        """
        done = [n for n, _ in self._done]
        told = [n for n in done if n is not None]
        off = [n for n, given in zip(done, self._given, strict=True) if None not in (n, given) and n != given]
        n_iter: int | None = None
        if len(told) == len(done):
            n_iter = max(told) if self._starts is None else (off[0] if off else self._job.iterations)
        events = [emptied for _, emptied in self._done if emptied is not None]
        return {"n_iter": n_iter, "empty_events": sum(events) if events else None, "reported_inertia": None}

    def settings(self) -> dict[str, Any]:
        """Return the settings of the last of the fits."""
        return self._backend.settings() | {"fits": len(self._done)}

    def synchronize(self) -> None:
        """Do nothing: each fit was waited for."""

    def device_memory(self) -> Literal["torch", "nvml"] | None:
        """Return how the backend's device memory is found."""
        return self._cls(self._params).device_memory()

    def release(self) -> None:
        """Have the backend of the last fit give back what its device holds."""
        self._backend.release()

    def assign(self, X: FloatMatrix) -> NDArray[np.int32]:
        """Return nothing: labels came with each fit."""
        return np.empty(0, dtype=np.int32)
