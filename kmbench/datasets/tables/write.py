"""A table written again with one more column: every byte as it was, in its own encoding and with its line ends."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from kmbench.datasets.tables.dialect import Dialect
from kmbench.datasets.tables.encodings import Encoding

__all__ = ["rows_as_csv", "with_column"]

_PIECE = 2**18


def with_column(
    lines: Iterable[str], encoding: Encoding, dialect: Dialect, sep_line: bool, name: str, values: Sequence[str]
) -> Iterator[bytes]:
    """Yield the bytes of a text table with one more column at its end.

    Lines above the table and lines without any field stay as they are; short rows are filled up, so that the new
    column stands below its name.

    Parameters
    ----------
    lines : iterable of str
        All lines of the file with their ends.
    values : sequence of str
        One for each row of the file, blank ones included.
    """
    yield encoding.mark
    piece: list[str] = []
    size = 0
    width = dialect.width
    for place, record in enumerate(_records(lines, dialect.delimiter), start=-int(sep_line) - dialect.above):
        if place < 0:
            is_header = dialect.named and place == dialect.skipped - dialect.above
            value = name if is_header else None if place < dialect.skipped - dialect.above else ""
        else:
            value = values[place]
        piece.append(_longer(record, value, dialect.delimiter, width))
        size += len(record)
        if size > _PIECE:
            yield "".join(piece).encode(encoding.name)
            piece, size = [], 0
    yield "".join(piece).encode(encoding.name)


def _records(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """Join the lines that belong to one record, since a quoted field goes over several."""
    held = ""
    for line in lines:
        held += line
        if '"' not in held or not _is_open(held, delimiter):
            yield held
            held = ""
    if held:
        yield held


def _is_open(text: str, delimiter: str) -> bool:
    """Tell whether a text ends inside a quoted field; a quote in the middle of a bare field is a letter."""
    quoted, at_start, place = False, True, 0
    while place < len(text):
        character = text[place]
        if quoted:
            if character == '"':
                if text[place + 1 : place + 2] == '"':
                    place += 1
                else:
                    quoted = False
        elif at_start and character == '"':
            quoted = True
        at_start = not quoted and (character == delimiter or (at_start and character == " "))
        place += 1
    return quoted


def _longer(record: str, value: str | None, delimiter: str, width: int) -> str:
    """Return a record with one more field; None leaves it as it is, as does a line without any field."""
    bare = record.rstrip("\r\n")
    if value is None or not bare:
        return record
    if '"' in bare:
        fields = len(next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter, skipinitialspace=True)))
    else:
        fields = bare.count(delimiter) + 1
    return bare + delimiter * (max(0, width - fields) + 1) + value + record[len(bare) :]


def rows_as_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Yield a table that was no text as one: UTF-8, commas, a header."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(row)
        if text.tell() > _PIECE:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()
