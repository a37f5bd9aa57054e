"""A tuned index in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kmbench.errors import OutputError
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.report.figure import drawn_curves
from kmbench.tuning.report.rows import frontier_rows
from kmbench.tuning.report.words import answer

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["frame", "plot", "save", "sentence"]


def sentence(result: TuneResult) -> str:
    """Return the recommendation."""
    return answer(result)


def frame(result: TuneResult) -> pd.DataFrame:
    """Return the fastest setting for each round recall, with the recommended one."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "for_recall": row.target, "index": row.option.index, "nlist": row.option.nlist,
                "nprobe": row.option.nprobe, "recall": row.option.recall, "scanned": row.option.scanned,
                "mean_seconds": row.option.mean_seconds, "memory_bytes": row.option.memory_bytes,
                "recommended": row.recommended,
            }
            for row in frontier_rows(result)
        ]
    )  # fmt: skip


def plot(result: TuneResult, ax: Axes) -> None:
    """Draw the recall of every setting against the time of one query, and the recommended one."""
    import numpy as np

    settings, chosen = result.settings, result.choice.option
    for number in drawn_curves(result):
        curve = settings.curves[number]
        own = np.flatnonzero(settings.curve == number)
        label = f"{'' if curve.index == 'flat' else f'{curve.index}, '}nlist {curve.nlist}"
        ax.plot(settings.mean[own] * 1e6, settings.recall[own], marker=".", label=label)
    ax.plot([chosen.mean_seconds * 1e6], [chosen.recall], "o", color="black", markersize=9, fillstyle="none")
    ax.axhline(result.asked.recall, color="0.5", linestyle="--")
    ax.set_xscale("log")
    ax.set_xlabel("one query, in microseconds by the cost model")
    ax.set_ylabel(f"recall@{result.asked.at}")
    ax.legend(frameon=False)


def save(result: TuneResult, path: Path) -> None:
    """Write the page as ``.html``."""
    if path.suffix.lower() != ".html":
        raise OutputError(
            f"{path}: unknown suffix", "use .html, .csv, .png, .svg or .pdf; tune(save=) keeps the index"
        )
    from kmbench.tuning.report.page import write_tune_page

    write_tune_page(result, path)
