"""Data drawn at random: Gaussian blobs, the uniform cube, and vectors like those of an embedding model.

Rows are generated in pieces whose size depends on d alone, each from a generator of its own: what comes out
does not depend on how it is read, and the first rows of a larger set (with the same centers) are the smaller
set. Only correctly rounded arithmetic is used beside NumPy's generators: no BLAS, whose last bits depend on
the machine and the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from kmbench.datasets.base import Arguments, BuiltIn, FloatMatrix, Matrix, Rows, block_rows, rechunk
from kmbench.datasets.parameters import Parameter

__all__ = ["BLOBS", "EMBEDDINGS", "UNIFORM"]

_TABLES, _PIECES = 1, 2
"""Which stream of the seed: what all rows share, or the rows of a piece."""

_LATENTS_PER_COLUMN = 4


class _GeneratedRows(Rows):
    """Rows of `make(generator, rows, full)`: the first `rows` of a piece that would hold `full` rows."""

    def __init__(self, n: int, d: int, seed: int, make: Callable[[np.random.Generator, int, int], FloatMatrix]):
        super().__init__(n, d, np.dtype(np.float32))
        self._seed = seed
        self._make = make

    def blocks(self, rows: int) -> Iterator[Matrix]:
        return rechunk(self._pieces(), rows)

    def _pieces(self) -> Iterator[FloatMatrix]:
        full = block_rows(self.d)
        for piece, start in enumerate(range(0, self.n, full)):
            generator = np.random.default_rng([self._seed, _PIECES, piece])
            yield self._make(generator, min(full, self.n - start), full)


def _open_uniform(arguments: Arguments) -> Rows:
    n, d, seed = (_integer(arguments, name) for name in ("n", "d", "seed"))

    def make(generator: np.random.Generator, rows: int, full: int) -> FloatMatrix:
        x: FloatMatrix = generator.random((rows, d), dtype=np.float32)
        return x

    return _GeneratedRows(n, d, seed, make)


def _open_blobs(arguments: Arguments) -> Rows:
    n, d, count, seed = (_integer(arguments, name) for name in ("n", "d", "centers", "seed"))
    centers = _centers(np.random.default_rng([seed, _TABLES]), count, d, _number(arguments, "separation"))
    offset = np.float32(_number(arguments, "offset"))

    def make(generator: np.random.Generator, rows: int, full: int) -> FloatMatrix:
        x = _around(centers, generator, rows, full)
        x += offset
        return x

    return _GeneratedRows(n, d, seed, make)


def _open_embeddings(arguments: Arguments) -> Rows:
    n, d, rank, count, seed = (_integer(arguments, name) for name in ("n", "d", "rank", "centers", "seed"))
    noise = np.float32(_number(arguments, "noise"))
    generator = np.random.default_rng([seed, _TABLES])
    centers = _centers(generator, count, rank, _number(arguments, "separation"))
    # Each column mixes a few latents: a dense map would be a matrix product, whose bits are the machine's.
    latents = generator.integers(0, rank, size=(_LATENTS_PER_COLUMN, d))
    weights = generator.standard_normal((_LATENTS_PER_COLUMN, d), dtype=np.float32)
    weights *= np.float32(1 / np.sqrt(_LATENTS_PER_COLUMN))

    def make(generator: np.random.Generator, rows: int, full: int) -> FloatMatrix:
        apart = generator.spawn(1)[0]  # so that the noise does not depend on how many rows come before it
        z = _around(centers, generator, rows, full)
        x = np.zeros((rows, d), dtype=np.float32)
        for chosen, weight in zip(latents, weights, strict=True):
            x += z[:, chosen] * weight
        x /= 1 + np.abs(x)
        x += noise * apart.standard_normal((rows, d), dtype=np.float32)
        norms = np.sqrt(np.square(x, dtype=np.float64).sum(axis=1, keepdims=True))
        norms[norms == 0.0] = 1.0
        x /= norms.astype(np.float32)
        return x

    return _GeneratedRows(n, d, seed, make)


def _centers(generator: np.random.Generator, count: int, d: int, separation: float) -> FloatMatrix:
    """Draw cluster centres; two of them are `separation` apart, as a root mean square, at any d."""
    centers = generator.standard_normal((count, d), dtype=np.float32)
    centers *= np.float32(separation / np.sqrt(2 * d))
    return centers


def _around(centers: FloatMatrix, generator: np.random.Generator, rows: int, full: int) -> FloatMatrix:
    """Draw rows with standard deviation 1 around centres that are chosen at random."""
    labels = generator.integers(0, len(centers), size=full)[:rows]
    x = generator.standard_normal((rows, centers.shape[1]), dtype=np.float32)
    x += centers[labels]
    return x


def _integer(arguments: Arguments, name: str) -> int:
    value = arguments[name]
    assert isinstance(value, int)
    return value


def _number(arguments: Arguments, name: str) -> float:
    value = arguments[name]
    assert isinstance(value, int | float)
    return float(value)


_N = Parameter(name="n", kind="integer", default=100_000, low=1, high=10**10)
_D = Parameter(name="d", kind="integer", default=64, low=1, high=2**16)
_SEED = Parameter(name="seed", kind="integer", default=0, low=0, high=2**63 - 1)
_CENTERS = Parameter(name="centers", kind="integer", default=256, low=1, high=2**24, at_most="n")
_SEPARATION = Parameter(name="separation", kind="number", default=4.0, low=0, high=10**6)
_OFFSET = Parameter(name="offset", kind="number", default=0.0, low=-(10**6), high=10**6)

BLOBS = BuiltIn(
    name="blobs",
    syntax="blobs:n=100000,d=64,centers=256,seed=0,separation=4,offset=0",
    summary="Gaussian clusters of standard deviation 1 that overlap a little, and more with a lower separation; "
    "offset is added to every column, and kept with raw",
    open=_open_blobs,
    parameters=(_N, _D, _CENTERS, _SEED, _SEPARATION, _OFFSET),
)

UNIFORM = BuiltIn(
    name="uniform",
    syntax="uniform:n=100000,d=64,seed=0",
    summary="uniform in the unit cube: no clusters at all",
    open=_open_uniform,
    parameters=(_N, _D, _SEED),
)

EMBEDDINGS = BuiltIn(
    name="embeddings",
    syntax="embeddings:n=100000,d=256,rank=16,seed=0,centers=256,separation=4,noise=0.05",
    summary="unit vectors near a clustered manifold of dimension rank, like those of embedding models",
    open=_open_embeddings,
    parameters=(
        _N,
        Parameter(name="d", kind="integer", default=256, low=1, high=2**16),
        Parameter(name="rank", kind="integer", default=16, low=1, high=2**16, at_most="d"),
        _SEED,
        _CENTERS,
        _SEPARATION,
        Parameter(name="noise", kind="number", default=0.05, low=0, high=10),
    ),
)
