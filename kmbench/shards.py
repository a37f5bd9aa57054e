"""Rows of X that stay in their file and are read into buffers, so that memory does not grow with X.

Not a memory map: mapped pages count against every limit of resident memory, and random rows of a map have the system
read ahead around each of them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import CaseError, DataError

__all__ = [
    "FloatMatrix",
    "RowReader",
    "Shards",
    "StoredFile",
    "TemporaryFolder",
    "in_memory",
    "new_labels",
    "pieces_of",
    "rows_at",
]

FloatMatrix = NDArray[np.float32]

GATHER_BYTES = 2**22
"""Size of the blocks from which single rows are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shards:
    """Consecutive rows of a float32 file in C order: all of X, or a part of it that another process reads.

    Attributes
    ----------
    path : str
        The file.
    offset : int
        Bytes before the first row.
    n, d : int
        Rows and columns.
    """

    path: str
    offset: int
    n: int
    d: int

    @classmethod
    def of(cls, path: str | Path) -> Shards:
        """Return all rows of a ``.npy`` file.

        Raises
        ------
        DataError
            If it cannot be read, or is no C-contiguous float32 matrix.
        """
        try:
            with Path(path).open("rb") as file:
                version = np.lib.format.read_magic(file)
                read = (
                    np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                )
                shape, fortran, dtype = read(file)
                offset = file.tell()
        except (OSError, ValueError) as error:
            raise DataError(f"{path} cannot be read: {error}", "give a .npy file") from None
        if len(shape) != 2 or fortran or dtype != np.float32:
            order = "Fortran" if fortran else "C"
            raise DataError(
                f"{path} holds {dtype} of shape {shape} in {order} order", "save a float32 matrix in C order"
            )
        return cls(path=str(path), offset=offset, n=shape[0], d=shape[1])

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, as an array has them."""
        return self.n, self.d

    @property
    def nbytes(self) -> int:
        """Bytes of the rows."""
        return 4 * self.n * self.d

    def __len__(self) -> int:
        return self.n

    def part(self, start: int, stop: int) -> Shards:
        """Return the rows from `start` up to `stop`."""
        return Shards(path=self.path, offset=self.offset + 4 * self.d * start, n=stop - start, d=self.d)

    def slices(self, count: int, multiple: int) -> list[Shards]:
        """Cut the rows into parts of nearly equal length that end on multiples of so many rows.

        Parameters
        ----------
        count : int
            Number of parts.
        multiple : int
            Rows; only the last part may end elsewhere.

        Returns
        -------
        list of Shards
            In the order of the rows.

        Raises
        ------
        CaseError
            If there are fewer multiples than parts.
        """
        units = -(-self.n // multiple)
        if not 1 <= count <= units:
            raise CaseError(
                f"{count} shards of {self.n} rows, which can be cut after each {multiple}", f"use 1 to {units}"
            )
        ends = [min(self.n, units * number // count * multiple) for number in range(count + 1)]
        return [self.part(start, stop) for start, stop in pairwise(ends)]

    def blocks(self, rows: int) -> Iterator[tuple[int, FloatMatrix]]:
        """Yield all rows in order, `rows` at a time, while a thread reads the next block.

        Yields
        ------
        start : int
            Number of the block's first row.
        block : ndarray of float32, shape (rows, d), C order
            One of two buffers, overwritten when the block after the next is read. The last block may be shorter.

        Raises
        ------
        DataError
            If the file cannot be read or ends early.
        """
        return self._blocks(range(0, self.n, rows), rows)

    def gather(self, indices: NDArray[np.integer[Any]], rows: int) -> Iterator[FloatMatrix]:
        """Yield the rows at increasing indices, `rows` at a time, in one reading from front to back.

        Blocks of the file without such a row are not read.
        """
        step = max(1, GATHER_BYTES // (4 * self.d))
        starts = np.unique(indices // step) * step
        waiting = np.empty((min(rows, len(indices)), self.d), dtype=np.float32)
        held = 0
        for start, block in self._blocks([int(start) for start in starts], step):
            first, last = np.searchsorted(indices, [start, start + len(block)])
            while first < last:
                fits = min(last - first, len(waiting) - held)
                waiting[held : held + fits] = block[indices[first : first + fits] - start]
                first, held = first + fits, held + fits
                if held == len(waiting):
                    yield waiting.copy()
                    held = 0
        if held:
            yield waiting[:held].copy()

    def take(self, indices: NDArray[np.integer[Any]]) -> FloatMatrix:
        """Return the rows at increasing indices."""
        found = list(self.gather(indices, max(1, len(indices))))
        return found[0] if found else np.empty((0, self.d), dtype=np.float32)

    def _blocks(self, starts: Sequence[int], rows: int) -> Iterator[tuple[int, FloatMatrix]]:
        if not starts:
            return
        buffers = [np.empty((min(rows, self.n), self.d), dtype=np.float32) for _ in starts[:2]]
        file = self._open()
        try:
            with ThreadPoolExecutor(1, thread_name_prefix="shards") as reader:
                ahead = reader.submit(self._read, file, starts[0], buffers[0])
                for number, start in enumerate(starts):
                    block = ahead.result()
                    if number + 1 < len(starts):
                        ahead = reader.submit(self._read, file, starts[number + 1], buffers[(number + 1) % 2])
                    yield start, block
        finally:
            os.close(file)

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDONLY)
        except OSError as error:
            raise DataError(
                f"{self.path} cannot be read: {error.strerror}", "the file must exist until the run ends"
            ) from None

    def _read(self, file: int, start: int, buffer: FloatMatrix) -> FloatMatrix:
        block = buffer[: self.n - start]
        room = block.data.cast("B")
        at = self.offset + 4 * self.d * start
        while room:
            try:
                count = os.preadv(file, [room], at)
            except OSError as error:
                raise DataError(f"{self.path} cannot be read: {error.strerror}", "copy it again") from None
            if count == 0:
                raise DataError(f"{self.path} ends before row {start + len(block)}", "it changed while it was read")
            room, at = room[count:], at + count
        return block


class RowReader:
    """Rows of a file, read by the thread that asks, into a buffer of its own.

    Use it as a context, which closes the file.

    Parameters
    ----------
    shards : Shards

    Raises
    ------
    DataError
        If the file cannot be opened, and by `read` if it ends early.
    """

    def __init__(self, shards: Shards) -> None:
        self._shards = shards
        self._file = shards._open()

    def __enter__(self) -> RowReader:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._file)

    def read(self, start: int, stop: int, buffer: FloatMatrix) -> FloatMatrix:
        """Return the rows from `start` up to `stop`, at the beginning of `buffer`."""
        return self._shards._read(self._file, start, buffer[: stop - start])

    def will_read(self, start: int, stop: int) -> None:
        """Let the system fetch rows that are needed soon, where it takes such advice."""
        stop = min(stop, self._shards.n)
        if start < stop and hasattr(os, "posix_fadvise"):
            row_bytes = 4 * self._shards.d
            at, size = self._shards.offset + start * row_bytes, (stop - start) * row_bytes
            os.posix_fadvise(self._file, at, size, os.POSIX_FADV_WILLNEED)


class TemporaryFolder:
    """A folder that is removed by `cleanup`, or with its owner, or when the process ends.

    Parameters
    ----------
    what : str
        A word for its name.
    place : str or None
        Where it is made; None: in the system's temporary folder.
    """

    def __init__(self, what: str, place: str | None = None) -> None:
        self.name = tempfile.mkdtemp(prefix=f"kmbench-{what}-", dir=place)
        self.cleanup = weakref.finalize(self, shutil.rmtree, self.name, ignore_errors=True)


class StoredFile:
    """A few rows in a temporary file, for engines that read files; removed by `close`."""

    def __init__(self, rows: FloatMatrix) -> None:
        self._folder = TemporaryFolder("rows")
        path = Path(self._folder.name, "rows.npy")
        np.save(path, np.ascontiguousarray(rows, dtype=np.float32))
        self.shards = Shards.of(path)

    def close(self) -> None:
        """Remove the file."""
        self._folder.cleanup()


def pieces_of(X: FloatMatrix | Shards, rows: int) -> Iterator[tuple[int, FloatMatrix]]:
    """Yield X whole where it is an array, in blocks of `rows` rows where it is a file, with the first row of each."""
    if isinstance(X, Shards):
        yield from X.blocks(rows)
    else:
        yield 0, X


def rows_at(X: FloatMatrix | Shards, indices: NDArray[np.integer[Any]]) -> FloatMatrix:
    """Return rows of X in the order of their indices; those of a file are read from front to back."""
    if not isinstance(X, Shards):
        rows: FloatMatrix = X[indices]
        return rows
    order = np.argsort(indices, kind="stable")
    found = np.empty((len(indices), X.d), dtype=np.float32)
    unique, inverse = np.unique(indices[order], return_inverse=True)
    found[order] = X.take(unique)[inverse]
    return found


def in_memory(X: FloatMatrix | Shards) -> FloatMatrix:
    """Return X as an array; that of a file is read."""
    if not isinstance(X, Shards):
        return X
    rows = np.empty(X.shape, dtype=np.float32)
    for start, block in X.blocks(max(1, GATHER_BYTES // (4 * X.d))):
        rows[start : start + len(block)] = block
    return rows


def new_labels(X: FloatMatrix | Shards) -> NDArray[np.int32]:
    """Return room for a label per row of X: in memory, or beside the rows in a file that has no name."""
    if not isinstance(X, Shards):
        return np.empty(len(X), dtype=np.int32)
    folder = Path(X.path).parent
    place = folder if os.access(folder, os.W_OK) else None
    with tempfile.TemporaryFile(dir=place) as file:
        try:
            os.posix_fallocate(file.fileno(), 0, 4 * X.n)  # a full disk would end the process at a write to the map
        except OSError as error:
            raise DataError(
                f"the labels of {X.n} rows do not fit on disk: {error.strerror}", "free some space"
            ) from None
        return np.memmap(file, dtype=np.int32, mode="r+", shape=(X.n,))
