"""Backends whose time and memory are known: they cluster nothing, and are not listed among the engines."""

from __future__ import annotations

import ctypes
import time

import numpy as np
from pydantic import BaseModel, Field

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params, Traits

__all__ = ["KnownAllocates", "KnownSleeps", "KnownWorks"]

WORK_SIZE, WORK_ROUNDS = 192, 400
"""A matrix and how often it is multiplied with itself: a tenth of a second on one core of today."""


PAGE_BYTES = 4096


class _Known(Backend):
    """Puts the first k rows forward as centroids, and every row in the first cluster."""

    traits = Traits(exact=False, labels_in_fit=True, empty_clusters="keep")
    distributions = ("kmbench",)

    def prepare(self, X: FloatMatrix, job: Job) -> None:
        """Keep the rows."""
        self._X, self._k = X, job.k

    def result(self) -> FitResult:
        """Return an answer that has the right shape."""
        return FitResult(centroids=self._X[: self._k], n_iter=1, labels=self.assign(self._X))

    def assign(self, X: FloatMatrix) -> Labels:
        """Label all rows alike."""
        return np.zeros(len(X), dtype=np.int32)


class SleepParams(Params):
    """How long a fit sleeps."""

    seconds: float = Field(default=0.25, gt=0, le=60)


class KnownSleeps(_Known):
    """A fit that takes a known time."""

    name = "known-sleeps"
    summary = "sleeps a known time"
    Params = SleepParams

    def fit(self) -> None:
        """Sleep."""
        assert isinstance(self.params, SleepParams)
        time.sleep(self.params.seconds)


class WorkParams(Params):
    """How much work a fit does, which of several equal backends it is, and how much memory it asks for."""

    percent: int = Field(default=100, ge=1, le=1000)
    copy_number: int = Field(default=1, ge=1, le=100)
    megabytes: int = Field(default=0, ge=0, le=10_000)


class KnownWorks(_Known):
    """A fit that does a known amount of work."""

    name = "known-works"
    summary = "multiplies a matrix a known number of times"
    Params = WorkParams

    def __init__(self, params: BaseModel) -> None:
        super().__init__(params)
        self._matrix = np.full((WORK_SIZE, WORK_SIZE), 1.0 / WORK_SIZE, dtype=np.float32)
        self._out = np.empty_like(self._matrix)

    def fit(self) -> None:
        """Multiply, and hold new memory meanwhile where that is asked for."""
        assert isinstance(self.params, WorkParams)
        held = np.empty(self.params.megabytes * 10**6, dtype=np.uint8)
        held[::PAGE_BYTES] = 1
        for _ in range(WORK_ROUNDS * self.params.percent // 100):
            np.dot(self._matrix, self._matrix, out=self._out)


class AllocateParams(Params):
    """How much a fit allocates and touches, and whether Python's lock is held meanwhile."""

    megabytes: int = Field(default=200, ge=1, le=10_000)
    holds_lock: bool = False


class KnownAllocates(_Known):
    """A fit that needs a known amount of memory, and gives it back."""

    name = "known-allocates"
    summary = "allocates a known amount of memory"
    Params = AllocateParams

    def fit(self) -> None:
        """Allocate, write to every page, and free."""
        assert isinstance(self.params, AllocateParams)
        size = self.params.megabytes * 10**6
        # PyDLL keeps the interpreter's lock during the call, as engines do that never release it.
        library = ctypes.PyDLL(None) if self.params.holds_lock else ctypes.CDLL(None)
        library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
        library.memset.restype = ctypes.c_void_p
        library.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
        library.free.restype, library.free.argtypes = None, [ctypes.c_void_p]
        block = library.malloc(size)
        if block is None:
            raise MemoryError(f"malloc of {size} bytes failed")
        library.memset(block, 1, size)
        library.free(block)
