"""What a workload can put beside its figures so that a page shows it: tables and rows of colours, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

__all__ = ["Value", "swatch", "table"]

Value = str | float | int | None


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Value]], note: str = "") -> bytes:
    """Return a table as a ``.json`` artefact.

    Parameters
    ----------
    title : str
    columns : sequence of str
        Headings; the first column names the rows.
    rows : sequence of sequences
        One value for each column: texts as they are, numbers to be shown to a few digits, None for nothing.
    note : str
        A sentence below it.
    """
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"a row of {len(row)} values in a table of {len(columns)} columns")
    content = {"kind": "table", "title": title, "columns": list(columns), "rows": [list(r) for r in rows]}
    content |= {"note": note}
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode()


def swatch(title: str, colours: Sequence[str], shares: Sequence[float]) -> bytes:
    """Return a row of colours as a ``.json`` artefact.

    Parameters
    ----------
    title : str
    colours : sequence of str
        Such as ``#7f3f00``.
    shares : sequence of float
        How much of the picture has each of them; they give the widths.
    """
    content = {"kind": "swatch", "title": title, "colours": list(colours), "shares": [float(s) for s in shares]}
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
