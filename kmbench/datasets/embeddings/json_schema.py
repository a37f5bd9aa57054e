"""The Arrow schema of JSON objects: of what can be clustered, and where a value does not fit it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

__all__ = ["schema_of", "with_path_alone", "wrong_value"]

_NOTHING = False
"""Stands for a type of values that are not clustered, or that differ from object to object."""


def schema_of(items: Sequence[dict[str, Any]]) -> Any:
    """Return the schema of what may be clustered in some objects: numbers, texts, and lists of numbers."""
    import pyarrow as pa

    kinds: dict[str, Any] = {}
    for item in items:
        for name, value in item.items():
            kind = _kind(value)
            if kind is not None:
                kinds[name] = _joined(kinds.get(name, kind), kind)
    return pa.schema([(name, kind) for name, kind in kinds.items() if kind is not _NOTHING])


def with_path_alone(schema: Any, path: tuple[str, ...]) -> Any:
    """Return the schema with one column, and of its fields the one that a path names."""
    import pyarrow as pa

    kind = schema.field(path[0]).type
    for name in path[1:]:
        kind = kind.field(name).type
    for name in reversed(path[1:]):
        kind = pa.struct([(name, kind)])
    return pa.schema([(path[0], kind)])


def wrong_value(item: Any, name: str, kind: Any) -> tuple[str, str] | None:
    """Return place and value of what is not of its type in an object; None where all is, or is missing."""
    import pyarrow.types as types

    value = item.get(name)
    if value is None:
        return None
    if types.is_struct(kind):
        if not isinstance(value, dict):
            return name, _shown(value)
        inner = (wrong_value(value, field.name, field.type) for field in kind)
        found = next((place for place in inner if place is not None), None)
        return None if found is None else (f"{name}.{found[0]}", found[1])
    if types.is_list(kind):
        if not isinstance(value, list):
            return name, _shown(value)
        for place, part in enumerate(value):
            found = wrong_value({"": part}, "", kind.value_type)
            if found is not None:
                return f"{name}[{place}]{found[0]}", found[1]
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = isinstance(value, str) if types.is_string(kind) else number
    return None if fits else (name, _shown(value))


def _kind(value: Any) -> Any:
    """Return the Arrow type of a value, None where it says nothing."""
    import pyarrow as pa

    if value is None or value == []:
        return None
    if isinstance(value, bool):
        return pa.bool_()
    if isinstance(value, int | float):
        return pa.float64()
    if isinstance(value, str):
        return pa.string()
    if isinstance(value, list):
        inner = _kind(next((item for item in value if item is not None), None))
        numbers = inner and (pa.types.is_float64(inner) or pa.types.is_list(inner))
        return pa.list_(inner) if numbers else _NOTHING
    fields = [(name, kind) for name, inner in value.items() if (kind := _kind(inner))]
    return pa.struct(fields) if fields else _NOTHING


def _joined(one: Any, other: Any) -> Any:
    """Return the type that holds values of both."""
    import pyarrow as pa

    if one is _NOTHING or other is _NOTHING:
        return _NOTHING
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        both = {field.name: field.type for field in one}
        for field in other:
            both[field.name] = _joined(both.get(field.name, field.type), field.type)
        fields = [(name, kind) for name, kind in both.items() if kind is not _NOTHING]
        return pa.struct(fields) if fields else _NOTHING
    return one if one == other else _NOTHING


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
