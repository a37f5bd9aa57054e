"""The process that is measured: it loads an index as a server would, and times its searches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.instruments import seconds_waited, snapshot_tasks
from kmbench.runner.channel import Handler, serve
from kmbench.tuning.problem.device import Device, copy_lists_to_gpu
from kmbench.tuning.problem.filters import RowSelector
from kmbench.tuning.timing.parameters import search_parameters

__all__ = ["SearchWorker", "handlers"]

Search = Callable[[NDArray[np.float32]], tuple[Any, Any]]
"""Returns distances and row numbers of some queries."""

BATCH_SECONDS = 0.2
"""Least time that searches of the whole batch are repeated for."""

SINGLE_SECONDS = 3.0
"""Most time that single queries are asked for at one setting."""

WARM_QUERIES = 50
WARM_BATCH = 256


class SearchWorker:
    """Answers the commands of `kmbench.tuning.timing.search.SearchClient`; ``open`` comes first."""

    def open(self, index: str, queries: str, k: int, threads: int, device: Device = "cpu") -> dict[str, Any]:
        """Load an index as a server would, with the queries that it will be asked."""
        import faiss

        faiss.omp_set_num_threads(threads)
        self._index: Any = faiss.read_index(index)
        self._ivf: Any = faiss.extract_index_ivf(self._index)
        self._queries = np.load(queries, allow_pickle=False)
        self._k = k
        lists: Any = self._ivf.invlists
        sizes = np.array([lists.list_size(number) for number in range(self._ivf.nlist)], dtype=np.float64)
        share = sizes / max(1.0, sizes.sum())
        if device == "cuda":
            self._index, self._ivf, self._kept = copy_lists_to_gpu(faiss, self._index)
        return {"ntotal": int(self._index.ntotal), "imbalance": float(len(sizes) * np.square(share).sum())}

    def _search_of(
        self, nprobe: int, k_factor: float, allowed: str | None = None, probes: dict[str, Any] | None = None
    ) -> Search:
        """Return a search as a server would make it.

        Parameters
        ----------
        allowed : str, optional
            ``.npy`` of bool: the rows that a filter allows.
        probes : dict, optional
            Of `kmbench.tuning.recall.probes.Probes`, where not every query probes as many lists.
        """
        import faiss

        if probes is not None and probes["rule"] == "damped":
            from kmbench.tuning.timing.damped import damped_search

            return damped_search(self._index, self._k, probes)
        if allowed is None and probes is None:
            self._ivf.nprobe = nprobe
            refine: Any = faiss.downcast_index(self._index.index) if hasattr(self._index, "chain") else self._index
            if isinstance(refine, faiss.IndexRefine):
                refine.k_factor = k_factor
            return lambda queries: self._index.search(queries, self._k)
        selector = None if allowed is None else RowSelector(np.load(allowed, allow_pickle=False))
        budget = 0 if probes is None else int(probes["vectors"])
        given, kept = search_parameters(
            faiss, self._index, nprobe, k_factor, None if selector is None else selector.faiss, budget
        )
        self._given = [selector, *kept]  # FAISS holds no reference of its own
        return lambda queries: self._index.search(queries, self._k, params=given)

    def single(self, nprobe: int, k_factor: float, queries: list[int], repeats: int, **how: Any) -> dict[str, Any]:
        """Ask one query at a time and return what each took, shape (repeats, queries), in seconds.

        Fewer of the queries are asked where they would take longer than `SINGLE_SECONDS`.
        """
        search = self._search_of(nprobe, k_factor, **how)
        rows = [self._queries[row : row + 1] for row in queries]
        began = time.perf_counter()
        for row in rows[:WARM_QUERIES]:
            search(row)
        each = (time.perf_counter() - began) / min(WARM_QUERIES, len(rows))
        rows = rows[: max(WARM_QUERIES, int(SINGLE_SECONDS / (each * repeats)))]
        taken = np.empty((repeats, len(rows)))
        before, began = snapshot_tasks(), time.perf_counter()
        for turn in range(repeats):
            for place, row in enumerate(rows):
                start = time.perf_counter()
                search(row)
                taken[turn, place] = time.perf_counter() - start
        spent = time.perf_counter() - began
        waited = seconds_waited(before, snapshot_tasks())
        return {"seconds": taken.tolist(), "waited_share": None if waited is None else waited / spent}

    def batch(self, nprobe: int, k_factor: float, **how: Any) -> dict[str, Any]:
        """Ask all queries at once, often enough to be read off a clock; return the seconds per query."""
        search = self._search_of(nprobe, k_factor, **how)
        search(self._queries[:WARM_BATCH])
        loops, before, began = 0, snapshot_tasks(), time.perf_counter()
        while (spent := time.perf_counter() - began) < BATCH_SECONDS or not loops:
            search(self._queries)
            loops += 1
        waited = seconds_waited(before, snapshot_tasks())
        return {
            "seconds": spent / loops / len(self._queries),
            "waited_share": None if waited is None else waited / spent,
        }

    def search(self, nprobe: int, k_factor: float, output: str, **how: Any) -> dict[str, Any]:
        """Write what the index returns for all queries."""
        np.save(output, self._search_of(nprobe, k_factor, **how)(self._queries)[1])
        return {}


def handlers() -> dict[str, Handler]:
    """Return the commands that the process answers."""
    worker = SearchWorker()
    return {"open": worker.open, "single": worker.single, "batch": worker.batch, "search": worker.search}


if __name__ == "__main__":
    serve(handlers())
