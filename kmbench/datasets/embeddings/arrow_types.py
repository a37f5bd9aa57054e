"""What an Arrow type holds: numbers, lists of them, texts; and columns inside columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

__all__ = ["depth_of", "is_text", "leaves", "number_type", "one_array", "plain"]


def leaves(fields: Iterable[Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield path and type of every column of a schema, and of the fields inside structs."""
    import pyarrow.types as types

    for field in fields:
        path = (*above, field.name)
        if types.is_struct(field.type):
            yield from leaves([field.type.field(place) for place in range(field.type.num_fields)], path)
        else:
            yield path, field.type


def one_array(batch: Any, path: tuple[str, ...]) -> Any:
    """Return a column of a table or batch, or a field inside one, as one array."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = batch.column(path[0])
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column if len(path) == 1 else pc.struct_field(column, list(path[1:]))


def plain(column: Any) -> Any:
    """Return an array without its extension type, and a view of lists as lists."""
    import pyarrow as pa

    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    return column.cast(pa.list_(column.type.value_type)) if _is_view(column.type) else column


def depth_of(kind: Any) -> int:
    """Return how many lists lie around the numbers of a type; 0 where it is no list of numbers."""
    import pyarrow as pa

    depth = 0
    while True:
        kind = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
        if not _is_list(kind):
            return depth if number_type(kind) is not None else 0
        kind, depth = kind.value_type, depth + 1


def number_type(kind: Any) -> np.dtype[Any] | None:
    """Return the NumPy type of a numeric Arrow type, None for any other; decimals become float64."""
    import pyarrow.types as types

    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return np.dtype(str(np.dtype(kind.to_pandas_dtype()).name))
    return np.dtype(np.float64) if types.is_decimal(kind) else None


def is_text(kind: Any) -> bool:
    """Tell whether a type holds texts."""
    import pyarrow.types as types

    return bool(types.is_string(kind) or types.is_large_string(kind) or _is_one_of(kind, "is_string_view"))


def _is_list(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_fixed_size_list(kind) or types.is_list(kind) or types.is_large_list(kind) or _is_view(kind))


def _is_view(kind: Any) -> bool:
    return _is_one_of(kind, "is_list_view") or _is_one_of(kind, "is_large_list_view")


def _is_one_of(kind: Any, test: str) -> bool:
    """Apply a test that older versions of pyarrow do not have."""
    import pyarrow.types as types

    known = getattr(types, test, None)
    return known is not None and bool(known(kind))
