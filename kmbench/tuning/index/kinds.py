"""What the lists hold: whole vectors, or codes of them; and the index that is made of centroids and lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import TuneError
from kmbench.tuning.problem.device import GPU_SUB_VECTORS, Device, why_not_on_gpu
from kmbench.tuning.problem.space import FloatMatrix, Space

__all__ = ["Kind", "build_ivf", "flat_quantizer", "parse_kinds"]

_NAME = re.compile(r"(flat|sq8|sq4|fp16|pq(\d*))(\+refine)?")
_CODE_BITS = 8
_PQ_TRAINING = 2**16
_ADD_BLOCK = 2**16
_PRECOMPUTED_LIMIT = 2**31
"""FAISS makes no larger table of products of centroids and codes."""

KNOWN = "flat, fp16, sq8, sq4, pq or pqM, each but flat also with +refine"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of index.

    Attributes
    ----------
    name : str
        As the user writes it, with the number of sub-vectors spelled out: ``pq16+refine``.
    codec : {"flat", "fp16", "sq8", "sq4", "pq"}
    m : int
        Sub-vectors of a product quantizer, else 0.
    refine : bool
        The best candidates are compared again by their whole vectors, which are kept beside the codes.
    """

    name: str
    codec: str
    m: int = 0
    refine: bool = False

    @property
    def exact(self) -> bool:
        """Whether lists hold the vectors themselves."""
        return self.codec == "flat"

    def code_bytes(self, d: int) -> int:
        """Return the bytes of one vector's code."""
        sizes: dict[str, int] = {"flat": 4 * d, "fp16": 2 * d, "sq8": d, "sq4": (d + 1) // 2, "pq": self.m}
        return sizes[self.codec]

    def factory(self, nlist: int, k_factor: int = 1) -> str:
        """Return FAISS's factory string, without the transform that stands before it."""
        code = {"flat": "Flat", "fp16": "SQfp16", "sq8": "SQ8", "sq4": "SQ4", "pq": f"PQ{self.m}"}[self.codec]
        return f"IVF{nlist},{code}" + (f",Refine(Flat) k_factor={k_factor}" if self.refine else "")

    def table_bytes(self, nlist: int, space: Space, device: Device = "cpu") -> int:
        """Return what FAISS computes when it loads the index and keeps beside it: tables of an L2 IVF-PQ."""
        if device == "cuda":
            return 0  # the copy has none unless it is asked for them
        size = nlist * self.m * (1 << _CODE_BITS) * 4
        return size if self.codec == "pq" and not space.inner_product and size <= _PRECOMPUTED_LIMIT else 0

    def memory_bytes(self, n: int, d: int, nlist: int, space: Space, device: Device = "cpu") -> int:
        """Return what the index holds in memory: codes, ids, centroids, codebooks, tables, re-ranking vectors."""
        books = {"pq": 4 * d * (1 << _CODE_BITS), "sq8": 8 * d, "sq4": 8 * d}.get(self.codec, 0)
        vectors = 4 * n * d if self.refine else 0
        return n * (self.code_bytes(d) + 8) + 4 * nlist * d + books + vectors + self.table_bytes(nlist, space, device)


def parse_kinds(text: str, d: int, n: int, device: Device = "cpu") -> list[Kind]:
    """Read a list of kinds of index, such as ``flat,sq8,pq16+refine``.

    Raises
    ------
    TuneError
        For an unknown kind, sub-vectors that do not divide d, too few rows to train a codebook, or a kind that
        cannot be searched on the device.
    """
    kinds: dict[str, Kind] = {}
    for name in filter(None, (part.strip().lower() for part in text.split(","))):
        match = _NAME.fullmatch(name)
        if match is None or (match[1] == "flat" and match[3]):
            raise TuneError(f"--index {name}: no such kind of index", f"known: {KNOWN}")
        kind = Kind(name, "pq" if match[1].startswith("pq") else match[1], refine=bool(match[3]))
        if kind.codec == "pq":
            m = int(match[2]) if match[2] else _default_m(d, device)
            if m < 1 or d % m:
                divisors = ", ".join(str(i) for i in range(1, d + 1) if d % i == 0)
                raise TuneError(
                    f"--index {name}: {m} sub-vectors do not divide {d} columns", f"use one of {divisors}"
                )
            if n < 2**_CODE_BITS:
                raise TuneError(f"--index {name}: a codebook of 256 takes 256 rows, there are {n}", "use flat or sq8")
            kind = Kind(f"pq{m}" + (match[3] or ""), "pq", m, kind.refine)
        barred = why_not_on_gpu(kind.codec, kind.m, kind.refine, d) if device == "cuda" else None
        if barred is not None:
            raise TuneError(f"--index {name} with --device cuda: {barred[0]}", barred[1])
        kinds[kind.name] = kind
    if not kinds:
        raise TuneError(f"--index {text!r}: no kind of index", f"known: {KNOWN}")
    return list(kinds.values())


def _default_m(d: int, device: Device) -> int:
    """Return the largest divisor of d that leaves four columns or more to a sub-vector, and that the device knows."""
    known = GPU_SUB_VECTORS if device == "cuda" else range(1, d // 4 + 1)
    return max((m for m in known if d % m == 0 and 4 * m <= d), default=1)


def flat_quantizer(centroids: FloatMatrix, space: Space) -> Any:
    """Return the coarse quantizer: the centroids in a flat index of the space's metric."""
    import faiss

    quantizer = faiss.IndexFlat(centroids.shape[1], space.faiss_metric)
    quantizer.add(np.ascontiguousarray(centroids))
    return quantizer


def build_ivf(
    kind: Kind, quantizer: Any, base: FloatMatrix, list_of_row: NDArray[np.int32], space: Space, seed: int = 0
) -> Any:
    """Return a FAISS IVF index of given centroids and lists; nothing is assigned again.

    Its ids are the rows of `base`. The quantizer must be kept alive as long as the index.

    Parameters
    ----------
    base : ndarray of float32, shape (n, d), C order
    list_of_row : ndarray of int32, shape (n,)
    """
    import faiss

    d, nlist, metric = base.shape[1], int(quantizer.ntotal), space.faiss_metric
    index: Any
    if kind.codec == "flat":
        index = faiss.IndexIVFFlat(quantizer, d, nlist, metric)
    elif kind.codec == "pq":
        index = faiss.IndexIVFPQ(quantizer, d, nlist, kind.m, _CODE_BITS, metric)
        index.pq.cp.min_points_per_centroid = 1  # the warning on standard error is ours to give
        index.pq.cp.seed = seed + 1234
    else:
        quantizers = faiss.ScalarQuantizer
        types = {"fp16": quantizers.QT_fp16, "sq8": quantizers.QT_8bit, "sq4": quantizers.QT_4bit}
        index = faiss.IndexIVFScalarQuantizer(quantizer, d, nlist, types[kind.codec], metric)
    if not index.is_trained:
        rows = np.random.default_rng([seed, 3]).permutation(len(base))[:_PQ_TRAINING]
        index.train(np.ascontiguousarray(base[np.sort(rows)]))
    for start in range(0, len(base), _ADD_BLOCK):
        block = np.ascontiguousarray(base[start : start + _ADD_BLOCK])
        lists = list_of_row[start : start + _ADD_BLOCK].astype(np.int64)
        index.add_core(len(block), faiss.swig_ptr(block), None, faiss.swig_ptr(lists))
    return index
