"""A picture in k colours in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kmbench.colour.quantize import QuantizeResult
from kmbench.colour.spaces import hexadecimal
from kmbench.errors import OutputError
from kmbench.whole_file import whole_file

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["frame", "plot", "save", "sentence"]


def sentence(result: QuantizeResult) -> str:
    """Return how many colours are left, and how close the picture comes."""
    near = "the same picture" if result.psnr_db == float("inf") else f"PSNR {result.psnr_db:.2f} dB"
    return f"{result.colours_before:,} colours as {len(result.palette)}: {near}."


def frame(result: QuantizeResult) -> pd.DataFrame:
    """Return a row for each colour, the most frequent first."""
    import pandas as pd

    return pd.DataFrame({"colour": hexadecimal(result.palette), "share": result.shares})


def plot(result: QuantizeResult, ax: Axes) -> None:
    """Show the picture."""
    ax.imshow(result.pixels)
    ax.set_axis_off()


def save(result: QuantizeResult, path: Path) -> None:
    """Write the picture, as ``.png``."""
    if path.suffix.lower() != ".png":
        raise OutputError(f"{path}: unknown suffix", "use .png (the picture) or .csv (its colours)")
    with whole_file(path, "choose another path") as temporary:
        temporary.write_bytes(result.png)
