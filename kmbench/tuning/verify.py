"""Recall of an index file by a direct search in a process of its own: what the curve promised, seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import TuneError
from kmbench.runner.process import Limits, WorkerFailure, WorkerProcess
from kmbench.tuning.landscape import Option
from kmbench.tuning.training import WORKER

if TYPE_CHECKING:
    from kmbench.tuning.pipeline import _Session

__all__ = ["per_query_recall", "recall_of_file"]


def recall_of_file(session: _Session, file: Path, option: Option) -> float:
    """Load the file, search all queries at the setting, and return the mean recall."""
    output = session.scratch / "found.npy"
    with WorkerProcess(WORKER, session.training.threads, Limits(None, None), session.scratch / "search.log") as worker:
        try:
            worker.request(
                "open",
                index=str(file),
                queries=str(session.queries_file),
                k=session.asked.at,
                threads=session.training.threads,
            )
            worker.request("search", nprobe=option.nprobe, k_factor=option.k_factor, output=str(output))
        except WorkerFailure as failure:
            raise TuneError(f"the index that was built cannot be searched: {failure.reason}") from None
    return float(per_query_recall(np.load(output), session.truth.ids, session.asked.at).mean())


def per_query_recall(found: NDArray[np.int64], truth: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Return for each query the share of its k places that true neighbours, ties included, are returned at.

    Parameters
    ----------
    found : ndarray of int64, shape (nq, k)
        What an index returned, -1 where nothing.
    truth : ndarray of int64, shape (nq, K)
        As near as the k-th neighbour; -1 where there are fewer.
    """
    width = 1 + max(int(found.max(initial=0)), int(truth.max(initial=0)))
    query = np.arange(len(found), dtype=np.int64)[:, None] * width
    known = (truth + query)[truth >= 0]
    right = np.isin(found + query, known) & (found >= 0)
    return np.minimum(right.sum(axis=1), k) / k
