"""Images as data: each pixel is a row of red, green and blue, from 0 to 255 in sRGB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.base import Arguments, ArrayRows, FileFormat, Rows
from kmbench.datasets.pictures.load import load_picture
from kmbench.notes import Note, note

__all__ = ["IMAGE", "read_pixels"]


def read_pixels(path: Path) -> tuple[NDArray[Any], tuple[Note, ...]]:
    """Read an image as its pixels, row by row from the top.

    Parameters
    ----------
    path : Path
        Any image that Pillow reads; of several frames, the first. Transparency is left out.

    Returns
    -------
    ndarray, shape (height * width, 3)
        Red, green and blue from 0 to 255: uint8, or float32 where the file has more than 8 bits per channel.
    tuple of Note
        What was done to have them so.

    Raises
    ------
    DataError
        If it is no such image, or is cut short.
    """
    loaded = load_picture(path)
    notes = loaded.notes
    if loaded.alpha is not None and bool((loaded.alpha < 255).any()):
        notes = (*notes, note("KM168"))
    pixels = loaded.pixels if loaded.fine is None else loaded.fine
    return np.ascontiguousarray(pixels).reshape(-1, 3), notes


def _open_image(path: Path, arguments: Arguments) -> Rows:
    pixels, notes = read_pixels(path)
    rows = ArrayRows(pixels)
    rows.notes = notes
    return rows


IMAGE = FileFormat(
    name="image",
    syntax="FILE.png",
    summary="a picture (.png .jpg .tif .webp .avif .heic .jp2 .gif .bmp …): red, green, blue of each pixel, in sRGB",
    suffixes=(
        ".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif", ".hif",
        ".jp2", ".j2k", ".ppm", ".pgm", ".tga", ".dng", ".nef", ".cr2", ".arw",
    ),
    open=_open_image,
)  # fmt: skip
