"""The centroids of the lists, trained by any k-means backend in a process of its own, and the lists themselves."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.grid import Choice
from kmbench.backends.registry import get_backend
from kmbench.datasets import initial_centroids
from kmbench.errors import BackendError, TuneError
from kmbench.runner.process import Limits, WorkerFailure
from kmbench.tuning.index.kinds import flat_quantizer
from kmbench.tuning.problem.host import THIS_HOST, Spawn
from kmbench.tuning.problem.kernels import matrix_products
from kmbench.tuning.problem.space import FloatMatrix, Space

__all__ = ["FEW_ITERATIONS", "ITERATIONS", "POINTS_PER_LIST", "Trained", "Training", "draw_sample", "train_lists"]

WORKER = "kmbench.tuning.index.worker"

ITERATIONS = 10
"""Lloyd iterations, as FAISS trains an IVF index; 25 find 1 to 3 % fewer vectors to scan."""

FEW_ITERATIONS = 3
"""Lloyd iterations from centroids that are nearly there, see `kmbench.tuning.index.two_level`."""

POINTS_PER_LIST = 256
"""Rows that are trained on, for each list, where nothing else is asked: FAISS's own limit."""

_ASSIGN_BLOCK = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How centroids are trained.

    Attributes
    ----------
    backend : Choice
        Of `kmbench.backends`.
    iterations : int or None
        None: `FEW_ITERATIONS` from a start that is given, `ITERATIONS` from rows.
    points_per_list : int
        Rows that are trained on, for each list.
    seed, threads : int
    scratch : Path
        Folder for the files that go to the worker.
    spawn : callable
        See `kmbench.tuning.problem.host.Spawn`.
    """

    backend: Choice
    iterations: int | None
    points_per_list: int
    seed: int
    threads: int
    scratch: Path
    spawn: Spawn = THIS_HOST.spawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """Centroids, and the list of each row.

    Attributes
    ----------
    quantizer : faiss.Index
        The centroids in a flat index.
    list_of_row : ndarray of int32, shape (n,)
    train_seconds, assign_seconds : float
    points : int
        Rows trained on.
    imbalance : float
        How many times as many vectors are scanned at nprobe 1 by a query like the data as with lists of equal size.
    empty_lists : int
    penalty : ndarray of float32, shape (nlist,), or None
        Added to the squared distance where rows were moved out of long lists, see `kmbench.tuning.index.balance`.
    """

    nlist: int
    quantizer: Any
    centroids: FloatMatrix
    list_of_row: NDArray[np.int32]
    train_seconds: float
    assign_seconds: float
    points: int
    imbalance: float
    empty_lists: int
    penalty: NDArray[np.float32] | None = None

    @classmethod
    def of(
        cls,
        *,
        quantizer: Any,
        centroids: FloatMatrix,
        list_of_row: NDArray[np.int32],
        train_seconds: float,
        assign_seconds: float,
        points: int,
    ) -> Trained:
        """Return lists with their imbalance and the number of empty ones."""
        nlist = int(quantizer.ntotal)
        sizes = np.bincount(list_of_row, minlength=nlist).astype(np.float64)
        return cls(
            nlist=nlist,
            quantizer=quantizer,
            centroids=centroids,
            list_of_row=list_of_row,
            train_seconds=train_seconds,
            assign_seconds=assign_seconds,
            points=points,
            imbalance=float(nlist * np.square(sizes / len(list_of_row)).sum()),
            empty_lists=int((sizes == 0).sum()),
        )

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Vectors in each list, shape (nlist,)."""
        return np.bincount(self.list_of_row, minlength=self.nlist).astype(np.int64)


def draw_sample(base: FloatMatrix, nlist: int, space: Space, points_per_list: int, seed: int) -> FloatMatrix:
    """Return rows to train on: directions for inner products and cosine; rows of zeros under cosine have none.

    Raises
    ------
    TuneError
        If fewer rows than lists have a direction under cosine.
    """
    rng = np.random.default_rng([seed, nlist])
    fitted = np.delete(np.arange(len(base)), space.directionless(base))
    if len(fitted) < nlist:
        raise TuneError(f"nlist {nlist}: only {len(fitted):,} rows are not all zeros", "use a smaller --nlist")
    points = min(len(fitted), max(nlist, points_per_list * nlist))
    chosen = base if points == len(base) else base[fitted[np.sort(rng.choice(len(fitted), points, replace=False))]]
    return space.unit(chosen) if space.inner_product else np.ascontiguousarray(chosen)


def train_lists(
    base: FloatMatrix, nlist: int, space: Space, training: Training, start: FloatMatrix | None = None
) -> Trained:
    """Train centroids on a sample of the base and put every row into the list of the nearest.

    For inner products and cosine the directions are clustered, and centroids have norm 1, as in FAISS. Rows of zeros
    under cosine have none: the centroids are trained without them.

    Parameters
    ----------
    start : ndarray of float32, shape (nlist, d), optional
        Centroids to begin with, if the backend takes a start.

    Raises
    ------
    BackendError
        If the backend fails, or its centroids are not finite.
    TuneError
        If fewer rows than lists have a direction under cosine.
    """
    sample = draw_sample(base, nlist, space, training.points_per_list, training.seed)
    points = len(sample)
    centroids, seconds = _fit(sample, nlist, training, start)
    if centroids.shape != (nlist, base.shape[1]) or not np.isfinite(centroids).all():
        raise BackendError(
            f"{training.backend.name} did not return {nlist} finite centroids", "use another --backend"
        )
    if space.inner_product:
        centroids = space.unit(centroids)
    quantizer = flat_quantizer(centroids, space)
    began = time.perf_counter()
    with matrix_products():
        list_of_row = assign_rows(quantizer, base)
    assign_seconds = time.perf_counter() - began
    return Trained.of(
        quantizer=quantizer,
        centroids=centroids,
        list_of_row=list_of_row,
        train_seconds=seconds,
        assign_seconds=assign_seconds,
        points=points,
    )


def assign_rows(quantizer: Any, X: FloatMatrix) -> NDArray[np.int32]:
    """Return the list of each row, int32 of shape (n,)."""
    lists = np.empty(len(X), dtype=np.int32)
    for start in range(0, len(X), _ASSIGN_BLOCK):
        lists[start : start + _ASSIGN_BLOCK] = quantizer.search(X[start : start + _ASSIGN_BLOCK], 1)[1][:, 0]
    return lists


def _fit(sample: FloatMatrix, nlist: int, training: Training, start: FloatMatrix | None) -> tuple[FloatMatrix, float]:
    """Fit in a worker: an engine that crashes takes nothing else with it."""
    name, cls = training.backend.name, get_backend(training.backend.name)
    parameters = cls.Params.model_validate(training.backend.given)
    matched = cls.unsupported_reason(nlist, len(sample), sample.shape[1], "matched", parameters) is None
    data, init = training.scratch / "training.npy", training.scratch / "init.npy"
    output, log = training.scratch / "centroids.npy", training.scratch / "train.log"
    np.save(data, sample)
    if matched:
        np.save(init, initial_centroids(sample, nlist, training.seed) if start is None else start)
    usual = FEW_ITERATIONS if matched and start is not None else ITERATIONS
    job = {
        "k": nlist,
        "protocol": "matched" if matched else "native",
        "iterations": training.iterations or usual,
        "seed": training.seed,
        "threads": training.threads,
    }
    with training.spawn(WORKER, training.threads, Limits(None, None), log) as worker:
        try:
            told = worker.request(
                "train",
                backend=name,
                parameters=training.backend.given,
                data=str(data),
                init=str(init) if matched else None,
                job=job,
                output=str(output),
            )
        except WorkerFailure as failure:
            raise BackendError(
                f"{name} could not train {nlist} centroids: {failure.reason}", "use another --backend"
            ) from None
    centroids: FloatMatrix = np.ascontiguousarray(np.load(output), dtype=np.float32)
    data.unlink()
    return centroids, float(told["seconds"])
