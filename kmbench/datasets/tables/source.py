"""A text table opened: where its rows begin, a sample of them, and the C reader over all of them."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

import numpy as np

from kmbench.datasets.tables.dialect import CSV_FIELD_LIMIT, Dialect, find_dialect, named_delimiter
from kmbench.datasets.tables.encodings import Encoding, find_encoding
from kmbench.datasets.tables.gather import Typed
from kmbench.datasets.tables.missing import MISSING, known_texts
from kmbench.datasets.tables.state import Kind
from kmbench.errors import DataError

__all__ = ["TextSource", "open_text"]

SAMPLE_RECORDS = 2000
SAMPLE_BYTES = 2**22
CHUNK_VALUES = 2**20


@dataclass(frozen=True, slots=True)
class TextSource:
    """A text table of which the layout is known.

    Attributes
    ----------
    where : str
        Its name in messages.
    open_bytes : callable
        Opens its bytes, unpacked.
    sep_line : bool
        Whether the first line names the delimiter.
    units : list of str
        Fields of the line of units; empty without one.
    sample_rows : list of list of str
        Fields of the first rows.
    """

    where: str
    open_bytes: Callable[[], AbstractContextManager[IO[bytes]]]
    encoding: Encoding
    dialect: Dialect
    sep_line: bool
    units: list[str]
    sample_rows: list[list[str]]

    @contextmanager
    def lines(self) -> Iterator[Iterator[str]]:
        """Open the table as text, from its first line, each with its end as it stands there."""
        with self.open_bytes() as file:
            file.read(len(self.encoding.mark))
            yield cast(Iterator[str], io.TextIOWrapper(file, encoding=self.encoding.name, newline=""))

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the number of the line in the file, from 1, and the fields of every row."""
        with self.lines() as lines:
            csv.field_size_limit(CSV_FIELD_LIMIT)
            reader = csv.reader(lines, delimiter=self.dialect.delimiter, skipinitialspace=True)
            line = 1
            for place, record in enumerate(reader):
                if place >= self.sep_line + self.dialect.above:
                    yield line, record
                line = reader.line_num + 1

    def line_of(self, row: int) -> int:
        """Return the number of the line in the file where a row stands, from 1."""
        return next(itertools.islice(self.records(), row, None), (0, []))[0]

    @property
    def delimiter(self) -> str | None:
        """The sign between the fields; None in a file of one column, which shows none."""
        return self.dialect.delimiter if self.dialect.width > 1 else None

    @property
    def types(self) -> Sequence[Typed]:
        """Text of all columns: the file does not say more."""
        return ["text"] * self.dialect.width

    def sample(self, place: int) -> Any:
        """Return the first texts of a column, null where missing."""
        import pyarrow as pa

        return known_texts(pa.array([record[place] for record in self.sample_rows], pa.string()))

    def blocks(self, kinds: Sequence[Kind], decimal: str) -> Iterator[list[Any]]:
        """Yield the values of all rows, the blank ones included; see `kmbench.datasets.tables.gather.Blocks`.

        Raises
        ------
        DataError
            If a row has too many fields, or a quote is never closed.
        """
        import pandas as pd

        width = self.dialect.width + self.dialect.spare
        options: dict[str, Any] = {}
        if tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1):
            options["float_precision"] = "round_trip"  # later versions read all digits as they are
        texts = {place: "str" for place, kind in enumerate(kinds) if kind != "plain"}
        with self._at_first_row() as file:
            try:
                with pd.read_csv(
                    file,
                    sep=self.dialect.delimiter,
                    header=None,
                    names=list(range(width)),
                    index_col=False,
                    dtype=texts,
                    na_values=list(MISSING),
                    keep_default_na=False,
                    skip_blank_lines=False,
                    skipinitialspace=True,
                    decimal=decimal,
                    encoding=self.encoding.name,
                    chunksize=max(1000, CHUNK_VALUES // width),
                    **options,
                ) as reader:
                    for frame in reader:
                        self._check_spare(frame)
                        yield [_values(frame[place], place in texts) for place in range(self.dialect.width)]
            except pd.errors.EmptyDataError:
                return
            except pd.errors.ParserError as error:
                raise self._misshapen(error) from None

    def _check_spare(self, frame: Any) -> None:
        """Refuse rows that are longer than the table, unless by blanks."""
        for place in range(self.dialect.width, frame.shape[1]):
            rest = frame[place]
            if rest.notna().any() and rest.astype(str).where(rest.notna(), "").str.strip().ne("").any():
                raise self.too_long()

    @contextmanager
    def _at_first_row(self) -> Iterator[IO[Any]]:
        """Open the table behind its header: as bytes where they are UTF-8, which the C reader takes as they are."""
        plain = self.encoding.name == "utf-8" and self.encoding.line_end != "\r"
        with self.open_bytes() as file:
            file.read(len(self.encoding.mark))
            handle: IO[Any] = file if plain else io.TextIOWrapper(file, encoding=self.encoding.name, newline="")
            read = (lambda: file.readline().decode()) if plain else handle.readline
            csv.field_size_limit(CSV_FIELD_LIMIT)
            reader = csv.reader(iter(read, ""), delimiter=self.dialect.delimiter, skipinitialspace=True)
            for _ in range(self.sep_line + self.dialect.above):
                next(reader, None)
            yield handle

    def _misshapen(self, error: Exception) -> DataError:
        found = re.search(r"Expected \d+ fields in line (\d+), saw (\d+)", str(error))
        if found:
            return self.too_long()
        if "EOF inside string" in str(error):
            line = 0
            for line, _ in self.records():  # noqa: B007, the last one goes to the end of the file
                pass
            return DataError(
                f"{self.where} has a quote in line {line} that is never closed", 'write a quote inside a field as ""'
            )
        return DataError(f"{self.where} is not a readable table: {error}", "export it as .csv again")

    def too_long(self) -> DataError:
        """Return the error that names the first row with more fields than the table has columns."""
        width = self.dialect.width
        for line, record in self.records():
            if any(field.strip() for field in record[width:]):
                return DataError(
                    f"{self.where} has {len(record)} fields in line {line}, but {width} columns",
                    'correct the line; a number with a thousands separator must be in quotes: "1,234"',
                )
        return DataError(f"{self.where} has lines with more than {width} fields", "correct them")

    def short_rows(self) -> tuple[int, int]:
        """Return how many rows have fewer fields than the table has columns, and the line of the first."""
        width = self.dialect.width
        count, first = 0, 0
        for line, record in self.records():
            if 0 < len(record) < width and any(field.strip() for field in record):
                count, first = count + 1, first or line
        return count, first


def open_text(where: str, open_bytes: Callable[[], AbstractContextManager[IO[bytes]]]) -> TextSource:
    """Find out how a text table is laid out.

    Raises
    ------
    DataError
        If the bytes are no text.
    """
    with open_bytes() as file:
        encoding = find_encoding(file, where)
    with open_bytes() as file:
        file.read(len(encoding.mark))
        head = file.read(SAMPLE_BYTES)
        whole = len(head) < SAMPLE_BYTES
    text = codecs.getincrementaldecoder(encoding.name)("replace").decode(head, final=whole)
    lines = list(itertools.islice(io.StringIO(text, newline=""), SAMPLE_RECORDS + 1))
    whole = whole and len(lines) <= SAMPLE_RECORDS
    lines = lines[:SAMPLE_RECORDS]
    delimiter = named_delimiter(lines[0]) if lines else None
    body = lines[1:] if delimiter else lines
    dialect = find_dialect(body, whole=whole, delimiter=delimiter)
    reader = csv.reader(body, delimiter=dialect.delimiter, skipinitialspace=True)
    sample: list[list[str]] = []
    units: list[str] = []
    try:
        head_records = list(itertools.islice(reader, dialect.above))
        units = head_records[-1] if dialect.units else []
        sample = list(reader)
    except csv.Error:
        pass  # the reader of all rows says what is wrong
    if not whole and sample:
        sample.pop()
    sample = [[*record, *[""] * (dialect.width - len(record))] for record in sample if record]
    return TextSource(where, open_bytes, encoding, dialect, delimiter is not None, units, sample)


def _values(series: Any, text: bool) -> Any:
    """Return a column of a block: float64 where the C reader saw numbers, else texts, null where missing."""
    import pyarrow as pa

    if not text and series.dtype.kind in "iuf":
        values = series.to_numpy(dtype=np.float64)
        return values if series.dtype.kind in "iu" else np.ma.MaskedArray(values)
    if not text:
        series = series.astype(object).where(series.notna(), None)
        return known_texts(pa.array([None if value is None else str(value) for value in series], pa.string()))
    array = pa.array(series, pa.string(), from_pandas=True)
    return known_texts(array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array)


def distinct(names: Sequence[str]) -> list[str]:
    """Return names of which those that occurred before have a number behind them."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result
