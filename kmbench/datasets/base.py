"""What every source hands out: rows that are read in blocks, so that large data never sits in memory whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.parameters import Parameter, Value
from kmbench.errors import DataError
from kmbench.notes import Note

if TYPE_CHECKING:
    from kmbench.datasets.tables.parameters import Asked
    from kmbench.datasets.tables.table import Table

__all__ = [
    "Arguments",
    "ArrayRows",
    "BuiltIn",
    "FileFormat",
    "FloatMatrix",
    "Matrix",
    "Rows",
    "block_rows",
    "matrix_shape",
    "rechunk",
]

Arguments = Mapping[str, Value]
FloatMatrix = NDArray[np.float32]
Matrix = NDArray[Any]

_BLOCK_ELEMENTS = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltIn:
    """A source with a name of its own, such as ``digits`` or ``blobs``.

    Attributes
    ----------
    name, syntax, summary : str
        As shown by the command line's help.
    open : callable
        ``open(arguments)`` returns the `Rows`.
    parameters : tuple of Parameter
        What the SPEC may set.
    """

    name: str
    syntax: str
    summary: str
    open: Callable[[Arguments], Rows]
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """A kind of file, recognised by its suffix.

    Attributes
    ----------
    name, syntax, summary : str
        As shown by the command line's help.
    suffixes : tuple of str
        In lower case, with the dot; the first names the format in messages.
    open : callable
        ``open(path, arguments)`` returns the `Rows`; the path is an existing regular file that is not empty.
    parameters : tuple of Parameter
        What the SPEC may set beside the options that all sources have.
    table : callable or None
        ``table(path, arguments, asked)`` returns the file as a `kmbench.datasets.tables.table.Table` where it
        holds one, and None where it holds vectors. None: the format holds no tables.
    """

    name: str
    syntax: str
    summary: str
    suffixes: tuple[str, ...]
    open: Callable[[Path, Arguments], Rows]
    parameters: tuple[Parameter, ...] = ()
    table: Callable[[Path, Arguments, Asked], Table | None] | None = None


class Rows(ABC):
    """Rows of a matrix that can be walked block by block, as often as needed.

    Attributes
    ----------
    n, d : int
        Rows and columns.
    dtype : numpy.dtype
        Data type of the blocks.
    columns : tuple of str or None
        Names of the columns where the source has any, for messages.
    notes : tuple of Note
        What was decided when the source was opened or read; complete once all blocks were read.
    """

    notes: tuple[Note, ...] = ()

    def __init__(self, n: int, d: int, dtype: np.dtype[Any], columns: tuple[str, ...] | None = None) -> None:
        self.n = n
        self.d = d
        self.dtype = dtype
        self.columns = columns

    @property
    def source_dtype(self) -> str:
        """Name of the data type in the source, without byte order."""
        return self.dtype.name

    @abstractmethod
    def blocks(self, rows: int) -> Iterator[Matrix]:
        """Yield all rows in order, `rows` at a time; only the last block may be shorter.

        Parameters
        ----------
        rows : int
            At least 1.

        Yields
        ------
        ndarray, shape (rows, d)
            May be read-only, in any memory order and byte order.
        """


class ArrayRows(Rows):
    """Rows of an array in memory or of a memory-mapped file."""

    def __init__(self, array: Matrix) -> None:
        super().__init__(array.shape[0], array.shape[1], array.dtype)
        self._array = array

    def blocks(self, rows: int) -> Iterator[Matrix]:
        """Yield views of `rows` rows each."""
        for start in range(0, self.n, rows):
            yield self._array[start : start + rows]


def block_rows(d: int) -> int:
    """Return how many rows of `d` columns make a block of about a million values.

    It depends on `d` alone: sums that are taken block by block come out the same for every source.
    """
    return max(1, _BLOCK_ELEMENTS // d)


def rechunk(pieces: Iterable[Matrix], rows: int) -> Iterator[Matrix]:
    """Cut and join pieces of any length into blocks of `rows` rows; the last block may be shorter."""
    waiting: list[Matrix] = []
    held = 0
    for piece in pieces:
        rest = piece
        while held + len(rest) >= rows:
            waiting.append(rest[: rows - held])
            rest = rest[rows - held :]
            yield waiting[0] if len(waiting) == 1 else np.concatenate(waiting)
            waiting, held = [], 0
        if len(rest):
            waiting.append(rest)
            held += len(rest)
    if waiting:
        yield np.concatenate(waiting)


def matrix_shape(shape: tuple[int, ...], where: str) -> tuple[int, int]:
    """Return ``(n, d)`` of a stored array, which must have two axes.

    Raises
    ------
    DataError
        For any other number of axes, with the reshape that mends it.
    """
    if len(shape) == 2:
        return shape[0], shape[1]
    hint = "X.reshape(-1, 1)" if len(shape) < 2 else "X.reshape(len(X), -1)"
    raise DataError(
        f"{where} holds an array of shape {shape}, but kmbench clusters the rows of (n, d)", f"save {hint}"
    )
