"""Word vectors as text: GloVe, fastText's ``.vec`` and word2vec: a word and d numbers a line, separated by blanks."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kmbench.datasets.base import Arguments, FileFormat, Matrix, Rows, rechunk
from kmbench.datasets.tables.container import open_bytes
from kmbench.errors import DataError
from kmbench.notes import note

__all__ = ["WORD_VECTORS", "looks_like_word_vectors", "open_word_vectors"]

_SAMPLED = 100
_CHUNK_BYTES = 2**22
_FEWEST = 3
"""Numbers a line that make a text file one of word vectors, and not one of sentences."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """`declared` is the number of rows that the first line names, None where it names none."""

    d: int
    words: bool
    declared: int | None


class WordVectorRows(Rows):
    """The numbers at the right end of each line; words may hold blanks, and may be numbers themselves."""

    def __init__(self, path: Path, layout: _Layout, n: int) -> None:
        super().__init__(n, layout.d, np.dtype(np.float64))
        self._path, self._layout = path, layout
        if layout.words:
            self.notes = (note("KM156"),)

    def blocks(self, rows: int) -> Iterator[Matrix]:
        """Yield blocks of `rows` rows each."""
        return rechunk(self._pieces(), rows)

    def _pieces(self) -> Iterator[Matrix]:
        row = 0
        for lines in _chunks(self._path, skip=self._layout.declared is not None):
            yield self._numbers(lines, row)
            row += len(lines)

    def _numbers(self, lines: Sequence[bytes], first_row: int) -> Matrix:
        d = self._layout.d
        bodies = [self._body(line, row) for row, line in enumerate(lines, first_row)]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # NumPy 1 only warns where a text is no number
                flat = np.fromstring(b" ".join(bodies), sep=" ")
        except (ValueError, DeprecationWarning):
            raise self._misfit(bodies, first_row) from None
        if flat.size != len(bodies) * d:
            raise self._misfit(bodies, first_row)
        return flat.reshape(len(bodies), d)

    def _body(self, line: bytes, row: int) -> bytes:
        """Return the numbers of a line."""
        d, words = self._layout.d, self._layout.words
        body = line.partition(b" ")[2] if words else line
        if body.count(b" ") == d - 1:
            return body
        parts = line.rsplit(None, d)
        beyond = parts[0].split()[words:] if len(parts) > d else []
        wordless = words and len(parts) == d and not line[:1].isspace()
        if len(parts) < d or wordless or (beyond and all(map(_is_number, beyond))):
            raise DataError(
                f"{self._path} has {len(line.split()) - words} numbers at row {row}, but {d} in the others",
                "correct the line, or copy the file again",
            )
        return b" ".join(parts[-d:])

    def _misfit(self, bodies: Sequence[bytes], first_row: int) -> DataError:
        for row, body in enumerate(bodies, first_row):
            for column, word in enumerate(body.split()):
                if not _is_number(word):
                    shown = word[:40].decode(errors="replace")
                    return DataError(
                        f"{self._path} holds '{shown}' at row {row}, number {column} of {self._layout.d}",
                        "correct the line, or copy the file again",
                    )
        return DataError(f"{self._path} holds lines that are not {self._layout.d} numbers", "copy the file again")


def looks_like_word_vectors(path: Path) -> bool:
    """Tell whether a text file holds a word and at least three numbers in each of its first lines, and no table.

    A table has tabs, commas or semicolons, or a header without numbers.
    """
    lines = _head(path)
    layout = _layout(lines) if len(lines) >= 2 else None
    if layout is None or layout.d < _FEWEST or not layout.words:
        return False
    rows = lines[layout.declared is not None :]
    plain = not any(b"\t" in line or b";" in line for line in rows)
    return plain and all(len(line.split()) > layout.d or line[:1].isspace() for line in rows)


def open_word_vectors(path: Path, arguments: Arguments) -> Rows:
    """Open a file of word vectors, plain or packed.

    Raises
    ------
    DataError
        If its first lines do not end in numbers, or it has fewer lines than its first one says.
    """
    layout = _layout(_head(path))
    if layout is None:
        raise DataError(
            f"{path} holds no word vectors: its lines do not end in numbers", "write a word and d numbers"
        )
    n = sum(map(len, _chunks(path, skip=layout.declared is not None)))
    if layout.declared is not None and n != layout.declared:
        raise DataError(
            f"{path} has {n} lines of vectors, but its first line says {layout.declared}",
            "it is cut short or was changed: copy or download it again",
        )
    return WordVectorRows(path, layout, n)


def _layout(lines: list[bytes]) -> _Layout | None:
    """Return how the numbers lie in the first lines: the fewest at the right end, since words may be numbers."""
    if not lines:
        return None
    first = lines[0].split()
    if len(first) == 2 and all(part.isdigit() for part in first) and len(lines) > 1:
        d = int(first[1])
        if d and len(lines[1].split()) >= max(d, 3):
            return _Layout(d, any(len(line.split()) > d for line in lines[1:]), int(first[0]))
    widths = [len(line.split()) for line in lines]
    d = min(len(list(itertools.takewhile(_is_number, reversed(line.split())))) for line in lines)
    if d == 0:
        return None
    return _Layout(d, not d == min(widths) == max(widths), None)


def _head(path: Path) -> list[bytes]:
    """Return the first lines, without one that the end of what was read cuts."""
    with open_bytes(path) as file:
        content = file.read(_CHUNK_BYTES)
        whole = not file.read(1)
    lines = content.split(b"\n")
    if not whole:
        lines.pop()
    return [line.rstrip() for line in lines if line.strip()][:_SAMPLED]


def _chunks(path: Path, skip: bool) -> Iterator[list[bytes]]:
    """Yield the lines that are not blank, some megabytes at a time, without the first where it is no vector."""
    with open_bytes(path) as file:
        if skip:
            file.readline()
        while lines := file.readlines(_CHUNK_BYTES):
            filled = [line.rstrip() for line in lines if line.strip()]
            if filled:
                yield filled


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return b"_" not in word


WORD_VECTORS = FileFormat(
    name="word vectors",
    syntax="FILE.vec",
    summary="GloVe, fastText or word2vec as text (.vec .txt .vec.gz): a word and d numbers per line",
    suffixes=(".vec", ".glove"),
    open=open_word_vectors,
)
