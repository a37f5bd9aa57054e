"""Segments in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kmbench.errors import OutputError
from kmbench.segments.profile import profile_rows
from kmbench.segments.segment import SegmentResult
from kmbench.whole_file import whole_file

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["frame", "plot", "save", "sentence"]


def sentence(result: SegmentResult) -> str:
    """Return how many segments there are, and how stable."""
    rows, count = result.profiles[0].size, len(result.profiles) - 1
    stable = "" if result.stability is None else f", adjusted Rand index {result.stability:.2f} between the starts"
    return f"{rows:,} rows in {count} segments by {len(result.features)} features{stable}."


def frame(result: SegmentResult) -> pd.DataFrame:
    """Return a row for each segment: means in the table's own units."""
    import pandas as pd

    columns, rows = profile_rows(result.profiles)
    return pd.DataFrame(rows, columns=columns)


def plot(result: SegmentResult, ax: Axes) -> None:
    """Draw how far the mean of each column lies from that of all rows, in its standard deviations."""
    import numpy as np

    whole, *segments = result.profiles
    names = [name for name in whole.means if whole.spreads[name] > 0]
    apart = np.array(
        [[(one.means[name] - whole.means[name]) / whole.spreads[name] for name in names] for one in segments]
    ).reshape(len(segments), len(names))
    limit = max(1.0, float(np.abs(apart).max(initial=0.0)))
    image = ax.imshow(apart.T, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    ax.set_yticks(range(len(names)), names)
    ax.set_xticks(range(len(segments)), [f"{one.number}\n{one.share:.0%}" for one in segments])
    ax.set_xlabel("segment, share of the rows")
    assert ax.figure is not None
    ax.figure.colorbar(image, ax=ax, label="standard deviations from the mean")


def save(result: SegmentResult, path: Path) -> None:
    """Write the table with its segments, as ``.csv``."""
    if path.suffix.lower() != ".csv":
        raise OutputError(f"{path}: unknown suffix", "use .csv (the table with its segments), .png, .svg or .pdf")
    with whole_file(path, "choose another path") as temporary:
        temporary.write_bytes(result.csv)
