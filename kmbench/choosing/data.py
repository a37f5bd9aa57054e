"""What is clustered where k is chosen: vectors as they are, a table as `segment` prepares it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets import Options, materialise, parse_spec, read_table_spec
from kmbench.datasets.held import frame_of, is_frame, is_spec, matrix_of
from kmbench.datasets.tables.reader import read_frame
from kmbench.errors import DataError
from kmbench.notes import Note, note
from kmbench.segments.features import Missing, make_features

__all__ = ["Clustered", "read_clustered"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clustered:
    """Rows to be clustered, and where they come from.

    Attributes
    ----------
    name : str
        For messages.
    X : ndarray of float32, shape (n, d)
    offset : ndarray of float64, shape (d,), or None
        What was subtracted from the data before the rounding to float32.
    kept : ndarray of int64, shape (n,), or None
        Rows of the data that these are; None: all.
    total : int
        Rows of the data.
    notes : tuple of Note
        What was decided when it was read.
    """

    name: str
    X: NDArray[np.float32]
    offset: NDArray[np.float64] | None
    kept: NDArray[np.int64] | None
    total: int
    notes: tuple[Note, ...]


def read_clustered(data: Any, missing: Missing = "refuse") -> Clustered:
    """Read a SPEC, or what is in memory: see `kmbench.datasets.held`.

    A data frame, and a table whose columns have names, is prepared as `segment` does, unless its SPEC asks for a step
    of its own, so that k is chosen for what is then segmented.

    Raises
    ------
    KmbenchError
        If it cannot be read, or all its rows are equal.
    """
    if isinstance(data, str | Path):
        spec = parse_spec(str(data))
        if replace(spec.options, limit=None) == Options():
            table = read_table_spec(spec)
            if table is not None and table.named:
                features = make_features(table, missing)
                kept = features.rows if len(features.rows) < table.n else None
                notes = (*features.notes, note("KM132"))
                return Clustered(name=str(data), X=features.X, offset=None, kept=kept, total=table.n, notes=notes)
    if is_frame(data):
        table = read_frame(frame_of(data))
        features = make_features(table, missing)
        kept = features.rows if len(features.rows) < table.n else None
        notes = (*features.notes, note("KM132"))
        return Clustered(name="the frame", X=features.X, offset=None, kept=kept, total=table.n, notes=notes)
    if missing != "refuse":
        raise DataError(f"missing={missing} is only for tables whose columns have names", "leave it out")
    with tempfile.TemporaryDirectory(prefix="kmbench-") as folder:
        text, name = str(data), str(data)
        if not is_spec(data):
            text, name = str(Path(folder) / "rows.npy"), "the array"
            np.save(text, matrix_of(data, name), allow_pickle=False)
        info = materialise(text, folder, shift=True)
        X: NDArray[np.float32] = np.load(info.path)
    if info.n > 1 and info.all_equal:
        raise DataError(f"{name}: all {info.n} rows are equal", "there is nothing to cluster")
    if info.n > 1 and not np.ptp(X, axis=0).any():
        raise DataError(f"{name}: all {info.n} rows are equal as float32", "leave raw out of the SPEC")
    offset = np.array(info.offset) if info.offset else None
    return Clustered(name=name, X=X, offset=offset, kept=None, total=info.n, notes=info.notes)
