"""Rows of an id and a vector in PostgreSQL's binary COPY format, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import DataError
from kmbench.tuning.problem.space import FloatMatrix

__all__ = ["copy_blocks", "read_copied"]

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"

_BLOCK_BYTES = 2**22


def _row(d: int) -> np.dtype[np.void]:
    """Return one row: two fields, each with its length; a vector is its dimension, two unused bytes and float32."""
    fields = [
        ("fields", ">i2"),
        ("id_bytes", ">i4"),
        ("id", ">i8"),
        ("vector_bytes", ">i4"),
        ("dim", ">i2"),
        ("unused", ">i2"),
        ("vector", ">f4", (d,)),
    ]
    return np.dtype(fields)


def copy_blocks(ids: NDArray[np.int64], X: FloatMatrix) -> Iterator[tuple[bytes, float]]:
    """Yield pieces of a binary COPY of ``(id bigint, embedding vector)`` with the share that is then done."""
    d = X.shape[1]
    row = _row(d)
    step = max(1, _BLOCK_BYTES // row.itemsize)
    yield HEADER, 0.0
    for start in range(0, len(X), step):
        part = slice(start, min(len(X), start + step))
        block = np.zeros(part.stop - part.start, dtype=row)
        block["fields"], block["id_bytes"], block["vector_bytes"], block["dim"] = 2, 8, 4 + 4 * d, d
        block["id"], block["vector"] = ids[part], X[part]
        yield block.tobytes(), part.stop / len(X)
    yield TRAILER, 1.0


def read_copied(pieces: Iterable[bytes | memoryview], d: int) -> tuple[NDArray[np.int64], FloatMatrix]:
    """Return ids and vectors of a binary COPY out of a table.

    Raises
    ------
    DataError
        If a row has no id or no vector of d columns.
    """
    whole = b"".join(bytes(piece) for piece in pieces)
    body = whole[len(HEADER) : -len(TRAILER)]
    row = _row(d)
    if len(body) % row.itemsize == 0:
        rows = np.frombuffer(body, dtype=row)
        if (rows["fields"] == 2).all() and (rows["dim"] == d).all() and (rows["id_bytes"] == 8).all():
            vectors: FloatMatrix = np.ascontiguousarray(rows["vector"], dtype=np.float32)
            return rows["id"].astype(np.int64), vectors
    raise DataError(f"the table holds rows without an id or without a vector of {d} columns", "fill or delete them")
