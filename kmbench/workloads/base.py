"""The contract of workloads: what k-means is used for, from the data to a measure of the task's own."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from numpy.typing import NDArray
from pydantic import BaseModel

from kmbench.backends.base import FloatMatrix, Labels, NoParams, Params
from kmbench.datasets import Rows, read_spec
from kmbench.deprecation import accept_former_name

__all__ = ["Answer", "Clusters", "Figure", "KMeans", "SeveralFits", "Task", "TaskResult", "Workload"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What a figure of a task means.

    Attributes
    ----------
    name : str
        With its unit at the end if it has one, such as ``psnr_db``.
    title : str
        Two or three words, for the heading of a column.
    better : {"higher", "lower"} or None
        None where neither is.
    unit : str
        Written after the value; empty for plain numbers, ``%`` for shares (0.25 is shown as 25 %).
    summary : str
        What it is, in a sentence.
    """

    name: str
    title: str
    better: Literal["higher", "lower"] | None
    unit: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a score refers to, in addition to the answer.

    Attributes
    ----------
    spec : str
        The data SPEC, from which a workload reads what its matrix does not hold, such as the size of a picture.
    X : ndarray of float32, shape (n, d), C order
        The rows that every backend was given, those of `Workload.rows`; read-only.
    k, seed, threads : int
        Of the case. The seed may serve whatever the score draws, so that it draws the same for all backends.
    """

    spec: str
    X: FloatMatrix
    k: int
    seed: int
    threads: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The arrays of an answer by name.

    After a single fit ``centroids`` (k, d) and ``labels`` (n,); after several what `SeveralFits.run` returned.
    """

    arrays: Mapping[str, NDArray[Any]]

    @property
    def centroids(self) -> FloatMatrix:
        """The final centroids of a single fit."""
        return self.arrays["centroids"]

    @property
    def labels(self) -> Labels:
        """The label of each row after a single fit."""
        return self.arrays["labels"]


@dataclass(frozen=True, slots=True)
class TaskResult:
    """How well an answer serves the task.

    Attributes
    ----------
    figures : dict of str to float
        By the names in `Workload.figures`; those that do not apply are left out.
    artefacts : dict of str to bytes
        Files for the run folder by name: ``.png`` is shown as a picture, ``.json`` made by
        `kmbench.workloads.artefacts` as a table or a row of colours; anything else is kept.
    """

    figures: dict[str, float]
    artefacts: dict[str, bytes] = field(default_factory=dict)


class Workload(ABC):
    """A task around one fit of k-means: it makes the matrix from the data, and judges the answer.

    A workload is one class, registered by an entry point in the group ``kmbench.workloads``. `rows` is called once
    for each data set, before anything is measured; all backends get the same matrix. `score` is called for each
    backend's answer, in a process that is never measured. Modules must import without what `requires` names.

    Attributes
    ----------
    name, summary : str
        As listed by ``kmbench workloads``.
    requires : tuple of str
        Import names, looked up without importing them.
    install : str
        How to get what `requires` names.
    figures : tuple of Figure
        What `score` may return, the most important first.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()
    install: ClassVar[str] = ""
    figures: ClassVar[tuple[Figure, ...]] = ()
    Params: ClassVar[type[Params]] = NoParams

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        accept_former_name(cls, "cannot", "unsupported_reason")

    def __init__(self, params: BaseModel) -> None:
        self.params = params

    @classmethod
    def unavailable(cls) -> str | None:
        """Return why the workload cannot run here, in words a user can act on, or None."""
        missing = [name for name in cls.requires if importlib.util.find_spec(name) is None]
        return f"{', '.join(missing)} is not installed: {cls.install}" if missing else None

    def rows(self, spec: str) -> Rows:
        """Return the matrix that is clustered, as rows that are read in blocks; by default those of the SPEC.

        Raises
        ------
        KmbenchError
            If the data cannot serve this task.
        """
        return read_spec(spec)

    def unsupported_reason(self, k: int, n: int, d: int) -> str | None:
        """Return why the task cannot be done with k clusters on rows of this shape, or None."""
        return None

    @abstractmethod
    def score(self, task: Task, answer: Answer) -> TaskResult:
        """Judge the answer of one backend.

        Raises
        ------
        Exception
            Any; it becomes a remark on the cell, whose times and inertia stand.
        """

    def common(self, task: Task) -> dict[str, bytes]:
        """Return artefacts of the case itself, such as the picture before its colours were reduced."""
        return {}


accept_former_name(Workload, "cannot", "unsupported_reason")


@dataclass(frozen=True, slots=True)
class Clusters:
    """The result of one of several fits.

    Attributes
    ----------
    centroids : ndarray of float32, shape (k, d)
    labels : ndarray of int32, shape (n,)
    """

    centroids: FloatMatrix
    labels: Labels


KMeans = Callable[[FloatMatrix, int], Clusters]
"""``kmeans(X, k)``: one fit of the backend under test; X is float32 in C order."""


class SeveralFits(Workload):
    """A task that fits k-means several times, each time on the residuals of the last fit or on other columns.

    `run` is what is timed, as one fit: its own arithmetic is part of it and the same for all backends. The matched
    protocol gives the j-th fit of every backend the same start: the same rows of its X, moved by the same amount.
    A backend's `loss` is compared with that of a run whose ``kmeans`` is the float64 reference.
    """

    @abstractmethod
    def run(self, X: FloatMatrix, k: int, kmeans: KMeans) -> dict[str, NDArray[Any]]:
        """Do the task with so many calls of `kmeans`, in a fixed order, and return the answer's arrays by name.

        Parameters
        ----------
        X : ndarray of float32, shape (n, d), C order
            Must not be written to.
        k : int
            Clusters of the case.
        kmeans : callable
            See `KMeans`.
        """

    @abstractmethod
    def loss(self, X: FloatMatrix, answer: Answer) -> float:
        """Return the sum of squared errors that the answer leaves, in float64: what inertia is to a single fit."""
