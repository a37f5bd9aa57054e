"""JSON lines: one object a line with a list of numbers in it, or one list a line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kmbench.datasets.base import Arguments, FileFormat, Matrix, Rows, rechunk
from kmbench.datasets.embeddings.columns import VectorRows, choose_vectors
from kmbench.datasets.embeddings.json_schema import schema_of, with_path_alone, wrong_value
from kmbench.datasets.embeddings.text_vectors import vector_column
from kmbench.datasets.parameters import Parameter
from kmbench.datasets.tables.container import open_bytes
from kmbench.datasets.tables.parameters import TABLE_PARAMETERS, Asked
from kmbench.errors import DataError

if TYPE_CHECKING:
    from kmbench.datasets.tables.table import Table

__all__ = ["JSON_LINES", "open_json_lines", "table_of_json_lines"]

_SAMPLED = 100
_CHUNK_BYTES = 2**23
_MARK = b"\xef\xbb\xbf"


def open_json_lines(path: Path, arguments: Arguments) -> Rows:
    """Open JSON lines, plain or packed.

    Raises
    ------
    DataError
        If the file is one JSON document or none at all, or holds no vectors and no numbers.
    """
    vectors = _vectors(path, arguments)
    if not isinstance(vectors, _Columns):
        return vectors
    from kmbench.datasets.tables.rows import TableRows

    return TableRows(vectors.table(Asked.from_arguments(arguments)))


def table_of_json_lines(path: Path, arguments: Arguments, asked: Asked) -> Table | None:
    """Return the table that JSON lines hold, None where they hold vectors."""
    vectors = _vectors(path, arguments)
    return vectors.table(asked) if isinstance(vectors, _Columns) else None


@dataclass(frozen=True, slots=True)
class _Columns:
    """Lines of objects that hold no vectors."""

    path: Path
    lines: JsonLines
    schema: Any

    def table(self, asked: Asked) -> Table:
        from kmbench.datasets.tables.reader import read_batches

        return read_batches(str(self.path), self.schema, lambda: self.lines.batches(2**16, self.schema), asked)


def _vectors(path: Path, arguments: Arguments) -> Rows | _Columns:
    lines = JsonLines(path)
    sample = lines.sample()
    if sample[0].startswith(b"["):
        if arguments.get("key") is not None:
            raise DataError(f"{path} holds lists without names", "leave :key= out")
        return ListRows(lines, lines.count(), sample[0])
    schema = schema_of([lines.parsed(line, row) for row, line in enumerate(sample)])
    if not Asked.from_arguments(arguments).columns:
        column = choose_vectors(str(path), schema, arguments.get("key"), lines.table(sample, 0, schema))
        if column is not None:
            wanted = with_path_alone(schema, column.path)
            return VectorRows(str(path), column, lines.count(), lambda rows: lines.batches(rows, wanted))
    return _Columns(path, lines, schema)


class JsonLines:
    """The lines of a file that are not blank; row i is line i of them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def chunks(self) -> Iterator[list[bytes]]:
        """Yield the lines, some megabytes of them at a time."""
        with open_bytes(self.path) as file:
            first = True
            while lines := file.readlines(_CHUNK_BYTES):
                if first:
                    lines[0] = lines[0].removeprefix(_MARK)
                    first = False
                filled = [line for line in map(bytes.strip, lines) if line]
                if filled:
                    yield filled

    def count(self) -> int:
        """Return the number of rows."""
        return sum(len(lines) for lines in self.chunks())

    def sample(self) -> list[bytes]:
        """Return the first lines.

        Raises
        ------
        DataError
            If the file is no JSON lines, but one JSON document, or something else.
        """
        lines = next(self.chunks(), [])[:_SAMPLED]
        first = lines[0] if lines else b""
        if not first.startswith((b"{", b"[")):
            shown = first[:20].decode(errors="replace")
            raise DataError(
                f"{self.path} is not JSON lines: its first line begins with {shown!r}",
                "write one JSON object per line",
            )
        try:
            begun = json.loads(first)
        except ValueError:
            begun = None
        nested = isinstance(begun, list) and any(isinstance(item, list | dict) for item in begun)
        if begun is None or nested:
            raise DataError(
                f"{self.path} is not JSON lines: its first line is not a complete object",
                "write one object a line, in Python with DataFrame.to_json(path, orient='records', lines=True)",
            )
        return lines

    def parsed(self, line: bytes, row: int) -> dict[str, Any]:
        """Return the object of a line.

        Raises
        ------
        DataError
            If it is none.
        """
        try:
            item = json.loads(line)
        except ValueError as error:
            raise DataError(
                f"{self.path} is not readable at row {row}: {error}", "correct the line, or remove it"
            ) from None
        if not isinstance(item, dict):
            raise DataError(
                f"{self.path} has {str(item)[:40]!r} at row {row} instead of an object", "correct the line"
            )
        return item

    def table(self, lines: list[bytes], first_row: int, schema: Any) -> Any:
        """Return lines as an Arrow table of the columns of a schema.

        Raises
        ------
        DataError
            At the first line that is no object, or holds something else than the schema says.
        """
        import pyarrow as pa
        import pyarrow.json

        content = b"\n".join(lines)
        try:
            table = pyarrow.json.read_json(
                io.BytesIO(content),
                read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(content) + 1),
                parse_options=pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
            )
        except pa.ArrowInvalid as error:
            raise self._misfit(lines, first_row, schema, str(error)) from None
        if len(table) != len(lines):
            raise self._misfit(lines, first_row, schema, "a line holds several objects")
        return table.combine_chunks()

    def batches(self, rows: int, schema: Any) -> Iterator[Any]:
        """Yield record batches of at most `rows` rows."""
        row = 0
        for lines in self.chunks():
            yield from self.table(lines, row, schema).to_batches(max_chunksize=rows)
            row += len(lines)

    def _misfit(self, lines: list[bytes], first_row: int, schema: Any, otherwise: str) -> DataError:
        """Return the error that names the first line that is wrong, and the value in it."""
        for row, line in enumerate(lines, first_row):
            try:
                item = self.parsed(line, row)
            except DataError as error:
                return error
            for field in schema:
                wrong = wrong_value(item, field.name, field.type)
                if wrong is not None:
                    place, value = wrong
                    return DataError(f"{self.path} holds {value} at row {row}, {place}", "correct or remove the line")
        return DataError(f"{self.path} is not readable as JSON lines: {otherwise}", "write one object a line")


class ListRows(Rows):
    """One list of numbers a line."""

    def __init__(self, lines: JsonLines, n: int, first: bytes) -> None:
        super().__init__(n, len(json.loads(first)), np.dtype(np.float64))
        self._lines = lines

    def blocks(self, rows: int) -> Iterator[Matrix]:
        """Yield blocks of `rows` rows each."""
        return rechunk(self._pieces(), rows)

    def _pieces(self) -> Iterator[Matrix]:
        row, where = 0, str(self._lines.path)
        for lines in self._lines.chunks():
            yield vector_column([line.decode("utf-8", "replace") for line in lines], where, row, self.d)
            row += len(lines)


JSON_LINES = FileFormat(
    name="json lines",
    syntax="FILE.jsonl[:key=NAME]",
    summary="one object per line: its list of numbers, chosen with key=a.b if there are several, or all its numbers",
    suffixes=(".jsonl", ".ndjson", ".json"),
    open=open_json_lines,
    table=table_of_json_lines,
    parameters=(Parameter(name="key", kind="text"), *TABLE_PARAMETERS),
)
