"""A choice of k in a notebook."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from kmbench.choosing.result import ChooseResult
from kmbench.choosing.words import answer
from kmbench.errors import OutputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["frame", "plot", "save", "sentence"]


def sentence(result: ChooseResult) -> str:
    """Return the recommendation."""
    return answer(result)


def frame(result: ChooseResult) -> pd.DataFrame:
    """Return a row for each k with every criterion."""
    import pandas as pd

    return pd.DataFrame([asdict(row) for row in result.rows])


def plot(result: ChooseResult, ax: Axes) -> None:
    """Draw the silhouette and the stability against k; the page has all criteria."""
    ks = [row.k for row in result.rows]
    ax.plot(ks, [row.silhouette for row in result.rows], marker="o", label="silhouette")
    stable = [(row.k, row.stability) for row in result.rows if row.stability is not None]
    if stable:
        ax.plot([k for k, _ in stable], [value for _, value in stable], marker="s", label="stability")
    if result.recommended is not None:
        ax.axvline(result.recommended, color="0.4", linestyle="--", label=f"k = {result.recommended}")
    ax.set_xlabel("k")
    ax.legend(frameon=False)


def save(result: ChooseResult, path: Path) -> None:
    """Write the page as ``.html``, or the labels as ``.npy``."""
    if path.suffix.lower() == ".html":
        from kmbench.choosing.page import write_choose_page

        write_choose_page(result, path)
    elif path.suffix.lower() == ".npy" and result.labels is not None:
        import numpy as np

        np.save(path, result.labels)
    else:
        raise OutputError(f"{path}: unknown suffix", "use .html, .csv, .npy (where there is a k), .png, .svg or .pdf")
