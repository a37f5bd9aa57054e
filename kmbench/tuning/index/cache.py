"""Indexes on disk, as a server would load them: built once each, when they are first needed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from kmbench.tuning.index.kinds import Kind, build_ivf, padded
from kmbench.tuning.index.training import Trained
from kmbench.tuning.problem.data import Problem

__all__ = ["IndexCache", "write_servable"]

_BLOCK = 2**16


class IndexCache:
    """The indexes of one problem."""

    def __init__(self, problem: Problem, seed: int, scratch: Path) -> None:
        self._problem, self._seed, self._scratch = problem, seed, scratch
        self._files: dict[tuple[str, int], Path] = {}
        self._codes: dict[tuple[str, int], Path] = {}
        self._encode_seconds: dict[tuple[str, int], float] = {}

    def build_seconds(self, kind: Kind, trained: Trained) -> float:
        """Return what an index takes to build: training, assignment and, if it has been built yet, encoding."""
        encoding = self._encode_seconds.get(_stored_key(kind, trained), 0.0)
        return trained.train_seconds + trained.assign_seconds + encoding

    def codes(self, kind: Kind, trained: Trained) -> Any:
        """Return the IVF index of a kind; it is kept on disk, because codes take long to make."""
        import faiss

        key = _stored_key(kind, trained)
        if key in self._codes:
            return faiss.read_index(str(self._codes[key]))
        began = time.perf_counter()
        ivf = build_ivf(
            kind, trained.quantizer, self._problem.base, trained.list_of_row, self._problem.space, self._seed
        )
        self._encode_seconds[key] = time.perf_counter() - began
        if not kind.exact:
            self._codes[key] = self._scratch / f"codes-{key[0]}-{trained.nlist}.faiss"
            faiss.write_index(ivf, str(self._codes[key]))
        return ivf

    def file(self, kind: Kind, trained: Trained) -> Path:
        """Return the file of an index that takes a user's vectors as they are."""
        key = (kind.name, trained.nlist)
        if key not in self._files:
            path = self._scratch / f"{kind.name}-{trained.nlist}.faiss"
            write_servable(kind, self.codes(kind, trained), self._problem.base, self._problem, path)
            self._files[key] = path
        return self._files[key]


def _stored_key(kind: Kind, trained: Trained) -> tuple[str, int]:
    """Return what tells stored codes apart; re-ranking does not change them."""
    return kind.stored_name + ("" if not kind.columns else f"-{kind.columns}"), trained.nlist


def write_servable(
    kind: Kind, ivf: Any, base: np.ndarray[Any, Any], problem: Problem, path: Path, nprobe: int = 1, k_factor: int = 1
) -> None:
    """Write an index with what it needs around it: re-ranking vectors, and the transform of a user's vectors.

    Parameters
    ----------
    ivf : faiss.IndexIVF
        Populated with `base`.
    base : ndarray of float32, shape (n, d)
        In the space of the index.
    """
    import faiss

    ivf.nprobe = nprobe
    inner = ivf
    if kind.refine:
        inner = _refined(kind, ivf, base, problem)
        inner.k_factor = k_factor
    faiss.write_index(problem.space.wrap(inner, base.shape[1]), str(path))


def _refined(kind: Kind, ivf: Any, base: np.ndarray[Any, Any], problem: Problem) -> Any:
    """Return an index that compares the best candidates again; it keeps what it is made of."""
    import faiss

    if kind.refined_by == "flat":
        return faiss.IndexRefineFlat(ivf, faiss.swig_ptr(padded(np.ascontiguousarray(base), kind.columns)))
    types = {"fp16": faiss.ScalarQuantizer.QT_fp16, "sq8": faiss.ScalarQuantizer.QT_8bit}
    codes: Any = faiss.IndexScalarQuantizer(ivf.d, types[kind.refined_by], problem.space.faiss_metric)
    for start in range(0, len(base), _BLOCK):
        if not start:
            codes.train(padded(np.ascontiguousarray(base), kind.columns))
        codes.add(padded(np.ascontiguousarray(base[start : start + _BLOCK]), kind.columns))
    return faiss.IndexRefine(ivf, codes)
