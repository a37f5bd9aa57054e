"""Recall of an index file by a direct search in a process of its own: what the curve promised, seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import TuneError
from kmbench.runner.process import Limits, WorkerFailure
from kmbench.tuning.choice.settings import Option
from kmbench.tuning.index.training import WORKER
from kmbench.tuning.problem.truth import is_neighbour
from kmbench.tuning.workbench import Workbench

__all__ = ["per_query_recall", "recall_of_file"]


def recall_of_file(bench: Workbench, truth: NDArray[np.int64], file: Path, option: Option) -> float:
    """Load the file, search all queries at the setting, and return the mean recall."""
    output = bench.scratch / "found.npy"
    log = bench.scratch / "search.log"
    with bench.training.spawn(WORKER, bench.training.threads, Limits(None, None), log) as worker:
        try:
            worker.request(
                "open",
                index=str(file),
                queries=str(bench.queries_file),
                k=bench.asked.at,
                threads=bench.training.threads,
                device=bench.device,
            )
            worker.request("search", nprobe=option.nprobe, k_factor=option.k_factor, output=str(output))
        except WorkerFailure as failure:
            raise TuneError(f"the index that was built cannot be searched: {failure.reason}") from None
    return float(per_query_recall(np.load(output), truth, bench.asked.at).mean())


def per_query_recall(found: NDArray[np.int64], truth: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Return for each query the share of its k places that true neighbours, ties included, are returned at.

    Parameters
    ----------
    found : ndarray of int64, shape (nq, k)
        What an index returned, -1 where nothing.
    truth : ndarray of int64, shape (nq, K)
        As near as the k-th neighbour; -1 where there are fewer.
    """
    share: NDArray[np.float64] = np.minimum(is_neighbour(found, truth).sum(axis=1), k) / k
    return share
