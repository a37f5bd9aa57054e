"""What a user may say about a table: how numbers are written, and which columns count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from kmbench.datasets.parameters import Parameter, Value, nearest
from kmbench.errors import DataError

__all__ = ["TABLE_PARAMETERS", "Asked"]

TABLE_PARAMETERS = (
    Parameter(name="decimal", kind="text", choices=("point", "comma")),
    Parameter(name="columns", kind="text"),
    Parameter(name="leave_out", kind="text"),
    Parameter(name="id", kind="text"),
)
"""What a SPEC may say about a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user says about a table.

    Attributes
    ----------
    decimal : {"point", "comma"} or None
        How its numbers are written; None: what the file proves.
    columns : sequence of str
        The only columns to cluster by, whatever the rules say of them; empty for all that the rules keep.
    leave_out, ids : sequence of str
        Columns that are not clustered by.
    """

    decimal: Literal["point", "comma"] | None = None
    columns: Sequence[str] = ()
    leave_out: Sequence[str] = ()
    ids: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.decimal not in (None, "point", "comma"):
            raise DataError(f"decimal={self.decimal}: unknown decimal mark", "use point or comma")

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Value]) -> Asked:
        """Take what a SPEC says; names are joined by ``+``."""
        return cls(
            decimal=cast('Literal["point", "comma"] | None', arguments.get("decimal")),
            columns=_names(arguments.get("columns")),
            leave_out=_names(arguments.get("leave_out")),
            ids=_names(arguments.get("id")),
        )

    def of(self, names: Sequence[str], where: str) -> Asked:
        """Return the same with every name looked up; one that holds a ``+`` may be a column or several.

        Raises
        ------
        DataError
            If the table has no such column, or one is both asked for and left out.
        """
        found = replace(
            self,
            columns=_looked_up(self.columns, names, where),
            leave_out=_looked_up(self.leave_out, names, where),
            ids=_looked_up(self.ids, names, where),
        )
        both = [name for name in found.columns if name in (*found.leave_out, *found.ids)]
        if both:
            raise DataError(
                f"{where}: {both[0]!r} is both included and left out", "name it in only one of the two options"
            )
        return found


def _names(value: Value) -> tuple[str, ...]:
    return () if value is None else (str(value),)


def _looked_up(asked: Iterable[str], names: Sequence[str], where: str) -> tuple[str, ...]:
    found: list[str] = []
    for text in asked:
        for name in [text] if text in names else [part.strip() for part in text.split("+")]:
            if name not in names:
                shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
                raise DataError(f"{where} has no column {name!r}{nearest(name, names)}", f"known: {shown}")
            found.append(name)
    return tuple(dict.fromkeys(found))
