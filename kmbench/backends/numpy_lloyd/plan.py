"""How a case is computed: the path, the rows per call, the threads. Decided before any data is touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

__all__ = ["GROUP_BLOCKS", "Layout", "Path", "Plan", "Precision", "make_plan", "spans", "without_aliasing"]

Layout = Literal["dense", "k-major"]

Path = Literal["dense", "k-major", "pruned"]
Precision = Literal["float32", "float64"]

# Where k-major wins over dense: measured for k from 4 to 96 and d from 2 to 96, with 200 000 rows (2 million at
# d = 2). On one thread it is 8 to 2 times as fast at d = 2, 2.2 to 1.1 at d = 16, 1.3 to 1.0 at d = 32, 0.9 at
# d = 64, where its second product (the sums) costs as much as the first. It stays on one thread while dense uses
# all: with two it wins up to d = 16, so the bound on d shrinks with the threads. At k = 64 it wins at d = 2 only.
K_MAJOR_MAX_K = 48
K_MAJOR_MAX_D_THREADS = 32

# Scores of a chunk on the k-major path: 512 KiB in float32, so that they stay in a second-level cache of 1 MiB
# with the chunk's rows beside them, while a NumPy call (about 1 us of overhead) still does 10 us of work.
K_MAJOR_SCORES = 2**17

# Scores of a chunk on the dense path: the product's speed and that of argmin are flat from 2**17 to 2**20.
DENSE_SCORES = 2**19

# Up to how many clusters the dense path has a row of scores per cluster too, and finds the nearest by `minimum`, a
# comparison and a maximum of bytes, all along long rows. argmin over a row of 64 scores takes 37 ns, most of it for
# branches that the processor cannot foresee; this takes 13 ns, and the bytes hold no more than 255 indices.
BY_COLUMNS_MAX_K = 96
BY_COLUMNS_SCORES = 2**18

# Scores of a chunk where passes are pruned: a chunk takes some 25 calls, which have to be short beside its product.
PRUNED_SCORES = 2**20

# Rows whose sums are taken in single precision before they are added in double; small enough that 16 threads
# share 100 000 rows evenly, large enough that adding k x d partial sums costs little beside making them.
BLOCK_ROWS = 8192
MIN_BLOCKS = 16

# Blocks whose sums are added one after the other, before groups are added in pairs: shards end on whole groups.
GROUP_BLOCKS = 4

# Of X, read from its file at a time: large enough for the speed of a disk, small beside any memory.
PIECE_BYTES = 2**24

# Where bounds from leading directions are tried. Below 256 columns the thin product, bound by writing its scores, is
# hardly faster than the dense one: at d = 128 and k = 256 or 1024 it gained nothing. A trial takes as long as 5e8
# multiplications, and must not show beside a pass.
PRUNING_MIN_D = 256
PRUNING_MIN_WORK = 3e9

# Below this many multiplications per pass, starting threads costs more than they save (about 0.3 ms).
MIN_THREADED_WORK = 2e7


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a fit will do.

    Attributes
    ----------
    path : {"dense", "k-major"}
        Layout of the scores: a row per data row, or a row per cluster.
    pruning : {"never", "try", "always"}
        Whether dense passes over stored rows may be replaced by pruned ones: never, where a trial on a sample says
        that it pays, or in all passes but the first.
    by_columns : bool
        Whether the dense path finds the nearest centre with a row of scores per cluster.
    precision : {"float32", "float64"}
        Of the rows, the scores, and the partial sums. Centroids and total sums are float64 always.
    chunk_rows : int
        Rows per matrix product.
    block_rows : int
        Rows per unit of work of a thread, a multiple of `chunk_rows`.
    threads : int
        Threads that work on blocks; each calls a BLAS limited to one thread.
    """

    path: Layout
    pruning: Literal["never", "try", "always"] = "never"
    by_columns: bool = False
    precision: Precision
    chunk_rows: int
    block_rows: int
    threads: int

    @property
    def group_rows(self) -> int:
        """Rows of the blocks whose sums are added one after the other; shards end on multiples of it."""
        return GROUP_BLOCKS * self.block_rows

    def settings(self) -> dict[str, Any]:
        """Return what a record tells of how the scores are computed."""
        return {
            "path": self.path,
            "precision": self.precision,
            "chunk_rows": self.chunk_rows,
            "block_rows": self.block_rows,
        }

    def piece_rows(self, d: int) -> int:
        """Return how many rows of `d` columns are read at a time: whole blocks, enough for all threads."""
        blocks = max(4 * self.threads if self.threads > 1 else 1, PIECE_BYTES // (4 * d * self.block_rows))
        return blocks * self.block_rows


def make_plan(
    n: int,
    d: int,
    k: int,
    *,
    threads: int = 1,
    path: Path | Literal["auto"] = "auto",
    precision: Precision = "float32",
    chunk_rows: int | None = None,
) -> Plan:
    """Choose the path and the sizes for `n` rows of `d` columns and `k` clusters.

    Parameters
    ----------
    n, d, k : int
        Shape of the case.
    threads : int
        Threads it may use. The k-major path uses one: its calls last 10 to 30 us, and handing the
        interpreter's lock to and fro costs as much as a second thread gains.
    path : {"auto", "dense", "k-major", "pruned"}
        ``auto`` takes k-major up to k = 48 and d = 32, or d = 32 / threads, and tries the pruned path from d = 256
        where a pass is long.
    precision : {"float32", "float64"}
        See `Plan`.
    chunk_rows : int or None
        Rows per matrix product; None chooses.

    Returns
    -------
    Plan
    """
    pruning: Literal["never", "try", "always"] = "always" if path == "pruned" else "never"
    if path == "auto":
        narrow = k <= K_MAJOR_MAX_K and d * threads <= K_MAJOR_MAX_D_THREADS
        path = "k-major" if narrow else "dense"
        if d >= PRUNING_MIN_D and float(n) * k * d >= PRUNING_MIN_WORK:
            pruning = "try"
    if path == "k-major":
        chunk = chunk_rows or without_aliasing(min(max(K_MAJOR_SCORES // k, 1024), 16384), precision)
        return Plan(path=path, precision=precision, chunk_rows=chunk, block_rows=chunk, threads=1)
    by_columns = k <= BY_COLUMNS_MAX_K
    if by_columns:
        # A power of two, so that blocks, and with them shards, do not vary with every k.
        chunk = chunk_rows or min(max(1 << ((BY_COLUMNS_SCORES // k).bit_length() - 1), 1024), BLOCK_ROWS)
    else:
        scores = DENSE_SCORES if pruning == "never" else PRUNED_SCORES
        chunk = chunk_rows or min(max(scores // k, 256), 2048)
    block = min(BLOCK_ROWS, -(-n // MIN_BLOCKS))
    block = max(1, -(-block // chunk)) * chunk
    if n * k * (d + 8) < MIN_THREADED_WORK:
        threads = 1
    return Plan(
        path="dense",
        pruning=pruning,
        by_columns=by_columns,
        precision=precision,
        chunk_rows=chunk,
        block_rows=block,
        threads=threads,
    )


def without_aliasing(width: int, precision: Precision) -> int:
    """Return the width to give a row of a matrix so that its columns do not fight for one place in the cache.

    First-level caches have 64 sets of lines of 64 bytes: addresses 4096 bytes apart fall into the same set. A
    product that writes a tile of rows with a stride of 4096 or 6144 bytes (k = 1024, 1536) took 10 to 15 % longer
    than with one more line per row, with 8192 (k = 2048) 30 %.
    """
    bytes_each = np.dtype(precision).itemsize
    return width + 64 // bytes_each if width * bytes_each % 2048 == 0 else width


def spans(n: int, size: int) -> list[tuple[int, int]]:
    """Return ``(start, stop)`` pairs that cut ``range(n)`` into pieces of `size`, the last one shorter."""
    return [(start, min(start + size, n)) for start in range(0, n, size)]
