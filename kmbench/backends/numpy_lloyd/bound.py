"""A lower bound on every score from a thin product, safe in floating point.

Let Q have q nearly orthonormal columns, ``h = Q'x`` be the *head* of a row x and ``g = Q'c`` that of a centre c, and
call ``x - Qh`` and ``c - Qg`` their *tails*. By Cauchy and Schwarz

    |c|^2 - 2 x.c  >=  |c|^2 - 2 h.g - 2 |x - Qh| |c - Qg|

up to the error of Q. With ``(h, |x - Qh|, 1)`` as a row and ``(-2g, -2|c - Qg|, |c|^2)`` as a column, one product of
inner size q + 2 gives the bound for all pairs; four times the product of the two tails above it lies an upper bound.
Ding and He, "K-means clustering via principal component analysis" (ICML 2004), show that centroids lie near the space
of the leading principal components, which is why their tails are short; the bound is valid for any Q.

Rounding
--------
All bounds hold for the numbers as they are stored, and for any order of summation. With the unit roundoff u and
``gamma(m) = m u / (1 - m u)``, a computed inner product of length m differs from the true one by at most gamma(m)
times the product of the norms (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, 2002, section
3.1).

- ``eta = |Q'Q - I|`` is computed in float64 from Q as it is stored. The computed head h of a row is off by
  ``|Q'x - h| <= omega |x|`` with ``omega = sqrt(q (1 + eta)) gamma(d)``; that of a centre, made in float64 and
  rounded once, by at most u |c| (1 + eta).
- Write x = Qh + y and c = Qg + z, exactly, with the computed h and g. Then
  ``x.c = h.g + h'(Q'Q - I)g + h'Q'z + g'Q'y + y.z``, where ``|Q'y| <= (omega + eta) |x|`` and
  ``|Q'z| <= (u + eta) |c|`` to first order, so that the terms beside h.g and y.z are at most
  ``(3 eta + u + omega) |x| |c|``, and 1.1 times that covers the terms of higher order.
- ``|y|^2 = |x|^2 - |h|^2 - 2h.(Q'x - h) + h'(Q'Q - I)h``: the stored tail of a row is the root of the computed
  difference plus ``1.1 (gamma(d) + gamma(q) + 2 omega + eta + 4u) |x|^2``. That of a centre comes from float64.
- The thin product adds at most ``gamma(q + 8) (5 |x| |c| + 2 |c|^2)``, the rounding of what it is compared with
  included.

A score that is computed in full from d columns is off by at most ``gamma(d + 4) (2 |x| |c| + |c|^2)``. `Head.margins`
adds all of this up for each row, with the greatest |c|, and a small number against underflow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .plan import Plan, spans
from .rows import Floats, RowBlocks
from .workers import Each

__all__ = ["Basis", "Head", "HeadWeights", "RowHeads", "leading_directions", "row_heads"]

POWER_STEPS = 2

# How near norms may come to the root of the greatest number, so that no score is infinite.
LARGEST_SHARE = 2.0**-10


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """The directions of the heads, and how far they are from orthonormal.

    Attributes
    ----------
    directions : ndarray of float32 or float64, shape (d, q)
        Q, in the precision of the rows.
    eta : float
        An upper bound on the norm of ``Q'Q - I``.
    """

    directions: Floats
    eta: float

    @classmethod
    def of(cls, directions: Floats) -> Basis:
        """Measure directions that are as orthonormal as their precision allows."""
        wide = directions.astype(np.float64)
        gram = wide.T @ wide
        # The Frobenius norm bounds the spectral one; the second term is the rounding of the product itself.
        rounding = len(wide) * float(np.finfo(np.float64).eps) * directions.shape[1]
        return cls(directions, float(np.linalg.norm(gram - np.eye(len(gram)))) + rounding)

    @property
    def size(self) -> int:
        """q, the number of directions."""
        return int(self.directions.shape[1])

    @property
    def roundoff(self) -> float:
        """u, of the precision of the rows."""
        return float(np.finfo(self.directions.dtype).eps) / 2

    def gamma(self, length: int) -> float:
        """Return the relative error of an inner product of this length, at most."""
        return length * self.roundoff / (1 - length * self.roundoff)

    @property
    def omega(self) -> float:
        """The error of a row's head, as a share of the row's norm."""
        d, q = self.directions.shape
        return float(np.sqrt(q * (1 + self.eta))) * self.gamma(d)


@dataclass(frozen=True, slots=True, eq=False)
class RowHeads:
    """What the bound needs of the rows.

    Attributes
    ----------
    rows : ndarray, shape (n, q + 2)
        Head, norm of the tail, and 1.
    norms : ndarray, shape (n,)
        Of the whole rows, rounded up.
    """

    rows: Floats
    norms: Floats


@dataclass(frozen=True, slots=True, eq=False)
class HeadWeights:
    """What the bound needs of the centres, for one pass.

    Attributes
    ----------
    weights : ndarray, shape (k, q + 2)
        ``(-2g, -2|tail|, |c|^2)``.
    tails : ndarray, shape (k,)
        Norms of the tails, rounded up.
    largest : float
        The greatest norm of a centre.
    """

    weights: Floats
    tails: Floats
    largest: float


def leading_directions(centres: NDArray[np.float64], q: int) -> NDArray[np.float32]:
    """Return q orthonormal directions that hold most of the centres, the leading ones first, float32 of shape (d, q).

    Subspace iteration in single precision from a fixed start: a full decomposition takes 10 times as long, and any
    directions make a valid bound.
    """
    single = centres.astype(np.float32)
    found = single.T @ np.random.default_rng(0).standard_normal((len(single), q), dtype=np.float32)
    for _ in range(POWER_STEPS):
        found, _ = np.linalg.qr(found)
        found = single.T @ (single @ found)
    found, _ = np.linalg.qr(found)
    heads = single @ found
    _, rotation = np.linalg.eigh(heads.T @ heads)
    directions: NDArray[np.float32] = found @ rotation[:, ::-1]
    return directions


class Head:
    """The bound for rows and centres in one basis.

    Parameters
    ----------
    basis : Basis
    """

    def __init__(self, basis: Basis) -> None:
        self.basis = basis
        wide = basis.directions.astype(np.float64)
        self._wide = wide
        self._gram = wide.T @ wide

    def of_rows(self, block: Floats, out: Floats, norms: Floats) -> None:
        """Write the heads of augmented rows, (m, d + 1), to `out`, (m, q + 2), and their norms to `norms`, (m,)."""
        basis, q, d = self.basis, self.basis.size, block.shape[1] - 1
        rows, heads = block[:, :d], out[:, :q]
        np.matmul(rows, basis.directions, out=heads)
        squares = np.einsum("ij,ij->i", rows, rows)
        rest = np.maximum(squares - np.einsum("ij,ij->i", heads, heads), 0)
        error = basis.gamma(d) + basis.gamma(q) + 2 * basis.omega + basis.eta + 4 * basis.roundoff
        rest += squares * rest.dtype.type(1.1 * error)
        out[:, q] = np.sqrt(rest) * rest.dtype.type(1 + 4 * basis.roundoff)
        out[:, q + 1] = 1
        norms[:] = np.sqrt(squares) * rest.dtype.type(1 + basis.gamma(d + 4))

    def of_centres(self, centres: NDArray[np.float64]) -> HeadWeights:
        """Return what the bound needs of the centres, (k, d)."""
        basis, q = self.basis, self.basis.size
        dtype = basis.directions.dtype
        projections = centres @ self._wide
        heads = projections.astype(dtype)
        wide = heads.astype(np.float64)
        squares = np.einsum("ij,ij->i", centres, centres)
        rest = squares - 2 * np.einsum("ij,ij->i", wide, projections)
        rest += np.einsum("ij,ij->i", wide @ self._gram, wide)
        # The three terms cancel; each has a rounding error of float64 that grows with d at most.
        rest = np.maximum(rest, 0) + 8 * centres.shape[1] * float(np.finfo(np.float64).eps) * squares
        tails = (np.sqrt(rest) * (1 + 4 * basis.roundoff)).astype(dtype)
        weights = np.empty((len(centres), q + 2), dtype=dtype)
        np.multiply(heads, -2, out=weights[:, :q])
        np.multiply(tails, -2, out=weights[:, q])
        weights[:, q + 1] = squares
        return HeadWeights(weights, tails, float(np.sqrt(squares.max())))

    def margins(self, norms: Floats, largest: float) -> Floats:
        """Return by how much bounds must be apart to prove scores apart, for rows of these norms, (m,)."""
        basis, d = self.basis, len(self._wide)
        thin, full = basis.gamma(basis.size + 8), basis.gamma(d + 4)
        of_products = 2.1 * (2.2 * (3 * basis.eta + basis.roundoff + basis.omega) + 5 * thin) + 2 * full
        of_squares = 2.1 * 2 * thin + full
        margins = norms * norms.dtype.type(of_products * largest)
        margins += norms.dtype.type(of_squares * largest**2 + _underflow(norms, d))
        return margins

    def errors_of_scores(self, norms: Floats, largest: float) -> Floats:
        """Return by how much two scores that are computed in full must differ to prove which is less, (m,)."""
        d = len(self._wide)
        full = 2.1 * self.basis.gamma(d + 4)
        errors = norms * norms.dtype.type(2 * full * largest)
        errors += norms.dtype.type(full * largest**2 + _underflow(norms, d))
        return errors

    def fits(self, norms: Floats, largest: float) -> bool:
        """Say whether all scores are finite numbers in the precision of the rows."""
        limit = math.sqrt(float(np.finfo(norms.dtype).max)) * LARGEST_SHARE
        return float(norms.max()) + largest < limit


def row_heads(head: Head, rows: RowBlocks, n: int, plan: Plan, each: Each) -> RowHeads:
    """Return the heads of n augmented rows, made block by block on the threads of `each`."""
    dtype = head.basis.directions.dtype
    out = RowHeads(np.empty((n, head.basis.size + 2), dtype=dtype), np.empty(n, dtype=dtype))

    def fill(span: tuple[int, int]) -> None:
        here = slice(*span)
        head.of_rows(rows(*span), out.rows[here], out.norms[here])

    for _ in each(fill, spans(n, plan.block_rows)):
        pass
    return out


def _underflow(like: Floats, d: int) -> float:
    """Return what products and sums of this many columns lose at most where they are too small to be held."""
    return 8 * (d + 8) * float(np.finfo(like.dtype).tiny)
