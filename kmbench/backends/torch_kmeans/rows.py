"""The rows in blocks on the device, centred: kept there, or brought to it block by block in every pass."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.shards import Shards, rows_at

__all__ = ["DeviceRows", "host_tensor"]

STAGES = 2
"""Buffers that blocks go through in turns: one is filled while the device works on the other."""


def host_tensor(X: NDArray[np.float32]) -> Any:
    """Return a tensor over the memory of an array, which must not be written to."""
    import torch

    with warnings.catch_warnings():  # of arrays that are not writable: nothing here writes to them
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(X)


class DeviceRows:
    """Rows as blocks of a centred float32 matrix.

    Parameters
    ----------
    X : Tensor of float32, shape (n, d), or Shards
        On `device`; on the host, or in a file, where it is streamed.
    device : torch.device
    block_rows : int
        Most rows of a block.
    mean : Tensor of float32, shape (d,), on `device`, or None
        What centring takes off; None: the column means, computed here in float64.
    keep : bool
        Whether a centred copy of all rows is kept on the device. Otherwise each block is centred as it is used,
        and comes through pinned memory where the device is a GPU.
    """

    def __init__(self, X: Any, device: Any, block_rows: int, mean: Any = None, keep: bool = True) -> None:
        import torch

        self.n, self.d = X.shape
        self.device, self._X, self._block_rows = device, X, min(block_rows, max(1, self.n))
        self._stages: list[Any] = []
        self._copies_moved = device.type == "cuda" and (isinstance(X, Shards) or X.device.type == "cpu")
        if mean is None:
            total = torch.zeros(self.d, dtype=torch.float64, device=device)
            for _, _, block in self._raw_blocks():
                total += block.sum(0, dtype=torch.float64)
            mean = (total / self.n).float()
        self.mean = mean
        self._kept: Any = None
        if keep:
            kept = torch.empty((self.n, self.d), dtype=torch.float32, device=device)
            for start, stop, block in self._raw_blocks():
                torch.sub(block, mean, out=kept[start:stop])
            self._kept = kept

    def blocks(self) -> Iterator[tuple[int, int, Any]]:
        """Yield (first row, row after the last, centred rows of shape (m, d)); a block lives until the next."""
        if self._kept is not None:
            for start in range(0, self.n, self._block_rows):
                stop = min(start + self._block_rows, self.n)
                yield start, stop, self._kept[start:stop]
            return
        for start, stop, block in self._raw_blocks():
            yield start, stop, block.sub_(self.mean) if self._copies_moved else block - self.mean

    def take(self, rows: Any) -> Any:
        """Return some rows, centred, shape (len(rows), d)."""
        if self._kept is not None:
            return self._kept[rows]
        if isinstance(self._X, Shards):
            return host_tensor(rows_at(self._X, rows.cpu().numpy())).to(self.device) - self.mean
        return self._X[rows.to(self._X.device)].to(self.device) - self.mean

    def _raw_blocks(self) -> Iterator[tuple[int, int, Any]]:
        found = self._source_blocks()
        return self._through_pinned_memory(found) if self._copies_moved else found

    def _source_blocks(self) -> Iterator[tuple[int, int, Any]]:
        if isinstance(self._X, Shards):
            for start, block in self._X.blocks(self._block_rows):
                yield start, start + len(block), host_tensor(block)
            return
        for start in range(0, self.n, self._block_rows):
            stop = min(start + self._block_rows, self.n)
            yield start, stop, self._X[start:stop]

    def _through_pinned_memory(self, source: Iterator[tuple[int, int, Any]]) -> Iterator[tuple[int, int, Any]]:
        """Copy a block on a stream of its own while the device works on the one before.

        The host runs ahead of the device: it fills a pinned buffer as soon as that buffer's last copy has ended, and
        a copy starts as soon as the work on the block that it overwrites has ended.
        """
        import torch

        if not self._stages:
            shape = (self._block_rows, self.d)
            for _ in range(STAGES):
                pinned = torch.empty(shape, dtype=torch.float32, pin_memory=True)
                there = torch.empty(shape, dtype=torch.float32, device=self.device)
                self._stages.append((pinned, there, torch.cuda.Event(), torch.cuda.Event()))
            self._stream = torch.cuda.Stream(self.device)
        main = torch.cuda.current_stream(self.device)
        for number, (start, stop, block) in enumerate(source):
            pinned, there, copied, used = self._stages[number % STAGES]
            copied.synchronize()  # returns at once where it was never recorded
            pinned[: stop - start].copy_(block)
            with torch.cuda.stream(self._stream):
                self._stream.wait_event(used)
                there[: stop - start].copy_(pinned[: stop - start], non_blocking=True)
                copied.record(self._stream)
            main.wait_event(copied)
            yield start, stop, there[: stop - start]
            used.record(main)
