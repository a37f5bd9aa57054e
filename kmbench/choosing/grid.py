"""The numbers of clusters to try: ``2:64``, ``2:64:2``, ``2,4,8`` or several of these."""

from __future__ import annotations

import numpy as np

from kmbench.errors import CaseError
from kmbench.wording import count_text

__all__ = ["MOST_VALUES", "is_thinned", "parse_ks"]

MOST_VALUES = 64
"""Of a range without a step that holds more values, so many are tried, evenly spaced on a log scale."""


def parse_ks(text: str, n: int) -> list[int]:
    """Return the numbers of clusters that a text asks for, in rising order.

    Parameters
    ----------
    text : str
        Values and ranges with commas. Both ends of a range belong to it.
    n : int
        Rows of the data; two clusters at least and fewer clusters than rows can be compared.

    Raises
    ------
    CaseError
        If the text is no such list, or a value is out of bounds.
    """
    found: set[int] = set()
    for item in filter(None, (item.strip() for item in text.split(","))):
        parts = item.split(":")
        try:
            numbers = [int(part.strip()) for part in parts]
        except ValueError:
            numbers = []
        if not 1 <= len(numbers) <= 3 or (len(numbers) == 3 and numbers[2] < 1):
            raise CaseError(f"--k {text}: cannot read {item!r}", "write values and ranges such as 2:64 or 4,8")
        if len(numbers) > 1 and numbers[1] < numbers[0]:
            raise CaseError(f"--k {text}: the range {item} is empty", "write the smaller end first")
        found.update(_range(numbers))
    if not found:
        raise CaseError(f"--k {text}: the list is empty", "write a range such as 2:64")
    ks = sorted(found)
    if ks[0] < 2:
        raise CaseError(f"--k {text}: k={ks[0]} is too small", "use k >= 2")
    if n < 3:
        raise CaseError(f"{count_text(n, 'row')}: too few to compare numbers of clusters", "give at least 3")
    if ks[-1] >= n:
        raise CaseError(f"--k {text}: k={ks[-1]} is too large for {n} rows", f"use k <= {n - 1}")
    return ks


def is_thinned(text: str) -> bool:
    """Return whether a range of a list that `parse_ks` has read holds more values than are tried."""
    ranges = [item.split(":") for item in text.split(",") if item.count(":") == 1]
    return any(int(high) - int(low) >= MOST_VALUES for low, high in ranges)


def _range(numbers: list[int]) -> list[int]:
    if len(numbers) == 1:
        return numbers
    low, high = numbers[:2]
    if len(numbers) == 3 or high - low < MOST_VALUES:
        return [*range(low, high + 1, numbers[2] if len(numbers) == 3 else 1)]
    return [int(k) for k in np.unique(np.geomspace(max(1, low), high, MOST_VALUES).round().astype(int))]
