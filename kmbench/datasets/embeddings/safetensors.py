"""Tensors of a model: ``.safetensors`` is 8 bytes of length, a JSON header and raw values; nothing in it is executed.

The format: https://github.com/huggingface/safetensors#format. The package of that name is not used: through NumPy it
refuses bfloat16, in which most weights are stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.base import Arguments, ArrayRows, FileFormat, Matrix, Rows, matrix_shape
from kmbench.datasets.parameters import Parameter
from kmbench.errors import DataError
from kmbench.notes import Note, note

__all__ = ["SAFETENSORS"]

_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "BOOL": "?",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1",
}  # fmt: skip
_LARGEST_HEADER = 100_000_000
"""Bytes, as the format's own reader has it."""
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class _Tensor:
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


class BFloat16Rows(Rows):
    """Rows in bfloat16: each value is the upper half of a float32, which it becomes exactly."""

    def __init__(self, halves: NDArray[np.uint16]) -> None:
        super().__init__(halves.shape[0], halves.shape[1], np.dtype(np.float32))
        self._halves = halves

    @property
    def source_dtype(self) -> str:
        """Name of the data type in the file."""
        return "bfloat16"

    def blocks(self, rows: int) -> Iterator[Matrix]:
        """Yield blocks of `rows` rows each."""
        for start in range(0, self.n, rows):
            wide = self._halves[start : start + rows].astype(np.uint32)
            wide <<= 16
            yield wide.view(np.float32)


def _open_safetensors(path: Path, arguments: Arguments) -> Rows:
    tensors, first_byte = _header(path)
    matrices = [name for name, tensor in tensors.items() if len(tensor.shape) == 2]
    key = arguments["key"]
    notes: tuple[Note, ...] = ()
    if key is None and len(matrices) == 1:
        key = matrices[0]
        notes = (note("KM157", tensor=key, others=len(tensors) - 1, concerns=[key]),) if len(tensors) > 1 else ()
    if key is None and len(tensors) == 1:
        key = next(iter(tensors))
    if not isinstance(key, str) or key not in tensors:
        raise _which(path, key, tensors, matrices)
    tensor = tensors[key]
    shape = matrix_shape(tensor.shape, f"{path}: {key}")
    if tensor.dtype not in _TYPES:
        raise DataError(f"{path}: {key} holds values of type {tensor.dtype}", "store it as BF16, F16 or F32")
    dtype = np.dtype(_TYPES[tensor.dtype])
    if tensor.end - tensor.begin != prod(shape) * dtype.itemsize:
        raise _torn(path, f"{key} has {tensor.end - tensor.begin} bytes for {shape[0]} x {shape[1]} {tensor.dtype}")
    if prod(shape) == 0:
        return ArrayRows(np.empty(shape, dtype))
    values: NDArray[Any] = np.memmap(path, dtype=dtype, mode="r", offset=first_byte + tensor.begin, shape=shape)
    rows = BFloat16Rows(values) if tensor.dtype == "BF16" else ArrayRows(values)
    rows.notes = notes
    return rows


def _header(path: Path) -> tuple[dict[str, _Tensor], int]:
    """Return the tensors by name, and the place of the first byte of their values."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(size - 8, _LARGEST_HEADER):
            raise _torn(path, f"its header would have {length} bytes, the file has {size}")
        content = file.read(length)
    tensors = {}
    try:
        for name, entry in json.loads(content).items():
            if name != "__metadata__":
                begin, end = map(int, entry["data_offsets"])
                shape = tuple(map(int, entry["shape"]))
                if not 0 <= begin <= end <= size - 8 - length or min(shape, default=0) < 0:
                    raise _torn(path, f"{name} would lie at bytes {begin} to {end} of {size - 8 - length}")
                tensors[name] = _Tensor(str(entry["dtype"]), shape, begin, end)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _torn(path, f"its header cannot be read ({type(error).__name__})") from None
    return tensors, 8 + length


def _which(path: Path, key: object, tensors: dict[str, _Tensor], matrices: list[str]) -> DataError:
    names = matrices or list(tensors)
    named = [f"{name} {' x '.join(map(str, tensors[name].shape))}" for name in names[:_MOST_NAMED]]
    listed = ", ".join(named) + (f", … ({len(names)} in all)" if len(names) > _MOST_NAMED else "") or "none"
    what = "its matrices" if matrices else "it holds"
    if key is not None:
        return DataError(f"{path} has no tensor {key}", f"{what}: {listed}")
    if not matrices:
        return DataError(f"{path} holds no tensor with two axes", f"it holds: {listed}")
    return DataError(f"{path} holds {len(matrices)} matrices: {listed}", "choose one with :key=NAME")


def _torn(path: Path, reason: str) -> DataError:
    return DataError(
        f"{path} is not a readable .safetensors file: {reason}", "it is damaged or cut short: copy it again"
    )


SAFETENSORS = FileFormat(
    name="safetensors",
    syntax="FILE.safetensors[:key=NAME]",
    summary="a tensor of a model, memory-mapped, in float32, float16, bfloat16 or integers",
    suffixes=(".safetensors",),
    open=_open_safetensors,
    parameters=(Parameter(name="key", kind="text"),),
)
