"""The nearest centre of each row of a block: one matrix product in the precision asked for, then an argmin."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from .build import set_tf32

__all__ = ["MatmulNearest", "Nearest", "TorchPrecision", "power_of_two", "rounded_to_tf32"]

TorchPrecision = Literal["float32", "tf32", "float16"]

TF32_DROPPED_BITS = 13
"""Of float32's 23 bits of fraction, those that TF32 leaves out."""


class Nearest(Protocol):
    """Finds nearest centres."""

    def set_centres(self, centres: Any, /) -> None:
        """Take the centres, a tensor of float64, shape (k, d), on the device."""

    def __call__(self, block: Any, /) -> Any:
        """Return the nearest centre of each row of a float32 block (m, d): int64, shape (m,)."""


class MatmulNearest:
    """Argmin of ``|c|^2 - 2 x.c``, which needs rows and centres near the origin: both are centred.

    Parameters
    ----------
    precision : {"float32", "tf32", "float16"}
        Of the product's operands; sums in it are float32 always. On the CPU, which has no TF32 and no fast half
        precision, the operands are rounded to it and multiplied in float32: the same arithmetic, at no gain.
    device : torch.device
    """

    def __init__(self, precision: TorchPrecision, device: Any) -> None:
        self._precision, self._device = precision, device
        self._native = device.type == "cuda"
        self._scores: Any = None

    def set_centres(self, centres: Any) -> None:
        """Keep ``-2 c`` and ``|c|^2``."""
        import torch

        if self._native:
            set_tf32(torch, self._precision == "tf32")
        if self._precision == "float16":
            self._scale = power_of_two(centres)
            centres = centres * self._scale
            weights = (-2 * centres).half()
            self._weights = weights.T if self._native else weights.float().T
        else:
            weights = (-2 * centres).float()
            if self._precision == "tf32" and not self._native:
                weights = rounded_to_tf32(weights)
            self._weights = weights.T
        self._squares = (centres * centres).sum(1).float()

    def __call__(self, block: Any) -> Any:
        """Return the nearest centre of each row."""
        import torch

        if self._precision == "float16":
            # Powers of two change no bit of a row and no order of its scores; they keep float16 from overflowing.
            scale = power_of_two(block)
            half, bias = (block * scale).half(), self._squares * (scale / self._scale)
            if self._native:
                product = torch.mm(half, self._weights, out_dtype=torch.float32)
                return product.add_(bias).argmin(1)
            return torch.addmm(bias, half.float(), self._weights).argmin(1)
        if self._precision == "tf32" and not self._native:
            block = rounded_to_tf32(block)
        rows, k = len(block), len(self._squares)
        if self._scores is None or self._scores.shape[0] < rows or self._scores.shape[1] != k:
            self._scores = torch.empty((rows, k), dtype=torch.float32, device=self._device)
        scores = self._scores[:rows]
        torch.addmm(self._squares, block, self._weights, out=scores)
        return scores.argmin(1)


def power_of_two(values: Any) -> Any:
    """Return the power of two that brings the largest absolute value to [1, 2); float32, no synchronisation."""
    import torch

    largest = values.abs().max().float().clamp(min=2.0**-100, max=2.0**100)
    return torch.exp2(-torch.floor(torch.log2(largest)))


def rounded_to_tf32(values: Any) -> Any:
    """Return float32 values rounded to TF32's 10 bits of fraction, to nearest, ties to even."""
    import torch

    bits = values.contiguous().view(torch.int32)
    last = (bits >> TF32_DROPPED_BITS) & 1
    half = (1 << (TF32_DROPPED_BITS - 1)) - 1
    return ((bits + half + last) & ~((1 << TF32_DROPPED_BITS) - 1)).view(torch.float32)
