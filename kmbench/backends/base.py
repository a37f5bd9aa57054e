"""The one contract of all engines, and the job that every engine of a case is given."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from kmbench.backends.cluster import Cluster
from kmbench.deprecation import accept_former_name
from kmbench.errors import CaseError
from kmbench.shards import Shards

__all__ = ["Backend", "FitResult", "Job", "NoParams", "Params", "Precision", "Rows", "Traits"]

Rows = NDArray[np.float32] | Shards
"""X as a backend may get it."""

FloatMatrix = NDArray[np.float32]
Labels = NDArray[np.int32]

Precision = Literal["float64", "float32", "3xtf32", "tf32", "float16"]
"""Arithmetic of distances: what the factors of a product are rounded to. ``3xtf32`` splits each into two of TF32."""


class Params(BaseModel):
    """Base of a backend's parameters: the axes of its grid, with bounds. Unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoParams(Params):
    """For backends without parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a backend can do, and how its answer is checked.

    Attributes
    ----------
    exact : bool
        It runs Lloyd's algorithm, or one that gives the same answer: in a matched run it must reach the inertia of
        the reference.
    device : {"cpu", "gpu", "cpu or gpu"}
        Where it runs; if this can be chosen, it is a parameter.
    accepts_init : bool
        It can start from given centroids. A backend that cannot, and runs a fixed number of iterations over all rows,
        takes part in the protocol ``target`` from its own start.
    fixed_iterations : bool
        It can run exactly N iterations over all rows.
    labels_in_fit : bool
        Its fit ends with the labels of the final centroids, so no assign is needed.
    centres : bool
        It subtracts the mean from the data itself, so that an offset costs no precision.
    empty_clusters : {"relocate", "split", "keep", "zero"}
        What it does with a cluster that loses all rows: relocate it to far rows, split a big one, leave it, or move
        it to the origin, which is not Lloyd's algorithm.
    takes : {"array", "shards", "either"}
        What `prepare` and `assign` are given as X: an array in memory, or `kmbench.shards.Shards`, which stay in
        their file. With ``either``, `Backend.reads` says which.
    copies : float
        Minimum memory of a fit in addition to X, in multiples of the size of X.
    cluster : {"tcp", "spark"} or None
        The kind of cluster that it runs on, in other processes than the worker; None: it runs only in the worker.
    """

    exact: bool
    device: Literal["cpu", "gpu", "cpu or gpu"] = "cpu"
    accepts_init: bool = True
    fixed_iterations: bool = True
    labels_in_fit: bool = False
    centres: bool = False
    empty_clusters: Literal["relocate", "split", "keep", "zero"] = "relocate"
    takes: Literal["array", "shards", "either"] = "array"
    copies: float = 0.0
    cluster: Literal["tcp", "spark"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The work of a case, the same for every backend.

    Attributes
    ----------
    k : int
        Number of clusters, ``1 <= k <= n``.
    protocol : {"matched", "native"}
        ``matched``: start from `init`, run exactly `iterations`, over all rows, without stopping early.
        ``native``: as the library's documentation recommends; `init` is None.
    iterations : int or None
        Number of (assign, update) iterations; None leaves it to the library (native only).
    seed : int
        Random seed for whatever the engine draws itself.
    threads : int
        Threads it may use; the environment and the thread pools are already set to it.
    init : ndarray of float32, shape (k, d), C order, or None
        Initial centroids.
    cluster : Cluster or None
        Where a distributed backend runs; None: on this machine, with `threads` workers.
    """

    k: int
    protocol: Literal["matched", "native"]
    iterations: int | None
    seed: int
    threads: int
    init: FloatMatrix | None
    cluster: Cluster | None = None

    def check(self, d: int) -> None:
        """Raise `CaseError` if a matched job lacks the start or the count, or the start has another shape.

        For backends of kmbench's own and others that would otherwise start elsewhere in silence.
        """
        if self.protocol == "matched" and (self.init is None or self.iterations is None):
            raise CaseError("a matched job without initial centroids or iterations", "give it both")
        if self.init is not None and self.init.shape != (self.k, d):
            raise CaseError(
                f"initial centroids of shape {self.init.shape}", f"k = {self.k}, d = {d} ask for {(self.k, d)}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FitResult:
    """The result of a fit.

    Attributes
    ----------
    centroids : ndarray of float32, shape (k, d)
        Final centroids, after the last update.
    n_iter : int or None
        (assign, update) iterations that were really done; None if the engine does not report them.
    labels : ndarray of int32, shape (n,), or None
        Labels of the final centroids, if fit returns them.
    reported_inertia : float or None
        The library's own figure.
    empty_events : int or None
        Clusters that became empty and were moved on the way, if the engine reports them.
    fallback : str or None
        If another engine did the work without being asked: which, and why. The row says so.
    """

    centroids: FloatMatrix
    n_iter: int | None
    labels: Labels | None = None
    reported_inertia: float | None = None
    empty_events: int | None = None
    fallback: str | None = None


class Backend(ABC):
    """One engine behind the common contract.

    A backend is one file. Its class is registered by an entry point in the group ``kmbench.backends``; the
    runner calls ``prepare``, then ``fit`` (timed, as often as it likes: each call starts afresh), ``result``,
    and ``assign`` (timed on its own), all in the main thread of a process of its own. The module that holds
    the class must import without the engine; the engine is imported in ``prepare`` or later.

    Attributes
    ----------
    name, summary : str
        As listed by ``kmbench backends``.
    requires : tuple of str
        Import names, looked up without importing them.
    distributions : tuple of str
        Names of the packages that carry the engine; the first installed one gives the version.
    install : str
        How to get what `requires` names.
    traps : tuple of str
        What a user of the engine should know before trusting a figure, one sentence each.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()
    distributions: ClassVar[tuple[str, ...]] = ()
    install: ClassVar[str] = ""
    traps: ClassVar[tuple[str, ...]] = ()
    traits: ClassVar[Traits]
    Params: ClassVar[type[Params]] = NoParams

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        accept_former_name(cls, "cannot", "unsupported_reason")

    def __init__(self, params: BaseModel) -> None:
        self.params = params

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why the engine cannot run here, in words a user can act on, or None."""
        missing = [name for name in cls.requires if importlib.util.find_spec(name) is None]
        if missing:
            return f"{', '.join(missing)} is not installed: {cls.install}"
        return None

    @classmethod
    def unavailable_with(cls, params: BaseModel) -> str | None:
        """Return why the engine cannot run here with these parameters, such as a device that is missing, or None."""
        return cls.unavailable()

    @classmethod
    def arithmetic(cls, params: BaseModel) -> Precision:
        """Return the precision of the distances, which the gate's tolerance follows and each row names."""
        return "float32"

    @classmethod
    def reads(cls, n: int, d: int, k: int, params: BaseModel, room_bytes: int | None) -> Literal["array", "shards"]:
        """Return what X is given as, where a process may hold `room_bytes`; None: nobody knows how much.

        Called when the run is planned, for backends that take either.
        """
        return "shards" if cls.traits.takes == "shards" else "array"

    @classmethod
    def least_bytes(cls, n: int, d: int, k: int, params: BaseModel) -> int:
        """Return what a fit holds at least where X is an array, X included: a lower bound, for the plan."""
        return round(4 * n * d * (1 + cls.traits.copies))

    @classmethod
    def why_not_on(cls, cluster: Cluster, threads: int) -> str | None:
        """Return why a distributed backend cannot run on a cluster with so many threads in all, or None."""
        return None if cls.traits.cluster is None else cluster.refuses(cls.traits.cluster, threads)

    @classmethod
    def version(cls) -> str | None:
        """Return the version of the engine, without importing it, or None where it is not installed."""
        for name in cls.distributions:
            try:
                return importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                continue
        return None

    @classmethod
    def unsupported_reason(cls, k: int, n: int, d: int, protocol: str, params: BaseModel) -> str | None:
        """Return why this backend cannot do a case that other backends can, or None.

        Parameters
        ----------
        k, n, d : int
            The case.
        protocol : {"matched", "native", "target"}
            ``target`` is asked of backends that cannot start from given centroids; others are asked for ``matched``,
            which each rung of a ladder is to them.
        params : Params
            Validated parameters.
        """
        if protocol == "matched":
            if not cls.traits.accepts_init:
                return "it cannot start from given centroids, which the matched protocol needs"
            if not cls.traits.fixed_iterations:
                return "it cannot run a fixed number of Lloyd iterations over all rows: use --protocol native"
        return None

    @abstractmethod
    def prepare(self, X: Any, job: Job) -> None:
        """Take the data and get ready. Recorded as ``prepare_seconds``, not part of fit.

        Parameters
        ----------
        X : ndarray of float32, shape (n, d), C order, or Shards of this shape
            Must not be written to. Shards only where the traits say so; few rows, as in a warm-up, are always an
            array.
        job : Job
            The work to do in `fit`.
        """

    @abstractmethod
    def fit(self) -> None:
        """Train. This, and only this, is timed as fit; a second call starts afresh."""

    @abstractmethod
    def result(self) -> FitResult:
        """Return the result of the last fit; not timed."""

    @abstractmethod
    def assign(self, X: Any) -> Labels:
        """Return the label of the nearest final centroid for each row, int32 of shape (n,); timed on its own."""

    def settings(self) -> dict[str, Any]:
        """Return the effective settings of the last fit, read back from the engine where it can tell."""
        return self.params.model_dump(mode="json")

    def synchronize(self) -> None:  # noqa: B027
        """Wait until the device is done; called before each reading of the clock."""

    def disturbance(self) -> str | None:
        """Return what went wrong on the way of the last fit although it ended, such as a lost worker, or None.

        Such a fit is kept, flagged, and measured once more.
        """
        return None

    def cluster_seconds(self) -> float | None:
        """Return how long the processes of a cluster took to start or to be found; it is in no other time."""
        return None

    def processes(self) -> dict[int, str]:
        """Return what the processes that the backend has started are, by process id: ``JVM`` or ``worker``."""
        return {}

    def device_memory(self) -> Literal["torch", "nvml"] | None:
        """Return how the peak of the device's memory is found, or None without a device.

        ``torch``: everything is allocated by torch, which keeps the peak. ``nvml``: the driver is asked, over and
        over.
        """
        return None

    def release(self) -> None:  # noqa: B027
        """Give back what the device holds; called before its memory is measured."""


accept_former_name(Backend, "cannot", "unsupported_reason")
