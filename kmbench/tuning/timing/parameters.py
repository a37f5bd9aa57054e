"""How FAISS is asked for one search: probes, a budget, a filter, wherever the IVF index stands in the whole one."""

from __future__ import annotations

from typing import Any

__all__ = ["search_parameters"]


def search_parameters(
    faiss: Any, index: Any, nprobe: int, k_factor: float, selector: Any = None, max_codes: int = 0
) -> tuple[Any, list[Any]]:
    """Return FAISS's parameters for a search, and what has to live as long as they do.

    Parameters
    ----------
    index : faiss.Index
        An IVF index, also behind a transform or with re-ranking.
    nprobe, k_factor : int, float
    selector : faiss.IDSelector, optional
        Rows that may be returned.
    max_codes : int
        Vectors after which a query stops; 0 for no limit.
    """
    given: dict[str, Any] = {"nprobe": nprobe, "max_codes": max_codes}
    if selector is not None:
        given["sel"] = selector
    found: Any = faiss.SearchParametersIVF(**given)
    kept = [found, selector]
    inner: Any = faiss.downcast_index(index.index) if hasattr(index, "chain") else index
    if isinstance(inner, faiss.IndexRefine):
        found = faiss.IndexRefineSearchParameters(k_factor=k_factor, base_index_params=found)
        kept.append(found)
    if hasattr(index, "chain"):
        found = faiss.SearchParametersPreTransform(index_params=found)
        kept.append(found)
    return found, kept
