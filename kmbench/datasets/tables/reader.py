"""One reader for all tables: `segment`, `choose-k`, `run` and `data` see the same columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmbench.datasets.tables.arrow_blocks import ArrowBlocks
from kmbench.datasets.tables.columns import columns_of
from kmbench.datasets.tables.container import content_kind, open_bytes
from kmbench.datasets.tables.gather import gather
from kmbench.datasets.tables.numbers import Decimal
from kmbench.datasets.tables.parameters import Asked
from kmbench.datasets.tables.rows_kept import Reading
from kmbench.datasets.tables.source import TextSource, distinct, open_text
from kmbench.datasets.tables.table import Table
from kmbench.datasets.tables.write import rows_as_csv, with_column
from kmbench.errors import DataError
from kmbench.notes import Note, note

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["open_source", "read_batches", "read_frame", "read_table"]


def read_table(path: Path, asked: Asked | None = None) -> Table:
    """Read a table of any kind: text, packed or not, a spreadsheet, Parquet, Arrow. Its content says what it is.

    Raises
    ------
    DataError
        If the file is missing, damaged or no table, or holds a column that can be read in two ways.
    """
    asked = asked or Asked()
    try:
        if path.is_dir():
            raise DataError(f"{path} is a folder", "give one table")
        kind = content_kind(path)
        if kind in ("xlsx", "xls"):
            return _read_text(_sheet(path), asked, notes=())
        if kind in ("parquet", "arrow", "arrow stream"):
            return _read_arrow(path, kind, asked)
        return _read_text(open_text(str(path), lambda: open_bytes(path)), asked, notes=())
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", "check the path") from None
    except OSError as error:
        words = error.strerror or error
        raise DataError(f"{path} cannot be read: {words}", "check the path and its permissions") from None


def open_source(path: Path) -> TextSource | None:
    """Return the text of a table and its layout; None where the file has columns with types.

    Raises
    ------
    DataError
        If the file is damaged or no table.
    """
    kind = content_kind(path)
    if kind in ("parquet", "arrow", "arrow stream"):
        return None
    return _sheet(path) if kind in ("xlsx", "xls") else open_text(str(path), lambda: open_bytes(path))


def _sheet(path: Path) -> TextSource:
    import io
    from contextlib import nullcontext

    from kmbench.datasets.tables.excel import sheet_as_text

    content = sheet_as_text(path)
    return open_text(str(path), lambda: nullcontext(io.BytesIO(content)))


def _read_text(source: TextSource, asked: Asked, notes: tuple[Note, ...]) -> Table:
    dialect = source.dialect
    named = [name.strip() for name in dialect.header] or [""] * dialect.width
    vectors = not dialect.named or named == [str(place) for place in range(len(named))]
    names = distinct([name or f"column {place}" for place, name in enumerate(named, start=1)])
    asked = asked.of(names, source.where)
    gathered = gather(source, *_places(asked, names))
    reading = Reading(
        where=source.where,
        names=names,
        unnamed=[not name or name.startswith("Unnamed:") for name in named],
        named=dialect.named,
        vectors=vectors,
        asked_decimal=asked.decimal,
        chosen=frozenset(asked.columns),
        ignored=frozenset(_ignored(asked, names)),
        place_of=lambda row: f"line {source.line_of(row)}",
    )
    columns, rows, told = columns_of(source, gathered, reading)
    return Table(
        where=source.where,
        columns=columns,
        named=not vectors,
        rows=rows,
        file_rows=len(gathered.filled),
        notes=(*notes, *_layout_notes(source, columns), *told),
        line_of=reading.place_of,
        with_column=partial(_text_with_column, source),
    )


def _places(asked: Asked, names: Sequence[str]) -> tuple[set[int], Decimal | None, set[int]]:
    ignored = _ignored(asked, names)
    return (
        {place for place, name in enumerate(names) if name in ignored},
        asked.decimal,
        {place for place, name in enumerate(names) if name in asked.columns},
    )


def _ignored(asked: Asked, names: Sequence[str]) -> set[str]:
    others = {name for name in names if asked.columns and name not in asked.columns}
    return {*asked.leave_out, *asked.ids, *others}


def _layout_notes(source: TextSource, columns: Sequence[Any]) -> tuple[Note, ...]:
    """Return what was decided about the file before its rows."""
    notes = []
    dialect = source.dialect
    if source.encoding.guessed:
        notes.append(note("KM107", where=source.where))
    if dialect.skipped:
        with source.lines() as lines:
            first = next((line.strip() for place, line in enumerate(lines) if place >= source.sep_line), "")
        notes.append(note("KM108", count=dialect.skipped, example=first[:40]))
    if dialect.units:
        notes.append(note("KM109", units=", ".join(filter(None, source.units))[:60]))
    last = [column for column in columns if column.kind != "ignored"][-1:]
    gaps = last and (missing := last[0].missing) is not None and bool(missing.any())
    if gaps and dialect.width > 1:
        count, line = source.short_rows()
        if count:
            notes.append(note("KM111", count=count, place=f"line {line}"))
    return tuple(notes)


def _text_with_column(source: TextSource, name: str, values: Sequence[str]) -> Iterator[bytes]:
    with source.lines() as lines:
        yield from with_column(lines, source.encoding, source.dialect, source.sep_line, name, values)


def _read_arrow(path: Path, kind: str, asked: Asked) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if kind == "parquet":
            with pq.ParquetFile(path) as file:
                schema = file.schema_arrow
            return read_batches(str(path), schema, partial(_parquet_batches, path), asked)
        with _arrow_reader(path, kind) as reader:
            schema = reader.schema
        return read_batches(str(path), schema, partial(_arrow_batches, path, kind), asked)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a readable {kind} file: {error}", "copy or download it again") from None


def _parquet_batches(path: Path) -> Iterator[Any]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        yield from file.iter_batches()


def _arrow_reader(path: Path, kind: str) -> Any:
    import pyarrow as pa

    return pa.ipc.open_file(str(path)) if kind == "arrow" else pa.ipc.open_stream(pa.OSFile(str(path)))


def _arrow_batches(path: Path, kind: str) -> Iterator[Any]:
    with _arrow_reader(path, kind) as reader:
        if kind == "arrow":
            yield from (reader.get_batch(place) for place in range(reader.num_record_batches))
        else:
            yield from reader


def read_batches(where: str, schema: Any, batches: Callable[[], Iterable[Any]], asked: Asked | None = None) -> Table:
    """Read a table whose columns have types.

    Parameters
    ----------
    where : str
        Its name in messages.
    schema : pyarrow.Schema
    batches : callable
        Returns its record batches from the first on.

    Raises
    ------
    DataError
        If two columns have one name, or one can be read in two ways.
    """
    stored = list(schema.names)
    names = distinct([name or f"column {place}" for place, name in enumerate(stored, start=1)])
    asked = (asked or Asked()).of(names, where)
    source = ArrowBlocks(schema, batches)
    gathered = gather(source, *_places(asked, names))
    vectors = stored == [str(place) for place in range(len(stored))]
    reading = Reading(
        where=where,
        names=names,
        unnamed=[name.startswith("__index_level") or not name for name in stored],
        named=True,
        vectors=vectors,
        asked_decimal=asked.decimal,
        chosen=frozenset(asked.columns),
        ignored=frozenset(_ignored(asked, names)),
        place_of=lambda row: f"row {row + 1}",
    )
    columns, rows, told = columns_of(source, gathered, reading)
    return Table(
        where=where,
        columns=columns,
        named=not vectors,
        rows=rows,
        file_rows=len(gathered.filled),
        notes=told,
        line_of=reading.place_of,
        with_column=partial(_batches_with_column, stored, batches),
    )


def _batches_with_column(
    names: Sequence[str], batches: Callable[[], Iterable[Any]], name: str, values: Sequence[str]
) -> Iterator[bytes]:
    def rows() -> Iterator[Sequence[str]]:
        row = 0
        for batch in batches():
            columns = [_shown(batch.column(place)) for place in range(batch.num_columns)]
            for fields in zip(*columns, strict=True):
                yield [*fields, values[row]]
                row += 1

    return rows_as_csv([*names, name], rows())


def _shown(column: Any) -> list[str]:
    return ["" if value is None else repr(value) if isinstance(value, float) else str(value)
            for value in column.to_pylist()]  # fmt: skip


def read_frame(frame: pd.DataFrame, asked: Asked | None = None) -> Table:
    """Take a table from a data frame: numbers, flags and dates by their types, all else as texts.

    Raises
    ------
    DataError
        If it holds no rows.
    """
    import pyarrow as pa

    if not len(frame):
        raise DataError("the data frame holds no rows", "give at least as many as segments")
    columns = []
    for place in range(frame.shape[1]):
        series = frame.iloc[:, place]
        if series.dtype.kind in "iufb" or series.dtype.kind == "M":
            columns.append(pa.Array.from_pandas(series.to_numpy() if series.dtype.kind in "iufb" and
                                                not series.isna().any() else series))  # fmt: skip
        else:
            gone = series.isna()
            columns.append(pa.array([None if no else str(value) for value, no in zip(series, gone, strict=True)],
                                    pa.string()))  # fmt: skip
    columns = [column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column for column in columns]
    schema = pa.schema([pa.field(str(name), column.type)
                        for name, column in zip(frame.columns, columns, strict=True)])  # fmt: skip
    batch = pa.RecordBatch.from_arrays(columns, schema=schema)
    return read_batches("the data frame", schema, lambda: [batch], asked)
