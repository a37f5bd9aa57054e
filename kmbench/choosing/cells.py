"""A row of the table as text, the same in the terminal and on the page."""

from __future__ import annotations

import math

from kmbench.choosing.result import ChooseResult, KRow

__all__ = ["HEADINGS", "cells"]

HEADINGS = ("inertia", "simplified", "silhouette", "CH", "DB", "BIC", "stability", "gap")


def cells(row: KRow, result: ChooseResult) -> list[str]:
    """Return the figures under `HEADINGS`; a star marks what a criterion picks, ``^`` the elbow."""
    picked = {name for name, pick in result.criteria.items() if pick.k == row.k}

    def mark(text: str, name: str) -> str:
        return f"{text}*" if name in picked else f"{text} "

    return [
        f"{_short(row.inertia)}{'^' if row.k == result.elbow else ' '}",
        mark(_fixed(row.silhouette_simplified, 3), "silhouette_simplified"),
        mark(f"{_fixed(row.silhouette, 3)} ±{row.silhouette_spread:.3f}".replace("0.", "."), "silhouette"),
        mark(_short(row.calinski_harabasz), "calinski_harabasz"),
        mark(_fixed(row.davies_bouldin, 2), "davies_bouldin"),
        mark(_short(row.bic), "bic"),
        mark(_spread(row.stability, row.stability_spread), "stability"),
        "" if row.gap is None else f"{row.gap:.2f}",
    ]


def _fixed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "-"


def _spread(value: float | None, spread: float | None) -> str:
    return "" if value is None else f"{value:.2f} ±{spread or 0.0:.2f}".replace("0.", ".")


def _short(value: float) -> str:
    """Write four digits with an exponent only where it is shorter."""
    if not math.isfinite(value):
        return "-"
    if abs(value) >= 1e5:
        return f"{value:.3e}".replace("e+0", "e").replace("e+", "e")
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:#.4g}"
