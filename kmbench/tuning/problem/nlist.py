"""Which numbers of lists are tried."""

from __future__ import annotations

import math

from kmbench.errors import TuneError

__all__ = ["LEAST_ROWS_PER_LIST", "default_nlists", "read_nlists"]

LEAST_ROWS_PER_LIST = 39
"""Training rows per list below which FAISS warns: centroids of fewer rows follow their noise."""

_BELOW, _ABOVE = 1, 3


def default_nlists(n: int) -> list[int]:
    """Return powers of two around the square root of n: from half of it to eight times, where the rows suffice."""
    middle = round(math.log2(math.sqrt(n)))
    powers = [2**power for power in range(max(0, middle - _BELOW), middle + _ABOVE + 1)]
    enough = [nlist for nlist in powers if nlist * LEAST_ROWS_PER_LIST <= n]
    return enough or [max(1, n // LEAST_ROWS_PER_LIST)]


def read_nlists(text: str | None, n: int) -> list[int]:
    """Read ``--nlist 256,1024``, or return the default for n rows.

    Raises
    ------
    TuneError
        If a number is no whole number above 0, or exceeds the rows.
    """
    if text is None:
        return default_nlists(n)
    try:
        found = sorted({int(part.replace("_", "")) for part in text.split(",") if part.strip()})
    except ValueError:
        raise TuneError(f"--nlist {text}: not a list of whole numbers", "write --nlist 256,1024") from None
    if not found or found[0] < 1:
        raise TuneError(f"--nlist {text}: an index has at least one list", "write --nlist 256,1024")
    if found[-1] > n:
        raise TuneError(f"--nlist {found[-1]}: more lists than the {n:,} rows", f"use at most {n:,}")
    return found
