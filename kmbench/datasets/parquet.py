"""Parquet files: one column of vectors, or a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kmbench.datasets.embeddings.columnar import columnar_format
from kmbench.datasets.embeddings.columns import SAMPLE_ROWS, VectorColumn, choose_vectors, listed
from kmbench.errors import DataError

__all__ = ["PARQUET"]


def _vectors(path: Path, key: object, look: bool) -> tuple[int, VectorColumn | None]:
    """Return the number of rows, and the column of vectors if there is one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema, n = file.schema_arrow, file.metadata.num_rows
            if len(set(schema.names)) < len(schema.names):
                raise DataError(
                    f"{path} has two columns with the same name among {listed(schema.names)}", "rename one of them"
                )
            if not look:
                return n, None
            first = next(file.iter_batches(batch_size=SAMPLE_ROWS), None)
            sample = schema.empty_table() if first is None else pa.Table.from_batches([first])
            return n, choose_vectors(str(path), sample.schema, key, sample)
    except (OSError, pa.ArrowException) as error:
        raise _torn(path, error) from None


def _batches(path: Path, rows: int, name: str) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=rows, columns=[name])
    except (OSError, pa.ArrowException) as error:
        raise _torn(path, error) from None


def _torn(path: Path, error: BaseException) -> DataError:
    return DataError(f"{path} is not a readable Parquet file: {error}", "copy or download it again")


PARQUET = columnar_format(
    name="parquet",
    syntax="FILE.parquet[:key=COLUMN]",
    summary="the column of vectors, chosen with key= if there are several; otherwise a table, as for .csv",
    suffixes=(".parquet",),
    find=_vectors,
    batches=_batches,
)
