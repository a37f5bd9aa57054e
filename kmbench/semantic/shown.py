"""Semantic IDs in a notebook."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from kmbench.errors import OutputError
from kmbench.semantic.pipeline import SemanticIds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["frame", "plot", "save", "sentence"]


def sentence(result: SemanticIds) -> str:
    """Return how many IDs differ."""
    books, shared = result.codebooks, result.collisions
    return (
        f"{shared.distinct:,} different IDs of {books.levels} digits for {result.n:,} items, "
        f"collision rate {shared.rate:.2%}."
    )


def frame(result: SemanticIds) -> pd.DataFrame:
    """Return a row for each level."""
    import pandas as pd

    return pd.DataFrame([{"level": place, **asdict(level)} for place, level in enumerate(result.levels, start=1)])


def plot(result: SemanticIds, ax: Axes) -> None:
    """Draw what each level leaves of the variance."""
    levels = range(1, len(result.levels) + 1)
    ax.plot(levels, [level.relative_error or 0.0 for level in result.levels], marker="o")
    ax.set_xticks(list(levels))
    ax.set_ylim(bottom=0)
    ax.set_xlabel("digits of the ID")
    ax.set_ylabel("error, as a share of the variance")


def save(result: SemanticIds, path: Path) -> None:
    """Write the codebooks as ``.npz``, or the IDs as ``.npy``."""
    if path.suffix.lower() == ".npz":
        result.codebooks.save(path)
    elif path.suffix.lower() == ".npy":
        import numpy as np

        np.save(path, result.ids)
    else:
        raise OutputError(f"{path}: unknown suffix", "use .npz (codebooks), .npy (IDs), .csv, .png, .svg or .pdf")
