"""Arrow files: the stream that Hugging Face's datasets write as ``.arrow``, and the file that Feather is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kmbench.datasets.embeddings.columnar import columnar_format
from kmbench.datasets.embeddings.columns import SAMPLE_ROWS, VectorColumn, choose_vectors
from kmbench.errors import DataError

__all__ = ["ARROW"]


def _vectors(path: Path, key: object, look: bool) -> tuple[int, VectorColumn | None]:
    """Return the number of rows, and the column of vectors if there is one."""
    import pyarrow as pa

    with path.open("rb") as file:
        if file.read(4) == b"FEA1":
            raise DataError(f"{path} is Feather of version 1", "write it again with DataFrame.to_feather: version 2")
    try:
        schema, n = _schema(path), 0
        sample: list[Any] = []
        for batch in _stored(path):
            if n < SAMPLE_ROWS:
                sample.append(batch.slice(0, SAMPLE_ROWS - n))
            n += len(batch)
        if not look:
            return n, None
        return n, choose_vectors(str(path), schema, key, pa.Table.from_batches(sample, schema))
    except (OSError, pa.ArrowException) as error:
        raise _torn(path, error) from None


def _reader(path: Path, source: Any) -> Any:
    import pyarrow as pa

    with path.open("rb") as file:
        is_file = file.read(6) == b"ARROW1"
    return pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)


def _schema(path: Path) -> Any:
    import pyarrow as pa

    with pa.memory_map(str(path)) as source, _reader(path, source) as reader:
        return reader.schema


def _stored(path: Path) -> Iterator[Any]:
    """Yield the record batches of a file; without compression they are views of it."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as source, _reader(path, source) as reader:
        count = getattr(reader, "num_record_batches", None)
        yield from reader if count is None else map(reader.get_batch, range(count))


def _batches(path: Path, rows: int, name: str) -> Iterator[Any]:
    import pyarrow as pa

    try:
        for batch in _stored(path):
            part = batch.select([name])
            for start in range(0, len(part), rows):
                yield part.slice(start, rows)
    except (OSError, pa.ArrowException) as error:
        raise _torn(path, error) from None


def _torn(path: Path, error: BaseException) -> DataError:
    return DataError(f"{path} is not a readable Arrow file: {error}", "write it again, or as .parquet")


ARROW = columnar_format(
    name="arrow",
    syntax="FILE.arrow[:key=COLUMN]",
    summary="Arrow streams and files, as Hugging Face and Feather write them: vectors or numbers as in Parquet",
    suffixes=(".arrow", ".feather", ".ipc"),
    find=_vectors,
    batches=_batches,
)
