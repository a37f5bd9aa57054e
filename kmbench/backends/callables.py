"""A function of a user's as a backend: what `kmbench.compare_callables` measures."""

from __future__ import annotations

import inspect
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Traits

__all__ = ["FOLDER_VARIABLE", "CallableBackend", "CallableParams"]

FOLDER_VARIABLE = "KMBENCH_CALLABLES"
"""Environment variable with the folder of pickled functions: the workers of a run inherit it."""

BLOCK_ROWS = 4096


class CallableParams(Params):
    """Which of the functions it is."""

    name: str = Field(description="as compare_callables was given it")


class CallableBackend(Backend):
    """``f(X, k, init) -> centroids``, with the keyword ``iterations`` where it takes one."""

    name = "callable"
    summary = "a function f(X, k, init) -> centroids that kmbench.compare_callables was given"
    # Nothing is known of it, so its inertia is told and not held to the reference's.
    traits = Traits(exact=False, empty_clusters="keep")
    Params = CallableParams

    @classmethod
    def unavailable(cls) -> str | None:
        """Functions are there for as long as the call that measures them."""
        if not os.environ.get(FOLDER_VARIABLE):
            return "the function no longer exists: call kmbench.compare_callables again"
        return None

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Load the function, which was pickled by the calling process."""
        params = self.params
        assert isinstance(params, CallableParams)
        file = Path(os.environ[FOLDER_VARIABLE]) / f"{params.name}.pkl"
        self._function: Any = pickle.loads(file.read_bytes())  # written by the process that started this one
        self._X, self._job, self._found = X, job, None
        self._more = {"iterations": job.iterations} if _takes_iterations(self._function) else {}
        self._init = None if job.init is None else job.init.copy()

    def fit(self) -> None:
        """Call the function; its start is copied, so that it may write to it."""
        init = None if self._init is None else self._init.copy()
        self._found = self._function(self._X, self._job.k, init, **self._more)

    def result(self) -> FitResult:
        """Return the centroids, from a torch tensor too."""
        return FitResult(centroids=self._centroids(), n_iter=self._job.iterations or 0)

    def _centroids(self) -> FloatMatrix:
        found: Any = self._found
        if hasattr(found, "detach"):
            found = found.detach().cpu().numpy()
        try:
            array = np.asarray(found)
        except (TypeError, ValueError):
            array = np.empty(0, dtype=object)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"the function returned {type(self._found).__name__}, not an array of centroids")
        expected = (self._job.k, self._X.shape[1])
        if array.shape != expected:
            raise ValueError(f"the function returned centroids of shape {array.shape}, not {expected}")
        return np.ascontiguousarray(array, dtype=np.float32)

    def assign(self, X: FloatMatrix) -> Labels:
        """Return the nearest centroid of each row, found in the same way for all functions."""
        C = self._centroids()
        half = 0.5 * np.einsum("ij,ij->i", C, C)
        labels = np.empty(len(X), dtype=np.int32)
        for first in range(0, len(X), BLOCK_ROWS):
            block = X[first : first + BLOCK_ROWS]
            labels[first : first + len(block)] = np.argmin(half - block @ C.T, axis=1)
        return labels

    def settings(self) -> dict[str, Any]:
        """Return the name, and whether the function was told the iterations."""
        return self.params.model_dump(mode="json") | {"told_iterations": bool(self._more)}


def _takes_iterations(function: Any) -> bool:
    try:
        return "iterations" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # a builtin that tells no signature
        return False
