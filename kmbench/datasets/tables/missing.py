"""How tables write that a value is missing."""

from __future__ import annotations

from typing import Any

__all__ = ["MISSING", "known_texts"]

_WORDS = ("na", "n/a", "n.a.", "nan", "null", "none", "nat", "#n/a", "#na", "<na>", "#div/0!", "#value!", "#ref!",
          "#num!", "#name?", "#null!", "-nan")  # fmt: skip
_SIGNS = ("", "-", "--", "–", "—", "?", ".", "...", "\\N")

MISSING = tuple(dict.fromkeys([*_SIGNS, *_WORDS, *(w.upper() for w in _WORDS), *(w.capitalize() for w in _WORDS),
                               "NaN", "NaT"]))  # fmt: skip
"""Texts that stand for a missing value: blanks and dashes, and the words of R, pandas, SQL and Excel's errors."""


def known_texts(texts: Any) -> Any:
    """Return texts without the blanks around them, null where one stands for a missing value.

    Parameters
    ----------
    texts : pyarrow.Array of string

    Returns
    -------
    pyarrow.Array of string
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    bare = pc.utf8_trim_whitespace(texts)
    gone = pc.is_in(bare, value_set=pa.array(MISSING, bare.type))
    return pc.if_else(gone, pa.scalar(None, bare.type), bare)
