"""k-means as a function of arrays on any backend, for the tasks that need centroids and not their timing."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from kmbench.backends.base import FloatMatrix, Job
from kmbench.backends.grid import Choice, expand_backends
from kmbench.backends.registry import get_backend
from kmbench.backends.seeding import kmeans_plus_plus
from kmbench.errors import BackendError, CaseError

__all__ = ["KMeans", "Trained", "Trainer", "check_numbers", "one_backend"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training leaves.

    Attributes
    ----------
    centroids : ndarray of float32, shape (k, d)
    n_iter : int or None
        (assign, update) iterations done; None where the engine does not tell.
    """

    centroids: FloatMatrix
    n_iter: int | None


class KMeans(Protocol):
    """What tasks call: k-means on rows, from a start or from one of its own."""

    def __call__(self, X: FloatMatrix, k: int, *, seed: int = 0, init: FloatMatrix | None = None) -> Trained:
        """Return the centroids of k clusters of X, shape (n, d)."""
        ...


def check_numbers(**numbers: int | None) -> None:
    """Refuse numbers that are too small: a seed below 0, any other below 1. None was not given.

    Raises
    ------
    CaseError
        With the name and the value.
    """
    for name, number in numbers.items():
        least = 0 if name == "seed" else 1
        if number is not None and number < least:
            raise CaseError(f"{name}={number} is too small", f"use at least {least}")


def one_backend(text: str) -> Choice:
    """Return the one backend that ``--backend`` names, which must be able to run here.

    Raises
    ------
    BackendError
        If it is unknown, is several, or cannot run here.
    """
    choices = expand_backends(text)
    if len(choices) != 1:
        raise BackendError(f"--backend {text}: {len(choices)} backends", "name one, with one value per parameter")
    reason = get_backend(choices[0].name).unavailable_with(choices[0].params)
    if reason is not None:
        raise BackendError(f"--backend {text} cannot run here: {reason}")
    return choices[0]


class Trainer:
    """k-means by one backend, in this process.

    Where the backend can, it starts from given centroids (k-means++ of kmbench where none are given) and runs a
    fixed number of iterations over all rows, as in the matched protocol. Otherwise it runs as its library would.

    Parameters
    ----------
    choice : Choice
        The backend with its parameters.
    iterations : int
        Of each training.
    threads : int
        Threads of the engine and of the matrix products around it.
    """

    def __init__(self, choice: Choice, *, iterations: int, threads: int) -> None:
        self._choice = choice
        self._iterations = iterations
        self._threads = threads
        self._pools: Any = None

    def __call__(self, X: FloatMatrix, k: int, *, seed: int = 0, init: FloatMatrix | None = None) -> Trained:
        """Return the centroids of k clusters of X.

        Parameters
        ----------
        X : ndarray of float32, shape (n, d), C order
            Not written to.
        k : int
            At most n.
        seed : int
            Of the start, or of the engine.
        init : ndarray of float32, shape (k, d), optional
            The start, for backends that take one.

        Raises
        ------
        CaseError
            If k is above the number of rows.
        BackendError
            If the backend cannot do it, fails, or gives centroids that are not finite.
        """
        n, d = X.shape
        if not 1 <= k <= n:
            raise CaseError(f"k={k} is out of bounds for {n} rows", f"use k from 1 to {n}")
        name, backend = self._choice.name, get_backend(self._choice.name)
        matched = backend.unsupported_reason(k, n, d, "matched", self._choice.params) is None
        reason = None if matched else backend.unsupported_reason(k, n, d, "native", self._choice.params)
        if reason is not None:
            raise BackendError(f"{name} cannot cluster {n} rows into {k}: {reason}", "choose another --backend")
        if matched and init is None:
            init = kmeans_plus_plus(X, k, np.random.default_rng([seed, k]))
        job = Job(
            k=k,
            protocol="matched" if matched else "native",
            iterations=self._iterations if matched else None,
            seed=seed,
            threads=self._threads,
            init=init if matched else None,
        )
        engine = backend(self._choice.params)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # such as scikit-learn's, of fewer distinct rows than clusters
                engine.prepare(X, job)
                with self._limited():
                    engine.fit()
                    engine.synchronize()
                    result = engine.result()
        except (RuntimeError, ValueError, AssertionError, MemoryError) as error:
            raise BackendError(f"{name} failed with k={k}: {error}", "choose another --backend") from error
        centroids: NDArray[np.float32] = np.ascontiguousarray(result.centroids, dtype=np.float32)
        if centroids.shape != (k, d) or not np.isfinite(centroids).all():
            raise BackendError(f"{name} did not return {k} finite centroids", "choose another --backend")
        return Trained(centroids=centroids, n_iter=result.n_iter)

    def _limited(self) -> Any:
        if self._pools is None:  # once the engine is loaded: looking for its libraries takes a while
            self._pools = ThreadpoolController()
        return self._pools.limit(limits=self._threads)
