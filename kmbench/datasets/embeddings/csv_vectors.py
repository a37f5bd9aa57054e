"""A column of ``[0.1, 0.2, …]`` in a table of text: the vectors, and not the one other column of numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kmbench.datasets.base import Matrix, Rows, rechunk
from kmbench.datasets.embeddings.columns import listed
from kmbench.datasets.embeddings.text_vectors import looks_like_vector, vector_column
from kmbench.datasets.tables.parameters import Asked
from kmbench.datasets.tables.source import TextSource
from kmbench.errors import DataError
from kmbench.notes import note

__all__ = ["csv_vectors"]

_CHUNK_ROWS = 2000


class CsvVectorRows(Rows):
    """The vectors in one column of a text table; lines of blanks are no rows."""

    def __init__(self, source: TextSource, place: int, name: str, n: int, d: int) -> None:
        super().__init__(n, d, np.dtype(np.float64))
        self._source, self._place, self._name = source, place, name

    def blocks(self, rows: int) -> Iterator[Matrix]:
        """Yield blocks of `rows` rows each."""
        return rechunk(self._pieces(), rows)

    def _pieces(self) -> Iterator[Matrix]:
        where, row = f"{self._source.where}: {self._name}", 0
        texts: list[str | None] = []
        for fields in _filled(self._source):
            texts.append(fields[self._place] if self._place < len(fields) else None)
            if len(texts) == _CHUNK_ROWS:
                yield vector_column(texts, where, row, self.d)
                row += len(texts)
                texts = []
        if texts:
            yield vector_column(texts, where, row, self.d)


def csv_vectors(source: TextSource, asked: Asked) -> Rows | None:
    """Return the vectors of a table of text; None where no column holds any, or others are asked for.

    Raises
    ------
    DataError
        If there are several columns of vectors, or their texts were shortened.
    """
    width = source.dialect.width
    names = [name.strip() or f"column {place}" for place, name in enumerate(source.dialect.header, start=1)]
    names += [f"column {place + 1}" for place in range(len(names), width)]
    firsts = [next((row[place] for row in source.sample_rows if row[place].strip()), "") for place in range(width)]
    found = [place for place, text in enumerate(firsts) if looks_like_vector(text)]
    if asked.columns:
        found = [place for place in found if (names[place],) == tuple(asked.columns)]
    found = [place for place in found if names[place] not in (*asked.leave_out, *asked.ids)]
    if not found:
        return None
    if len(found) > 1:
        raise DataError(
            f"{source.where} holds several columns of vectors: {listed(names[place] for place in found)}",
            "choose one with :columns=NAME",
        )
    place = found[0]
    d = vector_column([firsts[place]], f"{source.where}: {names[place]}").shape[1]
    rows = CsvVectorRows(source, place, names[place], sum(1 for _ in _filled(source)), d)
    others = [names[other] for other in range(width) if other != place]
    if others:
        rows.notes = (note("KM151", column=names[place], others=listed(others), concerns=[names[place]]),)
    return rows


def _filled(source: TextSource) -> Iterator[list[str]]:
    """Yield the fields of the lines that are not blank."""
    return (fields for _, fields in source.records() if any(field.strip() for field in fields))
