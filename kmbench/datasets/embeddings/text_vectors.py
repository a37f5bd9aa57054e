"""Vectors that were written as text: ``[0.1, 0.2]``, as NumPy prints an array, or as a database exports it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import DataError

__all__ = ["looks_like_vector", "vector_column"]

_NUMBER = r"(?:np\.\w+\()?[-+]?(?:\d+\.?\d*|\.\d+|nan|inf)(?:e[-+]?\d+)?\)?"
_BEGINNING = re.compile(
    rf"\s*([\w.]*(?:array|tensor)\(\s*)?([\[{{])[\s\[{{]*{_NUMBER}(?:\s*,\s*|\s+)(?:{_NUMBER}|\.\.\.|…)",
    re.IGNORECASE,
)
_CALL = re.compile(r"^[\w.]*(?:array|tensor)\((.*?)(?:,\s*[a-z_]+=.*)?\)$", re.DOTALL)
_SCALAR = re.compile(r"np\.\w+\(([^()]*)\)")
_SPACED = str.maketrans("[](){},\n\r\t", " " * 10)


def looks_like_vector(text: object) -> bool:
    """Tell whether a text is a list of two numbers or more in brackets, complete or shortened.

    These are lists of Python and JSON, arrays as NumPy prints them (with blanks and line breaks), ``array(...)`` and
    ``tensor(...)``, ``[np.float32(0.1), ...]`` of NumPy 2, pgvector's ``[0.1,0.2]`` and PostgreSQL's ``{0.1,0.2}``.
    Not so ``(1,234)``, a negative amount, and ``[1, 5)``, an interval.
    """
    found = _BEGINNING.match(text) if isinstance(text, str) else None
    if found is None:
        return False
    end = ")" if found[1] else "]" if found[2] == "[" else "}"
    return str(text).rstrip().endswith(end)


def vector_column(
    values: Sequence[str | None], where: str, first_row: int = 0, d: int | None = None
) -> NDArray[np.float64]:
    """Read a column of vectors that were written as text.

    Parameters
    ----------
    values : sequence of str or None
        A text for each row; None where it is missing.
    where : str
        File and column, for messages.
    first_row : int
        Number of the first row, for messages.
    d : int, optional
        Length that every vector must have; default: that of the first.

    Returns
    -------
    ndarray of float64, shape (len(values), d)
        Each number is the double nearest to its decimals.

    Raises
    ------
    DataError
        At the first text that is missing, shortened with ``...``, no vector, or of another length; names its row.
    """
    bodies = [_body(value, where, first_row + row) for row, value in enumerate(values)]
    if not bodies:
        return np.empty((0, d or 0))
    counts = [len(body.split()) for body in bodies]
    width = counts[0] if d is None else d
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy 1 only warns where a text is no number
            flat = np.fromstring("\n".join(bodies), sep=" ")
    except (ValueError, DeprecationWarning):
        raise _misfit(bodies, where, first_row) from None
    for row, count in enumerate(counts):
        if count != width:
            raise DataError(
                f"{where} has {count} values at row {first_row + row}, but {width} at row 0",
                "give all vectors the same length",
            )
    if flat.size != len(bodies) * width:
        raise _misfit(bodies, where, first_row)
    return flat.reshape(len(bodies), width)


def _body(value: str | None, where: str, row: int) -> str:
    """Return the numbers of one text, with blanks between them."""
    if value is None or not value.strip():
        raise DataError(f"{where} has no value at row {row}", "remove or replace such rows")
    if "..." in value or "…" in value:
        raise DataError(
            f"{where} holds a vector at row {row} that was shortened with '...' when it was printed: "
            "its other values are lost",
            "write the file again with json.dumps(x.tolist()) for each vector",
        )
    text = value.strip()
    if "(" in text:
        found = _CALL.match(text)
        text = _SCALAR.sub(r"\1", found[1] if found else text)
    return text.translate(_SPACED)


def _misfit(bodies: Sequence[str], where: str, first_row: int) -> DataError:
    """Return the error that names the first value that is no number."""
    for row, body in enumerate(bodies):
        for column, word in enumerate(body.split()):
            try:
                float(word)
            except ValueError:
                return DataError(
                    f"{where} holds '{word[:40]}' at row {first_row + row}, value {column} of its vector, which is "
                    "not a number",
                    "write each vector as [0.1, 0.2, ...] with decimal points",
                )
    return DataError(f"{where} holds texts that are not vectors", "write each vector as [0.1, 0.2, ...]")
