"""The one way to search an index file: a process of its own that has it loaded as a server would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.runner.process import Limits, WorkerProcess
from kmbench.tuning.problem.device import Device
from kmbench.tuning.problem.host import THIS_HOST, Spawn
from kmbench.tuning.recall.probes import Probes

__all__ = ["Found", "SearchClient", "SearchSetup", "search_setting"]

WORKER = "kmbench.tuning.timing.worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSetup:
    """What all searches of a tuning, or of a check, share.

    Attributes
    ----------
    queries : Path
        ``.npy`` of the queries as a user has them.
    queries_count : int
        Rows in that file.
    k : int
        Neighbours per query.
    threads : int
        For batches; FAISS answers one query on one thread.
    device : {"cpu", "cuda"}
        Where the indexes are searched.
    seed : int
        For the order in which settings are timed.
    scratch : Path
        Folder for logs and for what is found.
    spawn : callable
        See `kmbench.tuning.problem.host.Spawn`.
    """

    queries: Path
    queries_count: int
    k: int
    threads: int
    device: Device
    seed: int
    scratch: Path
    spawn: Spawn = THIS_HOST.spawn

    @contextmanager
    def client(self, file: Path, log: str, *, passive_wait: bool = False) -> Iterator[SearchClient]:
        """Load an index into a process of its own, and end that with the block.

        Raises
        ------
        WorkerFailure
            If the process fails, also from the calls of the client.
        """
        limits = Limits(None, None, passive_wait=passive_wait)
        with self.spawn(WORKER, self.threads, limits, self.scratch / log) as worker:
            told = worker.request(
                "open",
                index=str(file),
                queries=str(self.queries),
                k=self.k,
                threads=self.threads,
                device=self.device,
            )
            yield SearchClient(worker, told)

    def search(
        self, file: Path, nprobe: int, k_factor: int, allowed: Path | None = None, probes: Probes | None = None
    ) -> Found:
        """Search all queries at one setting of an index file.

        Parameters
        ----------
        allowed : Path, optional
            ``.npy`` of bool: the rows that a filter allows.
        probes : Probes, optional
            Where not every query probes as many lists.

        Raises
        ------
        WorkerFailure
            If the process that searches fails.
        """
        output = self.scratch / "found.npy"
        with self.client(file, "search.log") as client:
            client.request("search", **search_setting(nprobe, k_factor, allowed, probes), output=str(output))
            return Found(np.load(output), client.vectors, client.imbalance)


def search_setting(
    nprobe: int, k_factor: int, allowed: Path | None = None, probes: Probes | None = None
) -> dict[str, Any]:
    """Return a setting as a worker takes it; what is not asked for is left out."""
    setting: dict[str, Any] = {"nprobe": nprobe, "k_factor": k_factor}
    if allowed is not None:
        setting["allowed"] = str(allowed)
    if probes is not None and probes.rule != "fixed":
        setting["probes"] = asdict(probes)
    return setting


@dataclass(frozen=True, slots=True)
class Found:
    """What a search returned, and of which index.

    Attributes
    ----------
    ids : ndarray of int64, shape (nq, k)
        -1 where nothing was found.
    vectors : int
        In the index.
    imbalance : float
        Of its lists.
    """

    ids: NDArray[np.int64]
    vectors: int
    imbalance: float


class SearchClient:
    """A process with an index loaded.

    Attributes
    ----------
    vectors : int
        In the index.
    imbalance : float
        Of its lists.
    """

    def __init__(self, worker: WorkerProcess, told: dict[str, Any]) -> None:
        self.vectors, self.imbalance = int(told["ntotal"]), float(told["imbalance"])
        self._worker = worker

    def request(self, command: str, **given: Any) -> dict[str, Any]:
        """Ask for ``single``, ``batch`` or ``search``: see `kmbench.tuning.timing.worker.SearchWorker`."""
        return self._worker.request(command, **given)
