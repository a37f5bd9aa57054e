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
from kmbench.wording import bytes_text

__all__ = ["AUTO", "KNOWN", "Kind", "build_ivf", "flat_quantizer", "kinds_within", "padded", "parse_kinds", "reranks"]

_NAME = re.compile(r"(flat|sq8|sq4|fp16|pq(\d*)(x4fs)?)(\+refine(?:-(fp16|sq8))?)?")
_CODE_BITS = 8
_FAST_SCAN_BITS = 4
_FAST_SCAN_BLOCK = 32
_PQ_TRAINING = 2**16
_ADD_BLOCK = 2**16
_PRECOMPUTED_LIMIT = 2**31
"""FAISS makes no larger table of products of centroids and codes."""

_PAD_TO = 16
"""FAISS compares scalar codes one column at a time unless their columns are a multiple of 8; 16 is faster still."""

KNOWN = "flat, fp16, sq8, sq4, pq or pqM, pqMx4fs; each but flat also with +refine, +refine-fp16 or +refine-sq8"

AUTO = "flat,fp16,sq8,pqx4fs+refine,pqx4fs+refine-fp16"
"""What ``--index auto`` tries on a CPU."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of index.

    Attributes
    ----------
    name : str
        As the user writes it, with the number of sub-vectors spelled out: ``pq16+refine``.
    codec : {"flat", "fp16", "sq8", "sq4", "pq", "pqfs"}
        ``pqfs`` is a product quantizer of 4 bits that FAISS scans with SIMD tables.
    m : int
        Sub-vectors of a product quantizer, else 0.
    refine : bool
        The best candidates are compared again by vectors that are kept beside the codes.
    refined_by : {"flat", "fp16", "sq8"}
        How these are kept.
    columns : int
        That the index holds; 0: those of the data. More are zeros, which change no distance.
    """

    name: str
    codec: str
    m: int = 0
    refine: bool = False
    refined_by: str = "flat"
    columns: int = 0

    @property
    def exact(self) -> bool:
        """Whether lists hold the vectors themselves."""
        return self.codec == "flat"

    @property
    def stored_name(self) -> str:
        """The name of the codes in the lists, which re-ranking does not change."""
        return self.name.partition("+refine")[0]

    def code_bytes(self, d: int) -> int:
        """Return the bytes of one vector's code."""
        sizes = {"pq": self.m, "pqfs": (self.m + 1) // 2}
        return sizes[self.codec] if self.codec in sizes else _scalar_bytes(self.codec, self.columns or d)

    def bytes_per_vector(self, d: int) -> int:
        """Return what one more vector takes: its code, its number, and the vector that it is ranked again by."""
        again = _scalar_bytes(self.refined_by, self.columns or d) if self.refine else 0
        return self.code_bytes(d) + 8 + again

    def factory(self, nlist: int, k_factor: int = 1) -> str:
        """Return FAISS's factory string, without the transform of the data that stands before it."""
        names = {"flat": "Flat", "fp16": "SQfp16", "sq8": "SQ8", "sq4": "SQ4"}
        code = names.get(self.codec) or f"PQ{self.m}" + ("x4fs" if self.codec == "pqfs" else "")
        pad = f"Pad{self.columns}," if self.columns else ""
        again = f",Refine({names[self.refined_by]}) k_factor={k_factor}" if self.refine else ""
        return f"{pad}IVF{nlist},{code}{again}"

    def table_bytes(self, nlist: int, space: Space, device: Device = "cpu") -> int:
        """Return what FAISS computes when it loads the index and keeps beside it: tables of an L2 IVF-PQ."""
        if device == "cuda":
            return 0  # the copy has none unless it is asked for them
        size = nlist * self.m * (1 << _CODE_BITS) * 4
        return size if self.codec == "pq" and not space.inner_product and size <= _PRECOMPUTED_LIMIT else 0

    def memory_bytes(self, n: int, d: int, nlist: int, space: Space, device: Device = "cpu") -> int:
        """Return what the index holds in memory: codes, ids, centroids, codebooks, tables, re-ranking vectors."""
        width = self.columns or d
        books = {"pq": 4 * d << _CODE_BITS, "pqfs": 4 * d << _FAST_SCAN_BITS, "sq8": 8 * width, "sq4": 8 * width}
        # Lists of fast scan are filled up to whole blocks: half a block each on average.
        filled = nlist * _FAST_SCAN_BLOCK // 2 * self.code_bytes(d) if self.codec == "pqfs" else 0
        return (
            n * self.bytes_per_vector(d)
            + 4 * nlist * width
            + books.get(self.codec, 0)
            + filled
            + self.table_bytes(nlist, space, device)
        )


def _scalar_bytes(codec: str, columns: int) -> int:
    return {"flat": 4 * columns, "fp16": 2 * columns, "sq8": columns, "sq4": (columns + 1) // 2}[codec]


def reranks(name: str) -> bool:
    """Return whether a kind of index, by its name, compares its best candidates again."""
    return "+refine" in name


def parse_kinds(text: str, d: int, n: int, device: Device = "cpu") -> list[Kind]:
    """Read a list of kinds of index, such as ``flat,sq8,pq16+refine``, or ``auto``.

    Raises
    ------
    TuneError
        For an unknown kind, sub-vectors that do not divide d, too few rows to train a codebook, or a kind that
        cannot be searched on the device.
    """
    kinds: dict[str, Kind] = {}
    if text.strip().lower() == "auto":
        text = "flat,fp16,sq8" if device == "cuda" else AUTO if d > 1 and n >= 2**_CODE_BITS else "flat,fp16,sq8"
    for name in filter(None, (part.strip().lower() for part in text.split(","))):
        match = _NAME.fullmatch(name)
        if match is None or (match[1] == "flat" and match[4]):
            raise TuneError(f"--index {name}: unknown kind of index", f"known: {KNOWN}")
        kind = _kind(match, d, n, device)
        barred = why_not_on_gpu(kind.codec, kind.m, kind.refine, d) if device == "cuda" else None
        if barred is not None:
            raise TuneError(f"--index {name} with --device cuda: {barred[0]}", barred[1])
        kinds[kind.name] = kind
    if not kinds:
        raise TuneError(f"--index {text!r}: unknown kind of index", f"known: {KNOWN}")
    return list(kinds.values())


def _kind(match: re.Match[str], d: int, n: int, device: Device) -> Kind:
    name, refined_by = match[0], match[5] or "flat"
    codec, m, stored = match[1], 0, match[1]
    scalar = codec in ("fp16", "sq8", "sq4") or (bool(match[4]) and refined_by != "flat")
    # On a GPU the transform that adds columns would have to be searched with; its kernels do not need it.
    columns = -(-d // _PAD_TO) * _PAD_TO if scalar and d % _PAD_TO and device == "cpu" else 0
    if codec.startswith("pq"):
        codec = "pqfs" if match[3] else "pq"
        m = int(match[2]) if match[2] else _default_m(columns or d, device, columns=2 if match[3] else 4)
        if columns and (m < 1 or columns % m):
            columns = 0  # sub-vectors that divide the data's columns go before the speed of the re-ranking
        if m < 1 or (columns or d) % m:
            divisors = ", ".join(str(i) for i in range(1, d + 1) if d % i == 0)
            raise TuneError(
                f"--index {name}: {d} columns cannot be divided into {m} subvectors", f"use one of {divisors}"
            )
        if n < 2**_CODE_BITS:
            raise TuneError(
                f"--index {name}: a codebook of 256 codes needs 256 rows, there are {n}", "use flat or sq8"
            )
        stored = f"pq{m}" + (match[3] or "")
    return Kind(stored + (match[4] or ""), codec, m, bool(match[4]), refined_by, columns)


def _default_m(d: int, device: Device, columns: int) -> int:
    """Return the largest divisor of d that leaves so many columns to a sub-vector, and that the device knows."""
    known = GPU_SUB_VECTORS if device == "cuda" else range(1, d // columns + 1)
    return max((m for m in known if d % m == 0 and columns * m <= d), default=1)


def kinds_within(kinds: list[Kind], n: int, d: int, nlist: int, space: Space, limit: int | None) -> list[Kind]:
    """Return the kinds whose index fits a memory.

    Raises
    ------
    TuneError
        If none does.
    """
    if limit is None:
        return kinds
    sizes = {kind.name: kind.memory_bytes(n, d, nlist, space) for kind in kinds}
    found = [kind for kind in kinds if sizes[kind.name] <= limit]
    if not found:
        least = min(sizes, key=lambda name: sizes[name])
        raise TuneError(
            f"--max-memory is too small for all kinds of --index auto: the smallest, {least}, takes "
            f"{bytes_text(sizes[least])}",
            f"give --max-memory {-(-sizes[least] // 2**20)}M, or a kind with smaller codes such as --index pq",
        )
    return found


def padded(X: FloatMatrix, columns: int) -> FloatMatrix:
    """Return vectors with columns of zeros at the end; `X` itself where it has as many."""
    if columns in (0, X.shape[1]):
        return X
    out = np.zeros((len(X), columns), dtype=np.float32)
    out[:, : X.shape[1]] = X
    return out


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

    Its ids are the rows of `base`. The quantizer must be kept alive as long as the index. Where the kind adds columns
    the index takes vectors that have them: see `padded`.

    Parameters
    ----------
    base : ndarray of float32, shape (n, d), C order
    list_of_row : ndarray of int32, shape (n,)
    """
    import faiss

    nlist, metric = int(quantizer.ntotal), space.faiss_metric
    if kind.columns:
        quantizer = flat_quantizer(padded(quantizer.reconstruct_n(0, nlist), kind.columns), space)
    index = _empty_ivf(kind, quantizer, nlist, metric, seed)
    if not index.is_trained:
        rows = np.random.default_rng([seed, 3]).permutation(len(base))[:_PQ_TRAINING]
        index.train(padded(np.ascontiguousarray(base[np.sort(rows)]), kind.columns))
    for start in range(0, len(base), _ADD_BLOCK):
        block = padded(np.ascontiguousarray(base[start : start + _ADD_BLOCK]), kind.columns)
        lists = list_of_row[start : start + _ADD_BLOCK].astype(np.int64)
        index.add_core(len(block), faiss.swig_ptr(block), None, faiss.swig_ptr(lists))
    if kind.codec == "pqfs":
        # Fast scan assigns rows itself when they are added, so its codes are packed from those of an IVF-PQ.
        packed: Any = faiss.IndexIVFPQFastScan(index, _FAST_SCAN_BLOCK)
        packed.referenced_objects = [quantizer]
        return packed
    return index


def _empty_ivf(kind: Kind, quantizer: Any, nlist: int, metric: int, seed: int) -> Any:
    import faiss

    d = quantizer.d
    index: Any
    if kind.codec == "flat":
        return faiss.IndexIVFFlat(quantizer, d, nlist, metric)
    if kind.codec in ("pq", "pqfs"):
        bits = _CODE_BITS if kind.codec == "pq" else _FAST_SCAN_BITS
        index = faiss.IndexIVFPQ(quantizer, d, nlist, kind.m, bits, metric)
        index.by_residual = kind.codec == "pq"
        index.pq.cp.min_points_per_centroid = 1  # the warning on standard error is ours to give
        index.pq.cp.seed = seed + 1234
        return index
    quantizers = faiss.ScalarQuantizer
    types = {"fp16": quantizers.QT_fp16, "sq8": quantizers.QT_8bit, "sq4": quantizers.QT_4bit}
    return faiss.IndexIVFScalarQuantizer(quantizer, d, nlist, types[kind.codec], metric)
