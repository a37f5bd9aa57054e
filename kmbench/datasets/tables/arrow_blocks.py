"""Tables whose columns have types: Parquet, Arrow, frames. Their texts are read by the same rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.tables.gather import Typed
from kmbench.datasets.tables.missing import known_texts
from kmbench.datasets.tables.state import Kind

__all__ = ["ArrowBlocks", "typed"]

SAMPLE_ROWS = 2000
_DAYS_PER = {"s": 86_400, "ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}


@dataclass(frozen=True, slots=True)
class ArrowBlocks:
    """A table in batches of Arrow columns.

    Attributes
    ----------
    schema : pyarrow.Schema
    batches : callable
        Returns its record batches from the first on.
    """

    schema: Any
    batches: Callable[[], Iterable[Any]]

    @property
    def delimiter(self) -> str | None:
        """None: nothing stands between the fields."""
        return None

    @property
    def types(self) -> Sequence[Typed]:
        """What each column holds, by its type."""
        return [typed(field.type) for field in self.schema]

    def sample(self, place: int) -> Any:
        """Return the first texts of a column, null where missing."""
        import pyarrow as pa

        for batch in self.batches():
            if len(batch):
                return _texts(batch.column(place)[:SAMPLE_ROWS])
        return pa.array([], pa.string())

    def blocks(self, kinds: Sequence[Kind], decimal: str) -> Iterator[list[Any]]:
        """Yield the values of all rows; see `kmbench.datasets.tables.gather.Blocks`."""
        types = self.types
        for batch in self.batches():
            if len(batch):
                yield [_block(batch.column(place), kind, types[place]) for place, kind in enumerate(kinds)]


def typed(kind: Any) -> Typed:
    """Return what a column of an Arrow type holds."""
    import pyarrow.types as types

    if types.is_dictionary(kind):
        return typed(kind.value_type)
    if types.is_boolean(kind):
        return "flag"
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_null(kind):
        return "float"
    if types.is_date(kind) or types.is_timestamp(kind):
        return "date"
    if types.is_string(kind) or types.is_large_string(kind) or types.is_time(kind) or types.is_duration(kind):
        return "text"
    return "nested"


def _block(column: Any, kind: Kind, what: Typed) -> Any:
    import pyarrow.types as types

    if what == "nested":
        return _known_alone(np.asarray(column.is_valid()))
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if what == "text":
        texts = _texts(column)
        return np.full(len(texts), np.nan) if kind == "plain" and texts.null_count == len(texts) else texts
    values = _days(column) if what == "date" else _floats(column)
    return values if kind == "plain" else _known_alone(~np.isnan(values))


def _known_alone(known: NDArray[np.bool_]) -> Any:
    """Return texts that only tell which values are missing, of columns that are not looked at."""
    import pyarrow as pa

    return pa.array(["x" if one else None for one in known.tolist()], pa.string())


def _texts(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.types as types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return known_texts(column.cast(pa.string()))


def _floats(column: Any) -> NDArray[np.float64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    values: NDArray[np.float64] = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float64)


def _days(column: Any) -> NDArray[np.float64]:
    """Return dates and timestamps as days since 1970-01-01, in UTC where they have a zone."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as types

    stamps = pc.cast(column, pa.timestamp("s")) if types.is_date(column.type) else column
    ticks: NDArray[np.float64] = _floats(pc.cast(stamps, pa.int64()))
    return ticks / _DAYS_PER[stamps.type.unit]
