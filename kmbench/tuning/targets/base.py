"""The contract of a target: a database that builds the lists, tells them, and is searched."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kmbench.errors import TuneError
from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.problem.space import FloatMatrix, Metric

__all__ = ["Answers", "Built", "Centroids", "Lists", "Setting", "Standing", "Target", "TargetParams", "Task"]

Centroids = Literal["own", "kmbench"]
"""Who trains the centroids: the database by its own k-means, or kmbench."""

IDENTIFIER_BYTES = 63
"""Longest name of a table; PostgreSQL cuts longer ones without an error."""


class TargetParams(BaseModel):
    """What a user writes in brackets behind the name of any target."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str | None = Field(None, min_length=1, max_length=IDENTIFIER_BYTES, pattern=r"^[^\x00-\x1f/\\]+$")
    centroids: Centroids | None = None
    builds: int = Field(1, ge=1, le=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the target has to hold and to find.

    Attributes
    ----------
    kind : Kind
        Of the index.
    metric : {"l2", "ip", "cosine"}
    n, d : int
        Rows of the whole data, and columns.
    k : int
        Neighbours per query.
    """

    kind: Kind
    metric: Metric
    n: int
    d: int
    k: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One way to build and to search, for a snippet.

    Attributes
    ----------
    nlist, nprobe, k_factor : int
    centroids : {"own", "kmbench"}
    table : str
        Name of the table, collection or data set that the snippet makes.
    force_index : bool
        Whether the planner would leave the index at this setting.
    """

    nlist: int
    nprobe: int
    k_factor: int
    centroids: Centroids
    table: str
    force_index: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a build took: seconds, and the bytes of the index where the target tells them."""

    seconds: float
    bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The lists of an index, as the database has them.

    Attributes
    ----------
    centroids : ndarray of float32, shape (nlist, d)
        Among the vectors as a user has them; under cosine among their directions.
    sizes : ndarray of int64, shape (nlist,)
    by_l2 : bool
        Whether rows and queries go to the nearest centroids by L2, though vectors are compared by another metric.
    """

    centroids: FloatMatrix
    sizes: NDArray[np.int64]
    by_l2: bool = False

    @property
    def nlist(self) -> int:
        """Number of lists."""
        return len(self.sizes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What searches returned.

    Attributes
    ----------
    ids : ndarray of int64, shape (nq, k)
        Ids that were loaded, -1 where fewer than k came back.
    seconds : ndarray of float64, shape (nq,)
        Of each query, asked alone.
    """

    ids: NDArray[np.int64]
    seconds: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A table that stands in the database, as it is today.

    Attributes
    ----------
    ids : ndarray of int64, shape (n,)
    X : ndarray of float32, shape (n, d)
    lists : Lists or None
        Of its index; None where they cannot be read.
    """

    ids: NDArray[np.int64]
    X: FloatMatrix
    lists: Lists | None


class Target(ABC):
    """A database. As a context it is connected, and what it made is gone when the context ends.

    Parameters
    ----------
    params : TargetParams
        As the user wrote them.
    task : Task
    """

    name: ClassVar[str]
    title: ClassVar[str]
    """As its makers write it."""
    lists_name: ClassVar[str]
    probes_name: ClassVar[str]
    """What nlist and nprobe are called there."""
    snippet_file: ClassVar[str]
    Params: ClassVar[type[TargetParams]] = TargetParams
    takes_centroids: ClassVar[bool] = True
    retrained_by: ClassVar[str | None] = None
    """What makes the database train other centroids in place of those it was given."""
    why_hidden: ClassVar[str] = "it does not expose them"
    """Why `read_back` returns None, where it does."""
    times_count: bool = True
    """Whether its times are those of the database; a stand-in for it has none worth showing."""
    most_lists: ClassVar[int | None] = None

    def __init__(self, params: TargetParams, task: Task) -> None:
        self.params, self.task = params, task

    @property
    def centroids(self) -> Centroids:
        """Who trains the centroids."""
        return self.params.centroids or ("kmbench" if self.takes_centroids else "own")

    @classmethod
    def check_params(cls, params: TargetParams) -> None:
        """Refuse parameters that do not go together.

        Raises
        ------
        TuneError
        """
        if params.table is not None and len(params.table.encode()) > IDENTIFIER_BYTES:
            raise TuneError(
                f"--target {cls.name}: table= is longer than {IDENTIFIER_BYTES} bytes", "give a shorter name"
            )
        if params.centroids == "kmbench" and not cls.takes_centroids:
            raise TuneError(
                f"--target {cls.name}: {cls.title} cannot use given centroids", "leave centroids=kmbench out"
            )
        own = params.centroids == "own" or not cls.takes_centroids
        if params.builds > 1 and not own:
            raise TuneError(
                f"--target {cls.name}: builds={params.builds}, but with kmbench's centroids all builds are identical",
                "add centroids=own, or leave builds= out",
            )

    @classmethod
    @abstractmethod
    def why_not_kind(cls, kind: Kind, d: int) -> tuple[str, str] | None:
        """Return why the target has no such index, and a hint; None where it has one."""

    @abstractmethod
    def why_not_measured(self) -> str | None:
        """Return why nothing can be measured there, such as a missing address; None where it is to be tried."""

    @abstractmethod
    def snippet(self, setting: Setting) -> dict[str, str]:
        """Return files, by name, that build and search the index as the setting says, ready to run."""

    def write_data(self, folder: Path, ids: NDArray[np.int64], X: FloatMatrix, centroids: FloatMatrix | None) -> None:
        """Write the files that the snippet reads: the vectors, and the centroids where kmbench trained them."""
        np.save(folder / "vectors.npy", X)
        if centroids is not None:
            np.save(folder / "centroids.npy", centroids)

    @abstractmethod
    def __enter__(self) -> Self:
        """Connect.

        Raises
        ------
        TuneError
            In a line without a password, if it cannot be reached or is not fit for the task.
        """

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop all that was made and not kept, and disconnect."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Return the versions of the server, by name."""

    @abstractmethod
    def load(self, ids: NDArray[np.int64], X: FloatMatrix, progress: Callable[[float], None]) -> None:
        """Put vectors into a table of a name of its own.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
        X : ndarray of float32, shape (n, d)
            As the user has them.
        progress : callable
            Told the share that is done.
        """

    @abstractmethod
    def build(self, nlist: int, centroids: FloatMatrix | None = None) -> Built:
        """Make the index anew, with given centroids or with those of the database's own k-means."""

    @abstractmethod
    def read_back(self) -> Lists | None:
        """Return the lists of the index, or None where the target does not tell them.

        Raises
        ------
        TuneError
            If the index has another number of lists than was asked for.
        """

    @abstractmethod
    def search(self, queries: FloatMatrix, nprobe: int, k_factor: int = 1, warm: int = 0) -> Answers:
        """Ask one query at a time.

        Parameters
        ----------
        queries : ndarray of float32, shape (nq, d)
            As the user has them.
        nprobe, k_factor : int
        warm : int
            Queries that are asked before, untimed.
        """

    @abstractmethod
    def plan(self, nprobe: int) -> bool:
        """Return whether the database uses the index at this setting by itself."""

    @abstractmethod
    def keep(self, ids: NDArray[np.int64], X: FloatMatrix) -> None:
        """Add rows that were left out, and give the table the name that the user asked for."""

    def attach(self, table: str, nlist: int) -> Standing:
        """Read a table that stands, so that `search` asks it; nothing is written.

        Raises
        ------
        TuneError
            If there is no such table, or it has no index of so many lists.
        """
        raise TuneError(f"--check does not read tables of {self.title}", "check its recall with your own queries")

    def facts(self, nprobe: int) -> Sequence[str]:
        """Return sentences about this server that bear on the times at a setting."""
        return ()
