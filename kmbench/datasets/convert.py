"""From whatever a source holds to what every engine gets: checked, C-contiguous float32 rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.base import FloatMatrix, Matrix, Rows, block_rows
from kmbench.datasets.moments import ColumnMoments
from kmbench.errors import DataError
from kmbench.notes import Note, note

__all__ = ["LARGEST_VALUE", "ConvertedRows", "Options", "Step"]

LARGEST_VALUE = 1e18
"""Largest magnitude that is let through: the squares of larger values overflow float32 in every engine."""

FAR = 2.0**8
"""Distance of a column from 0, in its standard deviations, above which a constant is subtracted."""

COARSE = 0.01
"""Steps of float32, in standard deviations, above which a note says so where nothing is subtracted."""

Step = Literal["normalize", "center", "standardize"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is done to the rows of any source, in this order: `limit`, `dtype`, then `steps`.

    Attributes
    ----------
    limit : int or None
        Only the first so many rows; all where the source has fewer.
    dtype : {"float16", "float32", "float64"} or None
        Precision that the source's values are rounded to first, as if the file had been stored in it.
        Integer types are not offered: quantising takes a scale.
    steps : tuple of {"normalize", "center", "standardize"}
        In the order written. ``normalize`` divides each row by its Euclidean norm; a row of zeros stays
        zero, as in scikit-learn and FAISS. ``center`` subtracts the column mean; ``standardize`` divides by the
        standard deviation as well, where it is not 0. All work in float64.
    raw : bool
        Whether numbers far from the origin are left as they are: see `ConvertedRows`.
    """

    limit: int | None = None
    dtype: str | None = None
    steps: tuple[Step, ...] = ()
    raw: bool = False


class ConvertedRows(Rows):
    """A source with its options applied: blocks are C-contiguous float32, finite, and of sane size.

    Negative zeros become zeros, so that rows that are equal have equal bytes. Values do not depend on the
    block size, the file format, or the memory order of the source.

    Parameters
    ----------
    source : Rows
        What to convert.
    options : Options
        What to do on the way.
    where : str
        The source's name in messages.
    shift : bool
        Whether a constant may be subtracted in float64 before the rounding to float32, where that keeps digits: for
        squared distances, which it does not change. `Options.raw` and steps rule it out.

    Attributes
    ----------
    offset : ndarray of float64, shape (d,), or None
        What is subtracted, once it is known.
    all_equal : bool
        Whether all rows read so far are equal in the source, before any rounding.

    Raises
    ------
    DataError
        If the source is empty or its data type holds no real numbers.
    """

    def __init__(self, source: Rows, options: Options, where: str, *, shift: bool = False) -> None:
        if source.dtype.kind not in "biuf":
            raise DataError(
                f"{where} holds values of type {source.dtype}, not real numbers",
                "store them as float32, another real float or integer type, or bool",
            )
        if source.n < 1 or source.d < 1:
            raise DataError(
                f"{where} holds no values: {source.n} rows x {source.d} columns",
                "give at least one row and one column",
            )
        n = source.n if options.limit is None else min(source.n, options.limit)
        super().__init__(n, source.d, source.dtype, source.columns)
        self._source = source
        self._options = options
        self._where = where
        self._means: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        self._may_shift = shift and not options.raw and not options.steps
        self._glanced = False
        self.offset: NDArray[np.float64] | None = None
        self.all_equal = True
        self._first_row: Matrix | None = None
        self._own_notes: list[Note] = []
        self.notes = self._source_notes()

    @property
    def source_dtype(self) -> str:
        """Name of the data type in the source, without byte order."""
        return self._source.source_dtype

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is done to the rows."""
        return self._options.steps

    @property
    def source(self) -> Rows:
        """What is converted."""
        return self._source

    def blocks(self, rows: int) -> Iterator[FloatMatrix]:
        """Yield all rows in order as float32, `rows` at a time.

        Yields
        ------
        ndarray of float32, shape (rows, d), C order
            A fresh array that the caller may change.

        Raises
        ------
        DataError
            At the first value that is NaN, infinite, or larger than `LARGEST_VALUE`; names row and column.
        """
        steps, zero_rows = self._options.steps, 0
        for place, step in enumerate(steps):
            if step in ("center", "standardize") and place not in self._means:
                self._means[place] = self._column_moments(steps[:place])
        if not steps and not self._glanced:
            self._glance()
        for first, block in self._read(rows):
            self._compare(block)
            converted = self._convert(block, first, steps, np.dtype(np.float32))
            if steps[-1:] == ("normalize",):
                zero_rows += len(converted) - int(np.count_nonzero(converted.any(axis=1)))
            yield converted
        zeros = (note("KM158", rows=zero_rows),) if zero_rows else ()
        self.notes = (*self._source_notes(), *self._own_notes, *zeros)

    def _source_notes(self) -> tuple[Note, ...]:
        """Return the notes of the source; between normalized rows L2 is what an angular file is made for."""
        normalized = "normalize" in self._options.steps
        return tuple(one for one in self._source.notes if one.code != "KM159" or not normalized)

    def _column_moments(self, steps: Sequence[Step]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return means and standard deviations, 1 in place of 0, after some steps."""
        moments = ColumnMoments(self.d)
        for first, block in self._read(block_rows(self.d)):
            moments.update(self._convert(block, first, steps, np.dtype(np.float64)))
        spread = np.sqrt(moments.variance)
        spread[spread == 0.0] = 1.0
        return moments.mean, spread

    def _glance(self) -> None:
        """Decide by the first rows whether a constant is to be subtracted.

        The same rows whatever the blocks that are asked for, so that values do not depend on them.
        """
        self._glanced = True
        first = next(self._read(block_rows(self.d)), None)
        if first is None:
            return
        moments = ColumnMoments(self.d)
        with np.errstate(over="ignore", invalid="ignore"):
            moments.update(np.asarray(first[1], dtype=np.float64))
        self.judge_offset(moments)

    def judge_offset(self, moments: ColumnMoments) -> bool:
        """Decide by the moments of rows whether a constant is subtracted; return whether one now is and was not.

        The distance of a column from 0 over its standard deviation tells: above 2^8 float32 has fewer than 16 bits
        for the deviations. Clusters may be a hundred times finer than the standard deviation, hence not later. The
        number of different values tells nothing: it falls where no cluster is lost. Columns that do not vary have
        nothing to lose.
        """
        if self._options.steps:
            return False
        with np.errstate(all="ignore"):
            mean, spread = moments.mean, np.sqrt(moments.variance)
            ratio = np.where((spread > 0) & np.isfinite(mean), np.abs(mean) / spread, 0.0)
        worst = int(np.argmax(ratio))
        step = float(ratio[worst]) * 2.0**-23
        name = self.columns[worst] if self.columns else f"column {worst}"
        if self._may_shift and self.offset is None and ratio[worst] > FAR:
            self.offset = mean
            self._own_notes = [note("KM140", column=name, ratio=float(ratio[worst]), step=step, concerns=[name])]
            return True
        if self.offset is None and step > COARSE and not self._own_notes:
            hint = "leave raw out, or use center" if self._options.raw else "subtract a constant from it"
            self._own_notes = [note("KM141", column=name, step=step, hint=hint, concerns=[name])]
        return False

    def _compare(self, block: Matrix) -> None:
        """See whether rows differ, in the type in which they are stored."""
        if self.all_equal and len(block):
            if self._first_row is None:
                self._first_row = np.array(block[0])
            self.all_equal = bool((block == self._first_row).all())

    def _read(self, rows: int) -> Iterator[tuple[int, Matrix]]:
        first = 0
        try:
            for block in self._source.blocks(min(rows, self.n)):
                kept = block[: self.n - first]
                yield first, kept
                first += len(kept)
                if first == self.n:
                    return
        except OSError as error:
            raise DataError(f"{self._where} cannot be read: {error}", "copy or download it again") from None
        raise DataError(
            f"{self._where} ends after {first} of {self.n} rows", "it changed while it was read: try again"
        )

    def _convert(self, block: Matrix, first: int, steps: Sequence[Step], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Apply the options to a block; `first` is the number of its first row, for messages."""
        with np.errstate(over="ignore", invalid="ignore"):
            values = block if self._options.dtype is None else block.astype(self._options.dtype)
            if steps or self.offset is not None:
                values = values.astype(np.float64, order="C")
            if self.offset is not None:
                values -= self.offset
            for place, step in enumerate(steps):
                if step == "normalize":
                    _normalize(values)
                else:
                    mean, spread = self._means[place]
                    values -= mean
                    if step == "standardize":
                        values /= spread
            converted = values.astype(dtype, order="C", copy=values is block)
        converted += 0.0
        if not (converted.min() >= -LARGEST_VALUE and converted.max() <= LARGEST_VALUE):
            raise self._bad_value(block, first, converted)
        return converted

    def _bad_value(self, block: Matrix, first: int, converted: NDArray[Any]) -> DataError:
        row, column = _first_place(~np.isfinite(block))
        if row >= 0:
            kind = "NaN" if np.isnan(block[row, column]) else "infinity"
            return DataError(
                f"{self._where} holds {kind} at {self._place(first + row, column)}", "remove or replace such rows"
            )
        row, column = _first_place(~(np.abs(converted) <= LARGEST_VALUE))
        place = f"{self._where} holds {block[row, column]:g} at {self._place(first + row, column)}"
        if self._options.dtype == "float16":
            return DataError(f"{place}, which overflows float16", "scale the data, or leave dtype=float16 out")
        return DataError(f"{place}, and squares of values above {LARGEST_VALUE:g} overflow float32", "scale the data")

    def _place(self, row: int, column: int) -> str:
        name = f" ('{self.columns[column]}')" if self.columns else ""
        return f"row {row}, column {column}{name}, counting from 0"


def _normalize(values: NDArray[np.float64]) -> None:
    """Give each row unit length, in place; rows of zeros stay.

    The largest value is divided out before the norm, so that squares neither overflow nor vanish.
    """
    for size in (_largest, _norms):
        divisors = size(values)
        divisors[divisors == 0.0] = 1.0
        values /= divisors[:, np.newaxis]


def _largest(values: NDArray[np.float64]) -> NDArray[np.float64]:
    largest: NDArray[np.float64] = np.maximum(values.max(axis=1), -values.min(axis=1))
    return largest


def _norms(values: NDArray[np.float64]) -> NDArray[np.float64]:
    norms: NDArray[np.float64] = np.sqrt((values * values).sum(axis=1))
    return norms


def _first_place(bad: NDArray[np.bool_]) -> tuple[int, int]:
    """Return row and column of the first True, or (-1, -1)."""
    rows = np.flatnonzero(bad.any(axis=1))
    if len(rows) == 0:
        return -1, -1
    return int(rows[0]), int(np.argmax(bad[rows[0]]))
