"""Search with a budget of its own for every query: lists beyond it are taken out before FAISS scans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.recall.probes import Probes, kept_lists

__all__ = ["damped_search"]


def damped_search(
    index: Any, k: int, given: dict[str, Any]
) -> Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Return a search by the damped rule of an IVF index, also behind a transform."""
    import faiss

    probes = Probes(**given)
    ivf: Any = faiss.extract_index_ivf(index)
    sizes = np.array([ivf.invlists.list_size(number) for number in range(ivf.nlist)], dtype=np.int64)
    squared = ivf.metric_type == faiss.METRIC_L2

    def search(queries: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        inside = queries
        if hasattr(index, "chain"):
            for place in range(index.chain.size()):
                inside = faiss.downcast_VectorTransform(index.chain.at(place)).apply(inside)
        distances, lists = ivf.quantizer.search(inside, probes.nprobe)
        held = sizes[lists]
        ranked = distances if squared else np.maximum(2 - 2 * distances, 0)
        lists[~kept_lists(ranked, np.cumsum(held, axis=1) - held, probes)] = -1
        ivf.nprobe = probes.nprobe
        found: tuple[NDArray[np.float32], NDArray[np.int64]] = ivf.search_preassigned(inside, k, lists, distances)
        return found

    return search
