"""The table that a user names, by path, by SPEC or as a data frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from kmbench.datasets import Options, parse_spec, read_table_spec
from kmbench.datasets.held import frame_of, is_frame, is_spec, matrix_of
from kmbench.datasets.tables.parameters import Asked
from kmbench.datasets.tables.reader import read_frame, read_table
from kmbench.datasets.tables.table import Table
from kmbench.errors import DataError, SpecError

__all__ = ["table_from"]


def table_from(table: Any, asked: Asked) -> Table:
    """Read a table; what is asked for goes over what its SPEC says.

    Raises
    ------
    KmbenchError
        If it cannot be read, or is no table.
    """
    if is_frame(table):
        return read_frame(frame_of(table), asked)
    if not is_spec(table):
        import pandas as pd

        matrix = matrix_of(table, "the array")
        return read_frame(pd.DataFrame(matrix, columns=[f"column {n + 1}" for n in range(matrix.shape[1])]), asked)
    path = Path(table).expanduser()
    if path.exists() or (path.suffix and not str(table).partition(":")[2]):
        return read_table(path, asked)
    spec = parse_spec(str(table))
    if replace(spec.options, limit=None) != Options():
        raise SpecError(f"segment standardises the columns itself: {table} cannot be used", "leave such options out")
    said = Asked.from_arguments(spec.arguments)
    merged = Asked(
        decimal=asked.decimal or said.decimal,
        columns=(*(asked.columns or said.columns),),
        leave_out=(*said.leave_out, *asked.leave_out),
        ids=(*said.ids, *asked.ids),
    )
    found = read_table_spec(spec, merged)
    if found is None:
        raise DataError(f"{table} is not a table", "give a file such as customers.csv")
    return found
