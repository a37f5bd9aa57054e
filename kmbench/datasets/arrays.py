"""NumPy's own files: ``.npy``, memory-mapped, and ``.npz``. Nothing in them is ever unpickled."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from kmbench.datasets.base import Arguments, ArrayRows, FileFormat, Matrix, Rows, matrix_shape
from kmbench.datasets.embeddings.sparse import is_sparse, open_sparse
from kmbench.datasets.parameters import Parameter
from kmbench.errors import DataError

__all__ = ["NPY", "NPZ"]

# A header of .npy is a Python literal: a damaged one fails in the tokenizer, the parser, or the data type.
_UNREADABLE = (
    EOFError,
    KeyError,
    MemoryError,
    OverflowError,
    SyntaxError,
    TypeError,
    ValueError,
    tokenize.TokenError,
)


def _open_npy(path: Path, arguments: Arguments) -> Rows:
    with path.open("rb") as file:
        if file.read(6) != b"\x93NUMPY":
            raise DataError(f"{path} is not a .npy file: it does not begin like one", "write it with numpy.save")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except _UNREADABLE as error:
        raise _torn(path, str(path), error) from None
    return _matrix(array, str(path))


def _open_npz(path: Path, arguments: Arguments) -> Rows:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is not an .npz file, or is cut short", "write it with numpy.savez")
    key = arguments["key"]
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            names = list(file.files)
            if key is None and is_sparse(names):
                return open_sparse(path)
            if key is None and len(names) == 1:
                key = names[0]
            if not isinstance(key, str) or key not in names:
                raise _which(path, key, names)
            streamed = _streamed(path, key)
            if streamed is not None:
                return streamed
            array = file[key]
    except (*_UNREADABLE, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise _torn(path, f"{path}: {key}", error) from None
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path}: {key} is not an array", "write it with numpy.savez")
    return _matrix(array, f"{path}: {key}")


class NpzRows(Rows):
    """Rows of one member of an archive, unpacked as they are walked.

    Parameters
    ----------
    path : Path
        The archive.
    member : str
        Name of the ``.npy`` file in it: an array in C order.
    """

    def __init__(self, path: Path, member: str, shape: tuple[int, int], dtype: np.dtype[Any]) -> None:
        super().__init__(*shape, dtype)
        self._path, self._member = path, member

    def blocks(self, rows: int) -> Iterator[Matrix]:
        """Yield blocks of `rows` rows each, unpacking the member from its beginning."""
        size = self.d * self.dtype.itemsize
        try:
            with zipfile.ZipFile(self._path) as archive, archive.open(self._member) as file:
                _read_header(file)
                for first in range(0, self.n, rows):
                    count = min(rows, self.n - first)
                    content = file.read(count * size)
                    if len(content) < count * size:
                        raise EOFError(f"it ends in row {first + len(content) // size} of {self.n}")
                    yield np.frombuffer(content, self.dtype).reshape(count, self.d)
        except (EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise _torn(self._path, f"{self._path}: {self._member.removesuffix('.npy')}", error) from None


def _streamed(path: Path, key: str) -> NpzRows | None:
    """Return the rows of a member that can be read one after another; None where it has to be loaded whole."""
    with zipfile.ZipFile(path) as archive:
        member = next((name for name in (f"{key}.npy", key) if name in archive.namelist()), None)
        if member is None:
            return None
        with archive.open(member) as file:
            header = _read_header(file)
    if header is None:
        return None
    shape, in_columns, dtype = header
    plain = dtype.kind in "biuf" and not dtype.hasobject
    if in_columns or not plain or len(shape) != 2 or 0 in shape:
        return None
    return NpzRows(path, member, (shape[0], shape[1]), dtype)


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]] | None:
    """Return shape, whether columns come first, and type; None for a version of the format that is not streamed."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    return None


def _matrix(array: Matrix, where: str) -> Rows:
    matrix_shape(array.shape, where)
    return ArrayRows(array)


def _which(path: Path, key: object, names: list[str]) -> DataError:
    listed = ", ".join(names) or "none"
    if key is None:
        return DataError(f"{path} holds {len(names)} arrays: {listed}", "choose one with :key=NAME")
    return DataError(f"{path} has no array {key}", f"it holds: {listed}")


def _torn(path: Path, where: str, error: BaseException) -> DataError:
    if "bject" in str(error):
        return DataError(f"{where} holds Python objects, which are never unpickled", "save it as float32")
    return DataError(f"{where} is damaged or cut short: {error}", f"write {path.name} again with numpy.save")


NPY = FileFormat(
    name="npy",
    syntax="FILE.npy",
    summary="an array of shape (n, d), memory-mapped",
    suffixes=(".npy",),
    open=_open_npy,
)

NPZ = FileFormat(
    name="npz",
    syntax="FILE.npz[:key=NAME]",
    summary="one array of an archive; key= is needed if it holds several",
    suffixes=(".npz",),
    open=_open_npz,
    parameters=(Parameter(name="key", kind="text"),),
)
